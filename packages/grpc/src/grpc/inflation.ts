// A compressed message on its way through zlib. Messages stay in order, so what follows it waits here; no credit is
// returned meanwhile: the stream's window bounds how much.
import { copyBytes } from "../http2/copy-bytes.ts";

export class Inflation {
	readonly #held: Uint8Array[] = [];
	#endIsHeld = false;
	heldBytes = 0;
	/** Stops zlib. */
	stop: () => void = () => {};

	hold(bytes: Uint8Array, start: number, end: number): void {
		this.#held.push(copyBytes(bytes, start, end));
		this.heldBytes += end - start;
	}

	holdEnd(): void {
		this.#endIsHeld = true;
	}

	/** Hands over what waited, in order. */
	replay(to: { replayed(bytes: Uint8Array): void; end(): void }): void {
		for (const bytes of this.#held) to.replayed(bytes);
		if (this.#endIsHeld) to.end();
	}
}
