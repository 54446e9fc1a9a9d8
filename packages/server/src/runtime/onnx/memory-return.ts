// Gives memory that nobody uses any more back to the system. A load leaves up to twice the model's size in the C
// library's free lists, where it counts as used: glibc gives back by itself only what is free at the end of a heap.
// https://man7.org/linux/man-pages/man3/malloc_trim.3.html
import koffi from "koffi";
import type { OffloadGate } from "./offload.ts";

interface MallocTrim {
	async(
		keepBytes: number,
		done: (error: Error | null, result: number) => void,
	): void;
}

/** Loads that follow one another use the same memory again: pages that were given back cost a fault each. */
const DELAY_MS = 1000;

let trim: MallocTrim | null | undefined;

/** Null where the C library has none, and gives memory back by itself: musl, macOS, Windows. */
function findTrim(): MallocTrim | null {
	if (trim !== undefined) return trim;
	trim = null;
	if (process.platform !== "linux") return trim;
	try {
		trim = koffi
			.load("libc.so.6")
			.func("malloc_trim", "int", ["size_t"]) as unknown as MallocTrim;
	} catch {}
	return trim;
}

export class MemoryReturn {
	readonly #gate: OffloadGate;
	#timer: NodeJS.Timeout | null = null;
	/** What is under way, or was last. */
	#tail: Promise<void> = Promise.resolve();

	constructor(gate: OffloadGate) {
		this.#gate = gate;
	}

	/** Some memory became free: gives it back a second later, with what becomes free meanwhile. */
	freed(): void {
		if (findTrim() === null || this.#timer !== null) return;
		this.#timer = setTimeout(() => void this.giveBack(), DELAY_MS).unref();
	}

	/** Gives back what is free now, off the event loop, unless it was given back already. */
	giveBack(): Promise<void> {
		if (this.#timer === null) return this.#tail;
		clearTimeout(this.#timer);
		this.#timer = null;
		this.#tail = this.#tail.then(() => this.#trim());
		return this.#tail;
	}

	#trim(): Promise<void> {
		return new Promise((resolve) =>
			this.#gate.enter(() =>
				findTrim()?.async(0, () => {
					this.#gate.leave();
					resolve();
				}),
			),
		);
	}
}
