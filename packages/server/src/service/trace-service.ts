// Why a request or frame took as long as it did, and which decision did it: what `saccade explain`, the console and
// `/saccade/v1/explain/{traceId}` tell.
import { SaccadeError } from "../errors/saccade-error.ts";
import { isTraceId } from "../telemetry/tracing/trace-context.ts";
import type { TraceRecord } from "../telemetry/tracing/trace-record.ts";
import type {
	TraceOrder,
	TraceStore,
} from "../telemetry/tracing/trace-store.ts";

export type { TraceOrder } from "../telemetry/tracing/trace-store.ts";

/** Everything that is known of one trace. */
export interface TraceExplanation {
	readonly traceId: string;
	/** Frames before the requests that they made; else in the order in which they ended. */
	readonly records: readonly TraceRecord[];
}

/** One line of a list. */
export interface TraceSummary {
	readonly traceId: string;
	readonly kind: TraceRecord["kind"];
	readonly name: string;
	readonly outcome: TraceRecord["outcome"];
	readonly reason: string | null;
	readonly startUnixUs: number;
	readonly durationUs: number;
	readonly deadlineUs: number | null;
	readonly isMissed: boolean;
	/** The stage that took longest; null: there were none. */
	readonly longestStage: {
		readonly name: string;
		readonly durationUs: number;
	} | null;
}

export interface TraceQuery {
	readonly order: TraceOrder;
	/** A model or pipeline; null: all. */
	readonly name: string | null;
	readonly limit: number;
}

export interface TraceService {
	/** Throws INVALID_ARGUMENT or NOT_FOUND. */
	explain(traceId: string): TraceExplanation;
	list(query: TraceQuery): readonly TraceSummary[];
}

/** @param store null: nothing is kept */
export function createTraceService(store: TraceStore | null): TraceService {
	return {
		explain: (traceId) => {
			if (!isTraceId(traceId))
				throw new SaccadeError(
					"INVALID_ARGUMENT",
					`'${traceId.slice(0, 100)}' is no trace id: 32 lower-case hex digits, not all zero`,
				);
			if (store === null)
				throw new SaccadeError(
					"NOT_FOUND",
					"no traces are kept; start the server without --trace-store=false",
				);
			const records = store.find(traceId);
			if (records === null)
				throw new SaccadeError(
					"NOT_FOUND",
					`nothing is kept of trace ${traceId}: the slowest, the missed and the newest that were asked for are; /saccade/v1/traces lists them`,
				);
			return { traceId, records: framesFirst(records) };
		},
		list: ({ order, name, limit }) =>
			(store?.list(order, name, limit) ?? []).flatMap((traceId) => {
				const [first] = framesFirst(store?.find(traceId) ?? []);
				return first === undefined ? [] : [summaryOf(first)];
			}),
	};
}

function framesFirst(records: readonly TraceRecord[]): readonly TraceRecord[] {
	return [
		...records.filter(({ kind }) => kind === "frame"),
		...records.filter(({ kind }) => kind === "request"),
	];
}

function summaryOf(record: TraceRecord): TraceSummary {
	const [longest] = [...record.stages].sort(
		(a, b) => b.durationUs - a.durationUs,
	);
	return {
		traceId: record.traceId,
		kind: record.kind,
		name: record.name,
		outcome: record.outcome,
		reason: record.reason,
		startUnixUs: record.startUnixUs,
		durationUs: record.durationUs,
		deadlineUs: record.deadlineUs,
		isMissed: record.isMissed,
		longestStage:
			longest === undefined
				? null
				: { name: longest.name, durationUs: longest.durationUs },
	};
}
