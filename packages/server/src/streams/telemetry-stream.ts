// The life of a sensor stream: each reading that it takes ends in exactly one outcome, told once.
//
//   reading ─▶ checks ─▶ (join) ─▶ lane: queue, run ─▶ outcome
//               └ INVALID  │        └ policy: SUPERSEDED, SHED; late: EXPIRED
//                          └ unmatched: SUPERSEDED
//
//   open ──close()──▶ draining ──last outcome──▶ ended
//     └────────────────cancel()────────────────────▲
import { FRAME_REASONS, type FrameReason } from "@saccade/protocol";
import type { Clock } from "../common/clock.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import {
	factsOf,
	type PipelineFacts,
} from "../pipelines/graph/pipeline-facts.ts";
import type { FrameProcessor, Pipeline } from "../pipelines/pipeline.ts";
import type { QosProfile } from "../pipelines/qos-profile.ts";
import type { ClockQuality } from "./clock-offset.ts";
import type { Device } from "./device.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { FrameLane, type LaneHost } from "./frame-lane.ts";
import { lateReason, lateText, tooLateFromUs } from "./frame-time.ts";
import { FrameWork, type WorkOwner } from "./frame-work.ts";
import { createJoiner, type Joiner } from "./joiner.ts";
import { Ledger } from "./ledger.ts";
import { Pace } from "./pace.ts";
import { faultOf } from "./payload-check.ts";
import { incompatibilities, type QosOffer, resolveQos } from "./qos.ts";
import type { SensorRegistry } from "./sensor-registry.ts";
import type {
	ClockExchange,
	Credit,
	FrameOutcome,
	Reading,
	SensorEvent,
	SensorStream,
	StreamListener,
	StreamRequest,
	StreamTotals,
} from "./stream.ts";
import { StreamDevices, toUs } from "./stream-devices.ts";
import type { TimerQueue } from "./timer-queue.ts";

type StreamState =
	| { readonly kind: "open" }
	| { readonly kind: "draining" }
	| { readonly kind: "ended" };

/** What streams share. */
export interface StreamTools {
	readonly clock: Clock;
	/** Server's clock minus this machine's CLOCK_MONOTONIC. */
	readonly hostOffsetUs: number;
	readonly timers: TimerQueue;
	readonly dispatcher: Dispatcher;
	readonly sensors: SensorRegistry;
	/** Devices that a stream may have without naming them. */
	readonly maxDeviceCount: number;
	/** Hears of every outcome, after the client. */
	readonly observer: StreamObserver | null;
	/** Keeps frames to explain them. @default null: nobody does */
	readonly tracer?: FrameTracer | null;
}

/** Who keeps frames to explain them. It looks, and changes nothing but `traceId`. */
export interface FrameTracer {
	/** Its own clock: what streams read from theirs is recorded and played back, traced or not. */
	nowUs(): number;
	/** Before anybody hears of the outcome. */
	frameEnded(stream: TelemetryStream, work: FrameWork): void;
}

export interface StreamObserver {
	frameEnded(stream: SensorStream, outcome: FrameOutcome): void;
	/** It holds nothing any more. */
	streamEnded(stream: SensorStream): void;
}

export interface StreamSetUp {
	readonly id: string;
	readonly request: StreamRequest;
	readonly qos: QosProfile;
	readonly pipeline: Pipeline;
	readonly processor: FrameProcessor;
	readonly listener: StreamListener;
}

export class TelemetryStream implements SensorStream, WorkOwner, LaneHost {
	readonly id: string;
	readonly request: StreamRequest;
	readonly pipelineName: string;
	readonly pipelineFacts: PipelineFacts | null;
	readonly clock: Clock;
	readonly isTraced: boolean;
	readonly #tools: StreamTools;
	readonly #pipeline: Pipeline;
	readonly #processor: FrameProcessor;
	readonly #listener: StreamListener;
	readonly #devices: StreamDevices;
	readonly #ledger = new Ledger();
	readonly #pace = new Pace();
	readonly #lanes: readonly FrameLane[];
	readonly #joiner: Joiner | null;
	#qos: QosProfile;
	#state: StreamState = { kind: "open" };
	#isReleased = false;

