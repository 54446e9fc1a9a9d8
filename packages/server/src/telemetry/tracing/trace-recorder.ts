// What is recorded goes to the store, and, when the caller or the sampler asked for it or its deadline was missed, to
// whoever exports. How many may be recorded for what became of them is bounded: overload must not make tracing dear.
import type { Clock, Timer } from "../../common/clock.ts";
import type { Logger } from "../logger.ts";
import type { DoneStage } from "./frame-trace.ts";
import { RateGate } from "./rate-gate.ts";
import type { TraceRecord, TraceStage } from "./trace-record.ts";
import type { TraceStore, TraceSubject } from "./trace-store.ts";
import { WallClock } from "./wall-clock.ts";

/** Slow and missed ones that are recorded a second, of all models and pipelines. */
const KEPT_PER_SECOND = 200;

/** Some 0.3 ms of the event loop. */
const SETTLED_AT_ONCE = 32;
/** Nobody who follows traces elsewhere sees them earlier than this anyway. */
const SETTLED_AFTER_US = 500_000;

/** What a record will be composed from. */
export interface DeferredRecord {
	/** Composes and records it. */
	settle(): void;
}

export interface TraceRecorderOptions {
	readonly clock: Clock;
	readonly store: TraceStore;
	/** Null: nothing is exported. */
	readonly export: ((record: TraceRecord) => void) | null;
	/** What is recorded is told at level debug, with the ids of its trace. */
	readonly log: Pick<Logger, "debug" | "writes">;
}

export class TraceRecorder {
	readonly clock: Clock;
	readonly store: TraceStore;
	readonly #export: ((record: TraceRecord) => void) | null;
	readonly #log: TraceRecorderOptions["log"];
	readonly #wall: WallClock;
	readonly #gate = new RateGate(KEPT_PER_SECOND);
	/** Oldest first. */
	#deferred: DeferredRecord[] = [];
	#timer: Timer | null = null;

	constructor(options: TraceRecorderOptions) {
		this.clock = options.clock;
		this.store = options.store;
		this.#export = options.export;
		this.#log = options.log;
		this.#wall = new WallClock(options.clock);
		options.store.beforeRead = () => this.settle();
	}

	/** Missed or slow ones that were not recorded because too many came in a second. */
	get passedOverCount(): number {
		return this.#gate.droppedCount;
	}

	unixUs(atUs: number): number {
		return this.#wall.unixUs(atUs);
	}

	/** Asked before the record is composed, of those that nobody asked for. */
	hasRoom(nowUs: number): boolean {
		return this.#gate.pass(nowUs);
	}

	/**
	 * Composes it soon, with others, and before anybody reads the store: what is done for one request in a hundred
	 * finds neither its code nor its data in a cache, and takes several times as long.
	 */
	defer(record: DeferredRecord): void {
		this.#deferred.push(record);
		const isNow =
			this.#deferred.length >= SETTLED_AT_ONCE || this.#log.writes("debug");
		if (isNow) this.settle();
		else
			this.#timer ??= this.clock.at(this.clock.nowUs() + SETTLED_AFTER_US, () =>
				this.settle(),
			);
	}

	/** Records what was deferred. */
	settle(): void {
		this.#timer?.cancel();
		this.#timer = null;
		const deferred = this.#deferred;
		if (deferred.length === 0) return;
		this.#deferred = [];
		for (const record of deferred) record.settle();
	}

	/** @param more of the same trace, that ended before */
	record(
		subject: TraceSubject,
		record: TraceRecord,
		more: readonly TraceRecord[] = [],
	): void {
		this.store.add(subject, record, this.clock.nowUs());
		for (const one of more) this.store.append(one);
		if (this.#log.writes("debug")) this.#tell(record);
		if (this.#export === null || !(record.isSampled || record.isMissed)) return;
		this.#export(record);
		for (const one of more) this.#export(one);
	}

	#tell(record: TraceRecord): void {
		const { kind, name, version, traceId, spanId, outcome, reason } = record;
		this.#log.debug(
			{
				trace_id: traceId,
				span_id: spanId,
				[kind === "frame" ? "pipeline" : "model"]: name,
				...(version !== "" && { version }),
				outcome,
				...(reason !== null && { reason }),
				durationUs: Math.round(record.durationUs),
			},
			record.detail === "" ? `${kind} ended` : record.detail,
		);
	}

	/** Of a trace that was recorded: a request of it that ended after its frame. */
	recordLate(record: TraceRecord, isExported: boolean): void {
		this.store.append(record);
		if (isExported) this.#export?.(record);
	}
}

/** Stages between instants that follow each other; what has no instant is left out, and its time goes to the next. */
export class StageList {
	readonly stages: TraceStage[] = [];
	readonly #startUs: number;
	#atUs: number;

	/** @param startUs of the record */
	constructor(startUs: number) {
		this.#startUs = startUs;
		this.#atUs = startUs;
	}

	/** From where the last one ended. NaN: not known. */
	until(name: string, atUs: number): void {
		if (Number.isNaN(atUs)) return;
		this.add({ name, beginUs: this.#atUs, endUs: atUs });
		this.#atUs = Math.max(this.#atUs, atUs);
	}

	add({ name, beginUs, endUs }: DoneStage): void {
		this.stages.push({
			name,
			startUs: beginUs - this.#startUs,
			durationUs: Math.max(0, endUs - beginUs),
		});
	}
}
