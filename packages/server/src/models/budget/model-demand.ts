// Loads a model when it is first asked for: whoever asks hears at once that it is loading and when to come back, and
// nothing waits in memory for a model that may never be there.
//
//   absent ──request──▶ loading ──▶ (serves)
//     ▲                    └──▶ failed ── a while ──┐
//     └─────────────────────────────────────────────┘
import type { Clock } from "../../common/clock.ts";
import { SaccadeError, toSaccadeError } from "../../errors/saccade-error.ts";

export interface ModelDemandOptions {
	/** The whole name of a model that may be loaded now and does not serve; null: there is none, or it is not wanted. */
	readonly absent: (name: string) => string | null;
	/** Rejects when it could not be loaded. */
	readonly load: (name: string) => Promise<void>;
	readonly clock: Clock;
}

interface Attempt {
	readonly startedUs: number;
	/** Null: it is under way. */
	failure: { readonly error: SaccadeError; readonly againUs: number } | null;
}

/** Before a model was loaded once nobody knows how long it takes. */
const FIRST_GUESS_US = 1e6;
/** A model that cannot be loaded is not tried at each request. */
const AGAIN_US = 5e6;
/** Names come from the repository: so many models are more than any has. */
const MAX_DURATIONS = 10_000;

export class ModelDemand {
	readonly #options: ModelDemandOptions;
	readonly #attempts = new Map<string, Attempt>();
	/** How long a load took the last time, in µs. */
	readonly #durations = new Map<string, number>();

	constructor(options: ModelDemandOptions) {
		this.#options = options;
	}

	/** What a request hears in place of `error`, which says that the model does not serve; the load begins, if it can. */
	refusal(asked: string, error: SaccadeError): SaccadeError {
		if (error.code !== "NOT_FOUND" && error.code !== "UNAVAILABLE")
			return error;
		const name = this.#options.absent(asked);
		if (name === null) return error;
		const nowUs = this.#options.clock.nowUs();
		const attempt = this.#attempts.get(name);
		if (attempt === undefined) {
			this.#begin(name, nowUs);
			return this.#loading(name, nowUs, nowUs);
		}
		const { failure } = attempt;
		if (failure === null) return this.#loading(name, attempt.startedUs, nowUs);
		const leftUs = failure.againUs - nowUs;
		if (leftUs > 0) return failed(name, failure.error, leftUs);
		this.#begin(name, nowUs);
		return this.#loading(name, nowUs, nowUs);
	}

	#begin(name: string, nowUs: number): void {
		const { clock, load } = this.#options;
		const attempt: Attempt = { startedUs: nowUs, failure: null };
		this.#attempts.set(name, attempt);
		load(name).then(
			() => {
				this.#attempts.delete(name);
				if (this.#durations.size >= MAX_DURATIONS) this.#durations.clear();
				this.#durations.set(name, clock.nowUs() - nowUs);
			},
			(cause: unknown) => {
				const error = toSaccadeError(cause);
				// There was no room: whoever said so knows when to look again.
				const retryAfterMs = Number(error.details?.["retryAfterMs"] ?? 0);
				const waitUs = retryAfterMs > 0 ? retryAfterMs * 1000 : AGAIN_US;
				attempt.failure = { error, againUs: clock.nowUs() + waitUs };
			},
		);
	}

	#loading(name: string, startedUs: number, nowUs: number): SaccadeError {
		const takesUs = this.#durations.get(name) ?? FIRST_GUESS_US;
		const leftUs = Math.max(0, startedUs + takesUs - nowUs);
		const retryAfterMs = Math.max(100, Math.round(leftUs / 1000));
		return new SaccadeError(
			"UNAVAILABLE",
			`Request for unknown model: '${name}' is not at ready state: it is being loaded, because it was asked for; retry in ${retryAfterMs} ms`,
			{ details: { retryAfterMs } },
		);
	}
}

function failed(
	name: string,
	error: SaccadeError,
	leftUs: number,
): SaccadeError {
	const retryAfterMs = Math.ceil(leftUs / 1000);
	return new SaccadeError(
		"UNAVAILABLE",
		`Request for unknown model: '${name}' is not at ready state: it could not be loaded: ${error.message}; it is tried again in ${retryAfterMs} ms`,
		{ details: { retryAfterMs } },
	);
}
