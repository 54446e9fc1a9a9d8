// The slowest and the missed of each model and pipeline, and the newest of those that were asked for, in memory and
// bounded: what `saccade explain` tells of. Records are plain data; a trace goes when no list holds it any more.
//
//   record ─▶ slowest of its subject   the slowest of this window and of the one before
//          ─▶ missed of its subject    the newest
//          ─▶ sampled                  the newest, of all subjects
import { RateGate } from "./rate-gate.ts";
import type { RecordKind, TraceRecord } from "./trace-record.ts";

export interface TraceStoreOptions {
	/** Slowest kept of each subject in each of two windows. */
	readonly slowestCount: number;
	/** Missed kept of each subject. */
	readonly missedCount: number;
	/** Kept of those that the caller or the sampler asked for. */
	readonly sampledCount: number;
	/** Of those that only the sampler asked for, so many a second are kept: else the newest were gone in no time. */
	readonly sampledPerSecond: number;
	/** After it a slow one is forgotten as soon as another window is over. */
	readonly windowUs: number;
}

export const TRACE_STORE_DEFAULTS: TraceStoreOptions = {
	slowestCount: 16,
	missedCount: 32,
	sampledCount: 256,
	sampledPerSecond: 50,
	windowUs: 300_000_000,
};

/** For who only sends traces on: nothing is slow enough. */
export const KEEP_NOTHING: TraceStoreOptions = {
	slowestCount: 0,
	missedCount: 0,
	sampledCount: 0,
	sampledPerSecond: 0,
	windowUs: Number.POSITIVE_INFINITY,
};

/** Models and pipelines that lists are kept of; what comes beyond shares one. */
const MAX_SUBJECTS = 512;
/** Records of one trace: a client may use one trace id for ever. */
const MAX_RECORDS = 64;

/** A trace as it is kept; `records` in the order in which they ended. */
interface KeptTrace {
	readonly records: TraceRecord[];
	/** Lists that hold it. */
	holderCount: number;
}

interface Slow {
	readonly traceId: string;
	readonly durationUs: number;
}

/** Of one model or pipeline. */
export class TraceSubject {
	readonly kind: RecordKind;
	readonly name: string;
	/** Slowest first. */
	slowest: Slow[] = [];
	before: Slow[] = [];
	/** Oldest first. */
	readonly missed: string[] = [];
	windowEndUs = Number.NEGATIVE_INFINITY;
	/** What takes longer belongs to the slowest; compared for every request, so it is a field. */
	slowerThanUs = -1;

	constructor(kind: RecordKind, name: string) {
		this.kind = kind;
		this.name = name;
	}
}

export type TraceOrder = "slowest" | "missed" | "newest";

export class TraceStore {
	readonly #options: TraceStoreOptions;
	readonly #traces = new Map<string, KeptTrace>();
	readonly #subjects = new Map<string, TraceSubject>();
	/** Oldest first. */
	readonly #sampled: string[] = [];

	readonly #drawn: RateGate;
	/** Adds what is not added yet. */
	beforeRead: () => void = () => {};

	constructor(options: TraceStoreOptions = TRACE_STORE_DEFAULTS) {
		this.#options = options;
		this.#drawn = new RateGate(options.sampledPerSecond);
	}

	/** Whether anything is kept at all. */
	get keeps(): boolean {
		return this.#options.slowestCount > 0;
	}

	/** Looked up once by who records. */
	subject(kind: RecordKind, name: string): TraceSubject {
		const key = `${kind}:${name}`;
		const isFull = this.#subjects.size >= MAX_SUBJECTS;
		const known = this.#subjects.get(key);
		if (known !== undefined) return known;
		if (isFull) return this.#overflow(kind);
		const subject = new TraceSubject(kind, name);
		if (!this.keeps) subject.slowerThanUs = Number.POSITIVE_INFINITY;
		this.#subjects.set(key, subject);
		return subject;
	}

	/** Null: nothing is known of it. */
	find(traceId: string): readonly TraceRecord[] | null {
		this.beforeRead();
		return this.#traces.get(traceId)?.records ?? null;
	}

	/** Slow ones get their place when the window is over, whether or not any came. */
	turnWindow(subject: TraceSubject, nowUs: number): void {
		if (nowUs < subject.windowEndUs) return;
		const isFirst = subject.windowEndUs === Number.NEGATIVE_INFINITY;
		subject.windowEndUs = nowUs + this.#options.windowUs;
		if (isFirst) return;
		for (const { traceId } of subject.before) this.#release(traceId);
		subject.before = subject.slowest;
		subject.slowest = [];
		subject.slowerThanUs = -1;
	}