	constructor(tools: StreamTools, setUp: StreamSetUp) {
		const { request, qos, pipeline } = setUp;
		this.id = setUp.id;
		this.request = request;
		this.pipelineName = pipeline.name;
		this.pipelineFacts = factsOf(pipeline);
		this.clock = tools.clock;
		this.isTraced = tools.tracer != null;
		this.#tools = tools;
		this.#pipeline = pipeline;
		this.#processor = setUp.processor;
		this.#listener = setUp.listener;
		this.#qos = qos;
		const { processor } = setUp;
		const lane = { ...tools, processor, pace: this.#pace, host: this };
		this.#lanes = Array.from(
			{ length: processor.laneCount ?? 1 },
			() => new FrameLane(lane, qos),
		);
		this.#devices = new StreamDevices(
			{ ...tools, request, onEvent: (event) => this.#heard(event) },
			qos,
		);
		this.#joiner =
			pipeline.join === null
				? null
				: createJoiner(pipeline.join, this.#devices.named, tools.timers, {
						ready: (work) => {
							work.alignedUs = tools.tracer?.nowUs() ?? Number.NaN;
							this.#enqueue(work);
						},
						gone: (work, reason, detail) => this.end(work, reason, detail),
					});
	}

	get qos(): QosProfile {
		return this.#qos;
	}

	get waitingCount(): number {
		return (
			sumOf(this.#lanes, (lane) => lane.waitingCount) +
			(this.#joiner?.waitingCount ?? 0)
		);
	}

	get runningCount(): number {
		return sumOf(this.#lanes, (lane) => lane.runningCount);
	}

	// ── what the transport calls ─────────────────────────────────────────────────────────────────────────

	reading(reading: Reading): void {
		this.#ledger.enter();
		const device = this.#deviceOf(reading.deviceId);
		const work = new FrameWork(this, reading, this.#frameIdOf(reading, device));
		if (this.#state.kind !== "open") {
			this.end(work, "stream-closed", "the stream takes no more readings");
			return;
		}
		if (device === null) {
			this.end(
				work,
				"unknown-device",
				this.#devices.refusalOf(reading.deviceId),
			);
			return;
		}
		this.#devices.seen(device, reading.receivedUs, this.#qos);
		this.#countLost(device, reading);
		const fault = faultOf(reading.payload, reading.value);
		if (fault !== null) {
			this.end(work, fault.reason, fault.detail);
			return;
		}
		if (this.#placeInTime(work, device, reading)) this.#accept(work);
	}

	heartbeat(deviceId: string): void {
		this.#devices.heartbeat(deviceId);
	}

	clockExchange(deviceId: string, exchange: ClockExchange): void {
		this.#devices.clockExchange(deviceId, exchange);
	}

	reconfigure(offer: QosOffer, reason: string): void {
		const qos = resolveQos(offer);
		const [clash] = incompatibilities(qos, this.#pipeline.requests);
		if (clash !== undefined)
			throw new SaccadeError(
				"UNSUPPORTED",
				`${clash.policy}: offered ${clash.offered}, needed ${clash.requested}; ${clash.reason}`,
			);
		this.#qos = qos;
		for (const lane of this.#lanes) lane.reconfigure(qos);
		this.#devices.reconfigure(qos);
		this.#listener.policyChanged(qos, reason);
		for (const lane of this.#lanes) lane.pump();
	}

	close(): void {
		if (this.#state.kind !== "open") return;
		this.#setState({ kind: "draining" });
		this.#joiner?.flush();
		this.#settleIfDrained();
	}

	cancel(): void {
		if (this.#state.kind === "ended") return;
		this.#setState({ kind: "ended" });
		this.#joiner?.flush();
		for (const lane of this.#lanes)
			lane.cancel("cancelled", "the client went away");
		this.#releaseIfIdle();
	}

	totals(): StreamTotals {
		return this.#ledger.totals();
	}

	credit(): Credit {
		const { maxInFlightCount } = this.#qos;
		return {
			// Whichever lane they are for.
			count: Math.min(...this.#lanes.map((lane) => lane.room)),
			received: this.#ledger.received,
			suggestedRateHz: this.#pace.suggestedRateHz(maxInFlightCount),
			latenessUs: this.#pace.latenessUs,
		};
	}

	/** How well the device's clock was known; null: it has none. @param atUs */
	clockQuality(deviceId: string, atUs: number): ClockQuality | null {
		return this.#devices.find(deviceId)?.quality(atUs) ?? null;
	}

	// ── checks ───────────────────────────────────────────────────────────────────────────────────────────

	#frameIdOf({ frameId }: Reading, device: Device | null): string {
		return frameId === "" && device !== null ? device.frameId : frameId;
	}

	/** Null: it may not take part. */
	#deviceOf(deviceId: string): Device | null {
		const known = this.#devices.find(deviceId);
		if (known !== null || this.#state.kind !== "open") return known;
		return this.#devices.admit(deviceId, this.#qos);
	}

	#countLost(device: Device, { deviceId, sequence }: Reading): void {
		const count = device.lostBefore(sequence);
		if (count === 0 || this.#qos.reliability !== "reliable") return;
		const detail = `${count} before number ${sequence}`;
		this.#listener.event({ kind: "lost-frames", deviceId, count, detail });
	}

	/** False: it was ended. */
	#placeInTime(work: FrameWork, device: Device, reading: Reading): boolean {
		const { timestampNs, receivedUs, budgetUs } = reading;
		const sensorUs = toUs(timestampNs);
		const place = device.placeOf(reading);
		if (place === "duplicate") {
			this.end(work, "duplicate", "time and number of a frame that came");
			return false;
		}
		const verdict = device.observe(sensorUs, receivedUs);
		work.measuredUs = device.measuredUs(sensorUs, receivedUs);
		if (verdict === "future") {
			this.end(work, "from-the-future", "measured later than it was received");
			return false;
		}
		device.taken(reading);
		if (verdict === "stepped") this.#tellStep(work);
		const isLate = place === "earlier" && verdict !== "stepped";
		if (isLate && this.#qos.dropPolicy === "keep-last") {
			this.end(work, "out-of-order", "a newer frame of the device came before");
			return false;
		}
		const budget = budgetUs > 0 ? budgetUs : this.#qos.latencyBudgetUs;
		work.deadlineUs = work.measuredUs + budget;
		return true;
	}

	#tellStep({ deviceId }: FrameWork): void {
		this.#listener.event({
			kind: "clock-stepped",
			deviceId,
			count: 1,
			detail: "its offset is estimated anew",
		});
	}

	// ── waiting and running ──────────────────────────────────────────────────────────────────────────────

	#accept(work: FrameWork): void {
		const nowUs = work.receivedUs;
		if (this.isPast(work, nowUs)) return;
		if (this.#joiner === null) this.#enqueue(work);
		else {
			this.watch(work);
			this.#joiner.offer(work);
		}
	}

	#enqueue(work: FrameWork): void {
		if (work.isInterrupt) for (const lane of this.#lanes) lane.preempt(work);
		this.#laneOf(work).enqueue(work);
	}

	#laneOf({ deviceId }: FrameWork): FrameLane {
		return this.#lanes[this.#processor.laneOf?.(deviceId) ?? 0]!;
	}

	/** (lane) */
	watch(work: FrameWork): void {
		const dueUs = tooLateFromUs(work, this.#qos.lifespanUs);
		this.#tools.timers.schedule(work, dueUs);
	}

	/** (timer) Its deadline passed, or it waited longer than its lifespan. */
	due(work: FrameWork, nowUs: number): void {
		const { lifespanUs } = this.#qos;
		if (work.state === "running") {
			const detail = lateText(work, lifespanUs, nowUs);
			this.#laneOf(work).stopRun(work, "deadline-passed", detail);
			return;
		}
		// Its profile may have changed since it was scheduled.
		if (lateReason(work, lifespanUs, nowUs) === null) {
			this.watch(work);
			return;
		}
		if (!this.#laneOf(work).remove(work)) this.#joiner?.remove(work);
		this.isPast(work, nowUs);
	}

	/** (lane) True: it was too late, and was ended. */
	isPast(work: FrameWork, nowUs: number): boolean {
		const { lifespanUs } = this.#qos;
		const reason = lateReason(work, lifespanUs, nowUs);
		if (reason === null) return false;
		this.end(work, reason, lateText(work, lifespanUs, nowUs));
		return true;
	}

	// ── outcomes ─────────────────────────────────────────────────────────────────────────────────────────

	/** (lane) */
	end(work: FrameWork, reason: FrameReason, detail: string): void {
		work.reason = reason;
		work.outcome = FRAME_REASONS[reason];
		work.detail = detail;
		const nowUs = this.clock.nowUs();
		if (reason === "deadline-passed") this.#pace.late(nowUs - work.deadlineUs);
		this.settle(work, nowUs);
	}

	/** (lane) The only place where a frame ends, and with it what was joined with it. */
	settle(work: FrameWork, nowUs: number): void {
		work.state = "ended";
		work.finishedUs = nowUs;
		this.#tools.timers.cancel(work);
		this.#ledger.settle(work.outcome);
		this.#tools.tracer?.frameEnded(this, work);
		// Nobody listens any more once the client is gone.
		if (this.#state.kind !== "ended") this.#listener.outcome(work);
		this.#tools.observer?.frameEnded(this, work);
		work.letGo();
		for (const companion of work.companions) {
			if (companion.state === "ended") continue;
			companion.outcome = work.outcome;
			companion.reason = work.reason;
			companion.detail = work.detail;
			companion.startedUs = work.startedUs;
			this.settle(companion, nowUs);
		}
		this.#settleIfDrained();
	}

	#heard(event: SensorEvent): void {
		if (this.#state.kind !== "ended") this.#listener.event(event);
	}

	// ── the end ──────────────────────────────────────────────────────────────────────────────────────────

	#settleIfDrained(): void {
		if (this.#state.kind !== "draining" || this.#ledger.inFlight > 0) return;
		this.#setState({ kind: "ended" });
		this.#listener.ended(this.#ledger.totals());
		this.#releaseIfIdle();
	}

	/** (lane) */
	runEnded(): void {
		this.#releaseIfIdle();
	}

	/** Once, when nothing of it runs any more. */
	#releaseIfIdle(): void {
		if (this.#state.kind !== "ended" || this.runningCount > 0) return;
		if (this.#isReleased) return;
		this.#isReleased = true;
		for (const lane of this.#lanes) lane.leave();
		this.#devices.release();
		this.#processor.close();
		this.#tools.observer?.streamEnded(this);
	}

	#setState(state: StreamState): void {
		this.#state = state;
	}
}

function sumOf(
	lanes: readonly FrameLane[],
	count: (lane: FrameLane) => number,
): number {
	return lanes.reduce((sum, lane) => sum + count(lane), 0);
}
