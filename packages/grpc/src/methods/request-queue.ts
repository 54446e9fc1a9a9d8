// The requests of a stream, for a handler that iterates over them at its own pace: while some wait, the client gets
// no more credit, so that at most a window of them waits.
import { type ServerCall, Status } from "../api.ts";
import { GrpcError } from "../grpc-error.ts";

type End = "open" | "ended" | "cancelled";

export class RequestQueue<Request>
	implements AsyncIterable<Request>, AsyncIterator<Request, undefined>
{
	readonly #call: ServerCall;
	#waiting: Request[] = [];
	#at = 0;
	#end: End = "open";
	/** A handler that waits for the next request. */
	#reader: PromiseWithResolvers<IteratorResult<Request, undefined>> | null =
		null;

	constructor(call: ServerCall) {
		this.#call = call;
	}

	// ── what the collector calls ─────────────────────────────────────────────────────────────────────────

	request(request: Request): void {
		if (this.#end !== "open") return;
		const reader = this.#reader;
		this.#reader = null;
		if (reader !== null) {
			reader.resolve({ done: false, value: request });
			return;
		}
		this.#waiting.push(request);
		this.#call.pause();
	}

	halfClose(): void {
		this.#stop("ended");
	}

	cancelled(): void {
		this.#waiting = [];
		this.#at = 0;
		this.#stop("cancelled");
	}

	// ── what the handler calls ───────────────────────────────────────────────────────────────────────────

	[Symbol.asyncIterator](): this {
		return this;
	}

	/** One at a time, as `for await` does. */
	next(): Promise<IteratorResult<Request, undefined>> {
		const isWaiting = this.#at < this.#waiting.length;
		if (isWaiting)
			return Promise.resolve({
				done: false,
				value: this.#waiting[this.#at++]!,
			});
		this.#waiting = [];
		this.#at = 0;
		if (this.#end === "cancelled") return Promise.reject(cancelled());
		if (this.#end === "ended") return Promise.resolve(DONE);
		this.#call.resume();
		this.#reader ??= Promise.withResolvers();
		return this.#reader.promise;
	}

	/** The handler wants no more: what still comes is dropped. */
	return(): Promise<IteratorResult<Request, undefined>> {
		this.#waiting = [];
		this.#at = 0;
		this.#stop("ended");
		this.#call.resume();
		return Promise.resolve(DONE);
	}

	#stop(end: "ended" | "cancelled"): void {
		if (this.#end === "open" || end === "cancelled") this.#end = end;
		const reader = this.#reader;
		this.#reader = null;
		if (this.#end === "cancelled") reader?.reject(cancelled());
		else reader?.resolve(DONE);
	}
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

function cancelled(): GrpcError {
	return new GrpcError(Status.CANCELLED, "the call was cancelled");
}
