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
	#state: "idle" | "running" | "wanted-again" = "idle";
	#waiting: (() => void)[] = [];

	constructor(gate: OffloadGate) {
		this.#gate = gate;
	}

	/** Off the event loop; one at a time, and one more for all who ask meanwhile. */
	giveBack(): void {
		if (this.#state !== "idle") {
			this.#state = "wanted-again";
			return;
		}
		const found = findTrim();
		if (found === null) return;
		this.#state = "running";
		this.#gate.enter(() =>
			found.async(0, () => {
				this.#gate.leave();
				const isWanted = this.#state === "wanted-again";
				this.#state = "idle";
				if (isWanted) this.giveBack();
				else this.#tellWaiting();
			}),
		);
	}

	/** Resolves when nothing is being given back. */
	idle(): Promise<void> {
		if (this.#state === "idle") return Promise.resolve();
		return new Promise((resolve) => this.#waiting.push(resolve));
	}

	#tellWaiting(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const tell of waiting) tell();
	}
}
