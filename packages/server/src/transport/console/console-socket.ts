// One console: what it says, and whether it is still there. It is told no more than two ticks before it says that it has
// seen them, so nothing piles up for one that stops reading; that one answers no ping either, and is cut.
import type { Clock } from "../../common/clock.ts";
import type {
	ConsoleEndpoint,
	ConsoleSubscription,
} from "../../endpoint/endpoint.ts";
import { SaccadeError, toSaccadeError } from "../../errors/saccade-error.ts";
import { CLOSE, closeReason } from "../../wire/websocket/close-codes.ts";
import { Liveness } from "../../wire/websocket/liveness.ts";

/** What of `ws` is used. */
export interface ConsolePort {
	send(bytes: Uint8Array, options: { readonly binary: boolean }): void;
	ping(): void;
	close(code: number, reason: string): void;
	terminate(): void;
}

export class ConsoleSocket {
	readonly #port: ConsolePort;
	readonly #liveness: Liveness;
	#subscription: ConsoleSubscription | null = null;
	#isOver = false;

	constructor(port: ConsolePort, endpoint: ConsoleEndpoint, clock: Clock) {
		this.#port = port;
		this.#liveness = new Liveness(port, clock);
		try {
			this.#subscription = endpoint.run({
				tell: (message, isBinary) => {
					if (!this.#isOver) port.send(message, { binary: isBinary });
				},
			});
		} catch (error) {
			this.#refuse(toSaccadeError(error));
		}
	}

	received(data: Buffer, isBinary: boolean): void {
		if (this.#isOver) return;
		try {
			if (isBinary) throw malformed("a text with JSON");
			const message: unknown = JSON.parse(data.toString("utf8"));
			this.#obey(message);
		} catch (error) {
			this.#refuse(
				error instanceof SyntaxError
					? malformed("valid JSON")
					: toSaccadeError(error),
			);
		}
	}

	ponged(): void {
		this.#liveness.ponged();
	}

	closed(): void {
		this.#isOver = true;
		this.#liveness.cancel();
		this.#subscription?.end();
	}

	goAway(): void {
		this.#finish(CLOSE.goingAway, "the server ends");
	}

	terminate(): void {
		this.#port.terminate();
	}

	#obey(message: unknown): void {
		if (typeof message !== "object" || message === null)
			throw malformed("an object");
		const { topics, seen } = message as { topics?: unknown; seen?: unknown };
		if (typeof seen === "number") this.#subscription?.seen(seen);
		else if (Array.isArray(topics) && topics.every(isText))
			this.#subscription?.want(topics);
		else throw malformed("'topics', a list of texts, or 'seen', a number");
	}

	#refuse(error: SaccadeError): void {
		this.#finish(...closeReason(error));
	}

	#finish(code: number, reason: string): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#subscription?.end();
		this.#port.close(code, reason);
	}
}

function isText(value: unknown): value is string {
	return typeof value === "string";
}

function malformed(what: string): SaccadeError {
	return new SaccadeError("MALFORMED", `a message is ${what}`);
}
