// Frames of a stream that go through the same part of its pipeline: they wait in one queue, and so many run at once as
// the profile says. Most streams have one lane; a pipeline whose sensors do not wait for each other has one for each.
//
//   enqueue ─▶ queue ─▶ slot of the pool ─▶ pipeline ─▶ host
//                └ by the drop policy: SUPERSEDED, SHED
import type { FrameReason } from "@saccade/protocol";
import type { Clock } from "../common/clock.ts";
import { toSaccadeError } from "../errors/saccade-error.ts";
import { FrameDropped } from "../pipelines/frame-dropped.ts";
import type { FrameProcessor, FrameResult } from "../pipelines/pipeline.ts";
import type { QosProfile } from "../pipelines/qos-profile.ts";
import type { Dispatcher, Runnable } from "./dispatcher.ts";
import { FrameQueue } from "./frame-queue.ts";
import type { FrameWork, SupersedingFrame } from "./frame-work.ts";
import { REASON_OF_ERROR } from "./outcome-of-error.ts";
import type { Pace } from "./pace.ts";
import type { TimerQueue } from "./timer-queue.ts";

/** The stream, which alone tells outcomes. */
export interface LaneHost {
	end(work: FrameWork, reason: FrameReason, detail: string): void;
	/** With the result that it has. */
	settle(work: FrameWork, nowUs: number): void;
	/** True: it was too late, and was ended. */
	isPast(work: FrameWork, nowUs: number): boolean;
	/** Calls when it is too late. */
	watch(work: FrameWork): void;
	/** A run has let go of its frame. */
	runEnded(): void;
}

export interface LaneTools {
	readonly clock: Clock;
	readonly timers: TimerQueue;
	readonly dispatcher: Dispatcher;
	readonly processor: FrameProcessor;
	readonly pace: Pace;
	readonly host: LaneHost;
}

export class FrameLane implements Runnable {
	heapIndex = -1;
	readonly #tools: LaneTools;
	readonly #queue: FrameQueue<FrameWork>;
	/** Runs that have not answered, ended or not. */
	readonly #runs = new Set<FrameWork>();
	#maxInFlightCount: number;

	constructor(tools: LaneTools, qos: QosProfile) {
		this.#tools = tools;
		this.#queue = new FrameQueue(qos);
		this.#maxInFlightCount = qos.maxInFlightCount;
	}

	get waitingCount(): number {
		return this.#queue.length;
	}

	get runningCount(): number {
		return this.#runs.size;
	}

