// Gives memory that nobody uses any more back to the system. A load that optimises would leave up to twice the model's
// size in the C library's free lists, where it counts as used: glibc gives back by itself only what is free at the end of
// a heap, and what was too large for one. So what is large gets pages of its own during such a load, which go when it is
// freed; the rest goes a second later.
// https://man7.org/linux/man-pages/man3/malloc_trim.3.html https://man7.org/linux/man-pages/man3/mallopt.3.html
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

type Mallopt = (parameter: number, value: number) => number;

// Of malloc.h.
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;
/** From this size on memory has pages of its own while a model is laid out: glibc's own first threshold. */
const LAYOUT_THRESHOLD_BYTES = 128 * 1024;
/** And afterwards: where glibc's threshold goes by itself as large pieces are freed. */
const USUAL_THRESHOLD_BYTES = 32 * 1024 * 1024;

interface Malloc {
	readonly trim: MallocTrim;
	readonly option: Mallopt;
}

let malloc: Malloc | null | undefined;

/** Null where the C library is not glibc, and gives memory back by itself: musl, macOS, Windows. */
function findMalloc(): Malloc | null {
	if (malloc !== undefined) return malloc;
	malloc = null;
	if (process.platform !== "linux") return malloc;
	try {
		const libc = koffi.load("libc.so.6");
		malloc = {
			trim: libc.func("malloc_trim", "int", [
				"size_t",
			]) as unknown as MallocTrim,
			option: libc.func("mallopt", "int", ["int", "int"]) as unknown as Mallopt,
		};
	} catch {}
	return malloc;
}

export class MemoryReturn {
	readonly #gate: OffloadGate;
	#timer: NodeJS.Timeout | null = null;
	/** What is under way, or was last. */
	#tail: Promise<void> = Promise.resolve();
	#layoutCount = 0;

	constructor(gate: OffloadGate) {
		this.#gate = gate;
	}

	/** A model is read and laid out anew, until the function that this returns is called. */
	layoutBegins(): () => void {
		if (this.#layoutCount++ === 0)
			findMalloc()?.option(M_MMAP_THRESHOLD, LAYOUT_THRESHOLD_BYTES);
		return () => {
			if (--this.#layoutCount > 0) return;
			findMalloc()?.option(M_MMAP_THRESHOLD, USUAL_THRESHOLD_BYTES);
			findMalloc()?.option(M_TRIM_THRESHOLD, 2 * USUAL_THRESHOLD_BYTES);
		};
	}

	/** Some memory became free: gives it back a second later, with what becomes free meanwhile. */
	freed(): void {
		if (findMalloc() === null || this.#timer !== null) return;
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
				findMalloc()?.trim.async(0, () => {
					this.#gate.leave();
					resolve();
				}),
			),
		);
	}
}
