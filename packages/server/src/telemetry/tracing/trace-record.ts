// What is known of one request or frame when it has ended: plain data, for whoever explains, shows or exports it.
// Instants are µs after the record's start, on the server's monotonic clock; only the start is on the wall clock.
import type { Outcome } from "@saccade/protocol";

export type RecordKind = "request" | "frame";

/** How it came: over the network, in a call of its own or one of many, or from a pipeline of the server's own. */
export type TraceTransport = "http" | "grpc" | "grpc-stream" | "pipeline";

/** A piece of the record's time. Stages do not overlap, but for those that a pipeline runs side by side. */
export interface TraceStage {
	/** Of a request: head, admit, body, check, queue, gather, run, split, encode. Of a frame: receive, align, queue, then the pipeline's own. */
	readonly name: string;
	readonly startUs: number;
	readonly durationUs: number;
}

/** Something that was decided about it, by whom and why: the numbers are in the text. */
export interface TraceDecision {
	/**
	 * `batch-closed` by the scheduler, `refused` before it ran, `superseded` by another frame, `stopped` during its run,
	 * `late`: answered after its deadline, `clock`: which instant the sensor's timestamp was taken for, `joined` with
	 * frames of other sensors, `decided`: what the pipeline said.
	 */
	readonly kind:
		| "batch-closed"
		| "refused"
		| "superseded"
		| "stopped"
		| "late"
		| "clock"
		| "joined"
		| "decided";
	/** From a closed set, as `full`, `cannot-finish`, `newer-frame`; an action of the pipeline's with `decided`. */
	readonly because: string;
	readonly atUs: number;
	/** For people. */
	readonly text: string;
}

/** The run that it was a part of. */
export interface TraceBatch {
	readonly traceId: string;
	readonly spanId: string;
	/** Counts the batches of the model up. */
	readonly number: number;
	readonly rows: number;
	readonly requestCount: number;
	readonly closedBecause: string;
	readonly device: string;
	/** Of the model: counted over all its devices. */
	readonly lane: number;
	/** From gathering to the answers: what was predicted when it ended (0: nothing was known), and what it was. */
	readonly predictedUs: number;
	readonly actualUs: number;
	/** Of the record's start: when the batch was gathered, and its times. */
	readonly startUs: number;
	readonly gatherUs: number;
	readonly runUs: number;
	readonly splitUs: number;
}

/** Another trace that it has to do with. */
export interface TraceLink {
	readonly traceId: string;
	readonly spanId: string;
	/** `batch` that it ran in, `stream` that it came on, `superseded-by` and `joined` frames, where these are traced. */
	readonly kind: "batch" | "stream" | "superseded-by" | "joined";
}

export interface TraceRecord {
	readonly kind: RecordKind;
	readonly traceId: string;
	readonly spanId: string;
	/** Null: it is the root. */
	readonly parentSpanId: string | null;
	readonly tracestate: string;
	/** Whether the caller or the sampler asked for it; else it is kept for what became of it. */
	readonly isSampled: boolean;
	/** Null: of a request that nobody asked to trace, and of frames. */
	readonly transport: TraceTransport | null;
	/** The model, or the pipeline. */
	readonly name: string;
	/** The model's version; "" of a frame. */
	readonly version: string;
	/** Request id, device, sequence number, …: bounded texts. */
	readonly attributes: Readonly<Record<string, string | number | boolean>>;
	/** Wall clock. */
	readonly startUnixUs: number;
	readonly durationUs: number;
	readonly outcome: Outcome;
	/** From a closed set; null with RESULT. */
	readonly reason: string | null;
	/** For people; "" when there is nothing to say. */
	readonly detail: string;
	/** Null: it had none. */
	readonly deadlineUs: number | null;
	/** Answered after its deadline, or refused because of it. */
	readonly isMissed: boolean;
	readonly stages: readonly TraceStage[];
	readonly decisions: readonly TraceDecision[];
	/** Null: it was in none. */
	readonly batch: TraceBatch | null;
	readonly links: readonly TraceLink[];
}

/** Longest text of an attribute: what clients send is data, not a place to store things. */
const MAX_TEXT_LENGTH = 256;

/** One line, bounded. */
export function boundedText(text: string): string {
	const cut = text.length > MAX_TEXT_LENGTH;
	const kept = cut ? `${text.slice(0, MAX_TEXT_LENGTH - 1)}…` : text;
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a client may not put into a log or a label.
	return kept.replaceAll(/[\u0000-\u001f\u007f]/g, " ");
}