	/** Keeps it where it belongs; what belongs nowhere is not kept. @param nowUs the server's clock */
	add(subject: TraceSubject, record: TraceRecord, nowUs: number): void {
		if (!this.keeps) return;
		this.turnWindow(subject, nowUs);
		const { traceId, durationUs } = record;
		const isSlow = durationUs > subject.slowerThanUs;
		const known = this.#traces.get(traceId);
		const isWanted =
			isSlow ||
			record.isMissed ||
			known !== undefined ||
			(record.isSampled && this.#isKept(record, nowUs));
		if (!isWanted) return;
		const kept = known ?? { records: [], holderCount: 0 };
		if (kept.records.length < MAX_RECORDS) kept.records.push(record);
		this.#traces.set(traceId, kept);
		if (isSlow) this.#addSlow(subject, { traceId, durationUs });
		if (record.isMissed)
			this.#pushHeld(subject.missed, traceId, this.#options.missedCount);
		if (record.isSampled)
			this.#pushHeld(this.#sampled, traceId, this.#options.sampledCount);
	}

	/** Its caller knows its id, and may ask for it; of those that were drawn, one is as good as another. */
	#isKept({ parentSpanId }: TraceRecord, nowUs: number): boolean {
		return parentSpanId !== null || this.#drawn.pass(nowUs);
	}

	/** Of a trace that is kept, or about to be: more of it ended. */
	append(record: TraceRecord): void {
		const kept = this.#traces.get(record.traceId);
		if (kept !== undefined && kept.records.length < MAX_RECORDS)
			kept.records.push(record);
	}

	/** Ids, the first of `order` first. @param name null: of all models and pipelines */
	list(order: TraceOrder, name: string | null, limit: number): string[] {
		this.beforeRead();
		if (order === "newest") return this.#newest(name).slice(0, limit);
		const subjects = [...this.#subjects.values()].filter(
			(subject) => name === null || subject.name === name,
		);
		const ids =
			order === "missed"
				? this.#byEnd(subjects.flatMap(({ missed }) => missed))
				: subjects
						.flatMap(({ slowest, before }) => [...slowest, ...before])
						.sort((a, b) => b.durationUs - a.durationUs)
						.map(({ traceId }) => traceId);
		return [...new Set(ids)].slice(0, limit);
	}

	#newest(name: string | null): string[] {
		const ids = this.#byEnd([...this.#traces.keys()]);
		if (name === null) return ids;
		return ids.filter((id) =>
			this.#traces.get(id)?.records.some((record) => record.name === name),
		);
	}

	/** Newest first. */
	#byEnd(ids: readonly string[]): string[] {
		const endOf = (traceId: string) => {
			const last = this.#traces.get(traceId)?.records.at(-1);
			return last === undefined ? 0 : last.startUnixUs + last.durationUs;
		};
		return [...ids].sort((a, b) => endOf(b) - endOf(a));
	}

	#addSlow(subject: TraceSubject, slow: Slow): void {
		const { slowest } = subject;
		const { slowestCount } = this.#options;
		const place = slowest.findIndex(
			({ durationUs }) => durationUs < slow.durationUs,
		);
		slowest.splice(place < 0 ? slowest.length : place, 0, slow);
		this.#hold(slow.traceId);
		if (slowest.length > slowestCount) this.#release(slowest.pop()!.traceId);
		subject.slowerThanUs =
			slowest.length < slowestCount ? -1 : slowest.at(-1)!.durationUs;
	}

	#pushHeld(list: string[], traceId: string, mostCount: number): void {
		list.push(traceId);
		this.#hold(traceId);
		if (list.length > mostCount) this.#release(list.shift()!);
	}

	#hold(traceId: string): void {
		this.#traces.get(traceId)!.holderCount++;
	}

	#release(traceId: string): void {
		const kept = this.#traces.get(traceId)!;
		kept.holderCount--;
		if (kept.holderCount === 0) this.#traces.delete(traceId);
	}

	#overflow(kind: RecordKind): TraceSubject {
		const key = `${kind}:`;
		const shared = this.#subjects.get(key) ?? new TraceSubject(kind, "");
		this.#subjects.set(key, shared);
		return shared;
	}
}
