// One reading from its arrival to its outcome: what the pipeline sees, what waits in the queue, what the timer watches
// and what the client is told, in one object.
//
//   waiting ─▶ running ─▶ ended            ended early (expired, preempted, cancelled): the run goes on without it,
//      └──────────┴──────▶ ended           and its bytes stay until the run lets go of them
import type { FrameReason, Outcome } from "@saccade/protocol";
import type { Clock } from "../common/clock.ts";
import type { Frame, FramePayload } from "../pipelines/frame.ts";
import type { FrameContext, FrameResult } from "../pipelines/pipeline.ts";
import { FrameTrace } from "../telemetry/tracing/frame-trace.ts";
import type { TraceContext } from "../telemetry/tracing/trace-context.ts";
import type { Lease } from "../tensor/tensor.ts";
import type { FrameOutcome, InputAge, Reading } from "./stream.ts";
import type { TimerItem } from "./timer-queue.ts";

type WorkState = "waiting" | "running" | "ended";

/** The frame that another one had to go for. */
export interface SupersedingFrame {
	readonly deviceId: string;
	readonly sequence: number;
	readonly timestampNs: bigint;
}

/** Who watches over a frame's time. */
export interface WorkOwner {
	readonly clock: Clock;
	/** Whether somebody keeps frames to explain them. */
	readonly isTraced: boolean;
	/** The instant that it was scheduled for came. */
	due(work: FrameWork, nowUs: number): void;
}

export class FrameWork implements Frame, FrameContext, FrameOutcome, TimerItem {
	readonly timestampNs: bigint;
	readonly deviceId: string;
	readonly sequence: number;
	readonly value: number;
	readonly frameId: string;
	readonly payload: FramePayload | null;
	readonly receivedUs: number;
	readonly isInterrupt: boolean;
	readonly tag: unknown;
	measuredUs = 0;
	deadlineUs = Number.POSITIVE_INFINITY;
	state: WorkState = "waiting";
	companions: readonly FrameWork[] = NONE;
	outcome: Outcome = "RESULT";
	reason: FrameReason | null = null;
	detail = "";
	result: FrameResult | null = null;
	startedUs = Number.NaN;
	finishedUs = Number.NaN;
	heapIndex = -1;
	dueUs = 0;
	/** The client's place in a trace. */
	readonly parent: TraceContext | null;
	/** When its companions were found; NaN where it has none to wait for, and where nobody traces. */
	alignedUs = Number.NaN;
	/** What made it go; null where it was no other frame. */
	supersededBy: SupersedingFrame | null = null;
	traceId: string | null = null;
	/** Null until its pipeline asks for it. */
	begunTrace: FrameTrace | null = null;
	readonly #owner: WorkOwner;
	#lease: Lease | null;
	/** Runs and joins that read its bytes. */
	#holdCount = 1;
	#controller: AbortController | null = null;
	#isAborted = false;

	constructor(owner: WorkOwner, reading: Reading, frameId: string) {
		this.#owner = owner;
		this.timestampNs = reading.timestampNs;
		this.deviceId = reading.deviceId;
		this.sequence = reading.sequence;
		this.value = reading.value;
		this.frameId = frameId;
		this.payload = reading.payload;
		this.receivedUs = reading.receivedUs;
		this.isInterrupt = reading.interrupt;
		this.tag = reading.tag ?? null;
		this.parent = reading.trace ?? null;
		this.#lease = reading.lease;
	}

	/** Made when somebody asks for it: most frames are done before they could be aborted. */
	get signal(): AbortSignal {
		if (this.#controller === null) {
			this.#controller = new AbortController();
			if (this.#isAborted) this.#controller.abort();
		}
		return this.#controller.signal;
	}

	/** Begun when the pipeline asks for it: a frame that runs no model needs none before it has ended. */
	get trace(): FrameTrace | null {
		if (this.begunTrace === null && this.#owner.isTraced)
			this.begunTrace = new FrameTrace(this.parent);
		return this.begunTrace;
	}

	abort(): void {
		this.#isAborted = true;
		this.#controller?.abort();
	}

	nowUs(): number {
		return this.#owner.clock.nowUs();
	}

	get inputs(): readonly InputAge[] {
		return this.companions;
	}

	/** (timer) */
	fire(nowUs: number): void {
		this.#owner.due(this, nowUs);
	}

	/** Somebody else reads its bytes, too. */
	hold(): void {
		this.#holdCount++;
	}

	/** One reader less; the last one gives the bytes back. */
	letGo(): void {
		this.#holdCount--;
		if (this.#holdCount > 0) return;
		const lease = this.#lease;
		this.#lease = null;
		lease?.release();
	}
}

const NONE: readonly FrameWork[] = [];
