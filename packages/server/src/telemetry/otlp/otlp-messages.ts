// What the server and the thread that exports say to each other: plain data.
import type { OtlpSettings, Signal } from "./otlp-settings.ts";
import type { SpanBatch } from "./span-queue.ts";

export interface OtlpThreadData {
	readonly settings: OtlpSettings;
	/** Name and version of the software, for the scope. */
	readonly scope: { readonly name: string; readonly version: string };
	/** Wall clock, since when counters count. */
	readonly startUnixUs: number;
}

/** The series of one name, or some of them, as they were. */
export interface MetricPart {
	readonly name: string;
	readonly kind: "counter" | "gauge" | "histogram" | "summary";
	readonly help: string;
	readonly points: readonly MetricPoint[];
}

export interface MetricPoint {
	readonly attributes: Readonly<Record<string, string>>;
	/** Of a counter, gauge or quantile. */
	readonly value: number;
	/** Null for what is no histogram. */
	readonly histogram: HistogramPoint | null;
}

export interface HistogramPoint {
	readonly bounds: readonly number[];
	readonly counts: readonly number[];
	readonly sum: number;
	readonly count: number;
	readonly exemplars: readonly ExemplarPoint[];
}

export interface ExemplarPoint {
	readonly value: number;
	readonly traceId: string;
	readonly spanId: string;
	readonly unixUs: number;
}

export type ToOtlpThread =
	| ({ readonly kind: "traces" } & SpanBatch)
	/** `json`: of `LogLine[]`. A text costs this side a quarter of what cloning objects does. */
	| { readonly kind: "logs"; readonly count: number; readonly json: string }
	/** Answers `collect`; the last part has `isLast`. */
	| {
			readonly kind: "metrics";
			readonly parts: readonly MetricPart[];
			readonly isLast: boolean;
	  }
	/** Sends what it has, the metrics once more, and ends. */
	| { readonly kind: "end" };

export type FromOtlpThread =
	/** A batch was sent, or given up. @param problem null: it was taken */
	| {
			readonly kind: "done";
			readonly signal: Signal;
			readonly count: number;
			readonly problem: string | null;
	  }
	/** It wants the metrics as they are now. */
	| { readonly kind: "collect" }
	| { readonly kind: "ended" };
