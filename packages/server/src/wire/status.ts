// Sensors and streams as their messages.
import type { SensorStatus, SensorStream } from "../endpoint/endpoint.ts";
import { fromQosProfile, nsOf } from "./stream-open.ts";
import { totalsOf } from "./telemetry-session.ts";

export function sensorStatusOf(status: SensorStatus, nowUs: number) {
	const { clock, lastSeenUs, observedPeriodUs } = status;
	return {
		deviceId: status.deviceId,
		periodNs: nsOf(status.periodUs),
		observedPeriodNs: Number.isNaN(observedPeriodUs)
			? 0n
			: nsOf(observedPeriodUs),
		alive: status.isAlive,
		lastSeenAgoNs: Number.isNaN(lastSeenUs) ? -1n : nsOf(nowUs - lastSeenUs),
		received: BigInt(status.received),
		missedPeriods: BigInt(status.missedPeriods),
		registered: status.isRegistered,
		...(clock !== null && {
			clock: {
				offsetNs: nsOf(clock.offsetUs),
				driftPpm: clock.driftPpm,
				uncertaintyNs: nsOf(clock.uncertaintyUs),
				steps: clock.stepCount,
			},
		}),
	};
}

export function streamStatusOf(stream: SensorStream) {
	const { request } = stream;
	return {
		streamId: stream.id,
		name: request.name,
		pipeline: stream.pipelineName,
		peer: request.peer,
		qos: fromQosProfile(stream.qos),
		totals: totalsOf(stream.totals(), 0),
		waiting: stream.waitingCount,
		running: stream.runningCount,
	};
}
