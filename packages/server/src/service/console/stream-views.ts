// Open streams and known sensors as a console shows them.
import type { SensorEntry, StreamEntry } from "@saccade/protocol/console";
import type { SensorStatus } from "../../streams/sensor.ts";
import type { SensorStream } from "../../streams/stream.ts";
import { round } from "./stream-pulse.ts";

/** The oldest ones; the metrics have all. */
const MAX_STREAMS = 500;
const MAX_SENSORS = 1000;

export function* streamEntries(
	streams: readonly SensorStream[],
): Iterable<readonly [string, StreamEntry]> {
	for (const stream of streams.slice(0, MAX_STREAMS)) {
		const { id, request, qos, pipelineName } = stream;
		const { received, inFlight, outcomes } = stream.totals();
		const credit = stream.credit();
		yield [
			id,
			{
				id,
				name: request.name,
				pipeline: pipelineName,
				peer: request.peer,
				clockDomain: request.clockDomain,
				dropPolicy: qos.dropPolicy,
				depth: qos.depth,
				reliability: qos.reliability,
				latencyBudgetMs: finite(qos.latencyBudgetUs / 1000),
				maxInFlight: qos.maxInFlightCount,
				waiting: stream.waitingCount,
				running: stream.runningCount,
				received,
				inFlight,
				outcomes,
				suggestedRateHz: round(credit.suggestedRateHz),
				credit: credit.count,
				safeAction: request.safeCommand?.action ?? null,
			},
		];
	}
}

export function* sensorEntries(
	sensors: readonly SensorStatus[],
): Iterable<readonly [string, SensorEntry]> {
	for (const sensor of sensors.slice(0, MAX_SENSORS)) {
		const { deviceId, clock } = sensor;
		yield [
			deviceId,
			{
				deviceId,
				periodMs: finite(sensor.periodUs / 1000),
				observedPeriodMs: finite(sensor.observedPeriodUs / 1000),
				isAlive: sensor.isAlive,
				lastSeenMs: finite(sensor.lastSeenUs / 1000),
				received: sensor.received,
				missedPeriods: sensor.missedPeriods,
				isRegistered: sensor.isRegistered,
				clock:
					clock === null
						? null
						: {
								offsetUs: round(clock.offsetUs),
								driftPpm: round(clock.driftPpm),
								uncertaintyUs: finite(clock.uncertaintyUs),
								stepCount: clock.stepCount,
							},
			},
		];
	}
}

/** JSON knows no infinity. */
function finite(value: number): number | null {
	return Number.isFinite(value) ? round(value) : null;
}
