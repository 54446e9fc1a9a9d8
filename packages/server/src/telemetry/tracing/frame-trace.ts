// A frame's trace while it is under way: begun when its pipeline runs a model, so that the model's requests are known
// as the frame's should it turn out slow, late or sampled. Whether it is kept is decided when the frame has ended.
import {
	type RequestOwner,
	type RequestTrace,
	requestTrace,
} from "./request-trace.ts";
import type { TraceContext } from "./trace-context.ts";
import { newSpanId, newTraceId } from "./trace-ids.ts";
import type { TraceRecord } from "./trace-record.ts";

/** A stage that is done, on the server's clock. */
export interface DoneStage {
	readonly name: string;
	readonly beginUs: number;
	readonly endUs: number;
}

/** Models of one frame whose requests are kept. */
const MAX_REQUESTS = 32;

export class FrameTrace implements RequestOwner {
	readonly traceId: string;
	readonly spanId: string = newSpanId();
	readonly parentSpanId: string | null;
	readonly tracestate: string;
	/** Filled by pipelines that tell of their stages as they end. */
	readonly stages: DoneStage[] = [];
	readonly #requests: TraceRecord[] = [];
	/** Null while the frame is under way. */
	#after: ((record: TraceRecord) => void) | null = null;

	constructor(parent: TraceContext | null) {
		this.traceId = parent?.traceId ?? newTraceId();
		this.parentSpanId = parent?.spanId ?? null;
		this.tracestate = parent?.tracestate ?? "";
	}

	/** Of a request that the frame's pipeline makes. */
	request(): RequestTrace {
		return requestTrace({
			traceId: this.traceId,
			parentSpanId: this.spanId,
			tracestate: this.tracestate,
			isSampled: false,
			transport: "pipeline",
			frame: this,
		});
	}

	requestEnded(record: TraceRecord): void {
		if (this.#after !== null) this.#after(record);
		else if (this.#requests.length < MAX_REQUESTS) this.#requests.push(record);
	}

	/** The frame ended. @param after where requests go that end later @returns those that have */
	end(after: (record: TraceRecord) => void): readonly TraceRecord[] {
		this.#after = after;
		return this.#requests;
	}
}
