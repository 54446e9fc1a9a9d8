// The inputs of recent requests, copied, so that a new version can be tried on what really comes. Bounded in number and
// in bytes; the newest takes the place of the oldest, and none is taken within a short while of the one before, so that
// copying costs next to nothing however many requests there are.
import type { ModelEntry } from "../entry.ts";

/** By the session's order of inputs; null: an optional input that the request left out. */
export interface Sample {
	/** As the request has them, not padded. */
	readonly shapes: readonly (readonly number[] | null)[];
	readonly data: readonly (Uint8Array | null)[];
}

export interface ReservoirOptions {
	readonly sampleCount: number;
	readonly maxBytes: number;
}

const SPACING_US = 50_000;

interface Kept extends Sample {
	readonly bytes: number;
}

export class Reservoir {
	readonly #options: ReservoirOptions;
	#kept: readonly Kept[] = [];
	#heldBytes = 0;
	#nextUs = Number.NEGATIVE_INFINITY;

	constructor(options: ReservoirOptions) {
		this.#options = options;
	}

	/** Oldest first. */
	get samples(): readonly Sample[] {
		return this.#kept;
	}

	get heldBytes(): number {
		return this.#heldBytes;
	}

	/** Called for every request: a comparison, mostly. */
	offer(entry: ModelEntry, nowUs: number): void {
		if (nowUs < this.#nextUs) return;
		const { sampleCount, maxBytes } = this.#options;
		let bytes = 0;
		for (const input of entry.data) bytes += input?.byteLength ?? 0;
		if (bytes > maxBytes) return;
		this.#nextUs = nowUs + SPACING_US;
		const sample = {
			shapes: entry.shapes.map(
				(shape, index) => entry.padding?.givenShapes[index] ?? shape,
			),
			// Not Uint8Array.slice, which a Buffer has in another meaning.
			data: entry.data.map((input) => input && new Uint8Array(input)),
			bytes,
		};
		this.#heldBytes += bytes;
		const kept = [...this.#kept, sample];
		while (kept.length > sampleCount || this.#heldBytes > maxBytes)
			this.#heldBytes -= kept.shift()?.bytes ?? 0;
		this.#kept = kept;
	}
}
