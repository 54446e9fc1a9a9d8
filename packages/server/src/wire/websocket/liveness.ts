// Whether the other side of a WebSocket is still there: one that is alive answers a ping; one that did not by the next
// is gone.
import type { Clock, Timer } from "../../common/clock.ts";

const PING_EVERY_US = 20_000_000;

interface PingedSocket {
	ping(): void;
	terminate(): void;
}

export class Liveness {
	readonly #socket: PingedSocket;
	readonly #clock: Clock;
	#hasAnswered = true;
	#timer: Timer;

	constructor(socket: PingedSocket, clock: Clock) {
		this.#socket = socket;
		this.#clock = clock;
		this.#timer = this.#next();
	}

	ponged(): void {
		this.#hasAnswered = true;
	}

	/** Nobody is pinged any more. */
	cancel(): void {
		this.#timer.cancel();
	}

	#next(): Timer {
		return this.#clock.at(this.#clock.nowUs() + PING_EVERY_US, () => {
			if (!this.#hasAnswered) {
				this.#socket.terminate();
				return;
			}
			this.#hasAnswered = false;
			this.#socket.ping();
			this.#timer = this.#next();
		});
	}
}