	/** Frames that may come without anything being dropped. */
	get room(): number {
		const idle = Math.max(0, this.#maxInFlightCount - this.#runs.size);
		return this.#queue.room + (this.#queue.length === 0 ? idle : 0);
	}

	enqueue(work: FrameWork): void {
		const isFree =
			!work.isInterrupt &&
			this.#queue.length === 0 &&
			this.#runs.size < this.#maxInFlightCount;
		if (isFree && this.#tools.dispatcher.take(this)) {
			// The usual case: nothing waits, so it need not either.
			this.#run(work);
			return;
		}
		const { host, pace } = this.#tools;
		const dropped = this.#queue.push(work);
		if (dropped !== null) {
			pace.fellBehind();
			if (dropped.item !== work) dropped.item.supersededBy = nameOf(work);
			host.end(dropped.item, dropped.reason, DROPPED);
		}
		if (dropped?.item !== work) host.watch(work);
		this.pump();
	}

	/** What runs makes room: a signal does not wait behind work that it makes stale. */
	preempt(by: FrameWork): void {
		for (const work of [...this.#runs]) {
			if (work.isInterrupt) continue;
			if (work.state !== "ended") work.supersededBy = nameOf(by);
			this.stopRun(work, "preempted", "an interrupt of its stream came");
		}
	}

	/** What runs is stopped, and what waits is judged anew; `pump` goes on. */
	reconfigure(qos: QosProfile): void {
		const { host } = this.#tools;
		this.#maxInFlightCount = qos.maxInFlightCount;
		this.#stopAll("reconfigured", CHANGED);
		for (const { item, reason } of this.#queue.setRule(qos))
			host.end(item, reason, CHANGED);
		for (const work of this.#queue) host.watch(work);
	}

	/** Everything ends. */
	cancel(reason: FrameReason, detail: string): void {
		for (const work of this.#queue.takeAll())
			this.#tools.host.end(work, reason, detail);
		this.#stopAll(reason, detail);
	}

	/** False when it does not wait here. */
	remove(work: FrameWork): boolean {
		return this.#queue.remove(work);
	}

	/** Ends a frame whose run goes on without it. */
	stopRun(work: FrameWork, reason: FrameReason, detail: string): void {
		if (work.state === "ended") return;
		this.#tools.host.end(work, reason, detail);
		work.abort();
	}

	/** Runs what waits while there is room for it. */
	pump(): void {
		const { dispatcher } = this.#tools;
		for (
			let next = this.#queue.peek();
			next !== null;
			next = this.#queue.peek()
		) {
			if (next.isInterrupt) dispatcher.force();
			else if (
				this.#runs.size >= this.#maxInFlightCount ||
				!dispatcher.take(this)
			)
				return;
			this.#queue.shift();
			this.#run(next);
		}
		dispatcher.leave(this);
	}

	/** Nothing waits any more. */
	leave(): void {
		this.#tools.dispatcher.leave(this);
	}

	/** (dispatcher) */
	get urgencyUs(): number {
		return this.#queue.peek()?.deadlineUs ?? Number.POSITIVE_INFINITY;
	}

	/** (dispatcher) A slot is ours. */
	slotFree(): void {
		const next =
			this.#runs.size < this.#maxInFlightCount ? this.#queue.shift() : null;
		if (next === null) this.#tools.dispatcher.giveBack();
		else this.#run(next);
		this.pump();
	}

	#stopAll(reason: FrameReason, detail: string): void {
		for (const work of [...this.#runs]) this.stopRun(work, reason, detail);
	}

	/** A slot is taken for it. */
	#run(work: FrameWork): void {
		const { clock, dispatcher, timers, processor, host } = this.#tools;
		const nowUs = clock.nowUs();
		timers.cancel(work);
		if (host.isPast(work, nowUs)) {
			dispatcher.giveBack();
			return;
		}
		work.state = "running";
		work.startedUs = nowUs;
		for (const companion of work.companions) {
			companion.hold();
			if (companion.state === "waiting") companion.state = "running";
			timers.cancel(companion);
		}
		let answer: FrameResult | Promise<FrameResult>;
		try {
			answer = processor.process(work, work);
		} catch (error) {
			this.#answered(work, null, error);
			return;
		}
		if (!(answer instanceof Promise)) {
			this.#answered(work, answer, null);
			return;
		}
		// Its bytes stay until the run has let go of them, however early it ends.
		work.hold();
		this.#runs.add(work);
		timers.schedule(work, work.deadlineUs);
		answer.then(
			(result) => this.#settled(work, result, null),
			(error: unknown) => this.#settled(work, null, error),
		);
	}

	/** A run that took its time. */
	#settled(work: FrameWork, result: FrameResult | null, error: unknown): void {
		const { clock, pace, host } = this.#tools;
		this.#runs.delete(work);
		pace.ran(clock.nowUs() - work.startedUs);
		this.#answered(work, result, error);
		work.letGo();
		this.pump();
		host.runEnded();
	}

	#answered(work: FrameWork, result: FrameResult | null, error: unknown): void {
		if (work.state !== "ended") this.#conclude(work, result, error);
		for (const companion of work.companions) companion.letGo();
		this.#tools.dispatcher.giveBack();
	}

	#conclude(work: FrameWork, result: FrameResult | null, error: unknown): void {
		const { clock, pace, host } = this.#tools;
		if (result === null) {
			if (error instanceof FrameDropped)
				host.end(work, error.reason, error.message);
			else {
				const failure = toSaccadeError(error);
				host.end(work, REASON_OF_ERROR[failure.code], failure.message);
			}
			return;
		}
		const nowUs = clock.nowUs();
		if (nowUs > work.deadlineUs) {
			const lateMs = ((nowUs - work.deadlineUs) / 1000).toFixed(1);
			host.end(work, "deadline-passed", `the result came ${lateMs} ms late`);
			return;
		}
		work.result = result;
		pace.onTime();
		host.settle(work, nowUs);
	}
}

function nameOf(work: FrameWork): SupersedingFrame {
	const { deviceId, sequence, timestampNs } = work;
	return { deviceId, sequence, timestampNs };
}

const DROPPED = "more came than could be run";
const CHANGED = "the stream's profile changed";
