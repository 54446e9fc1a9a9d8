// Text composed a slice at a time, with turns of the event loop between: nobody's request waits longer than for a slice.
// Whoever asks while a page is composed shares the next one, so that many readers cost as much as two.

export interface PageOptions {
	/** The parts of a new page, each of which takes some µs at most. */
	readonly parts: () => Iterable<string>;
	/**
	 * How long the event loop may be held, in µs. @default 200: a request may meet a slice at each of its two or three
	 * turns, and is to lose 1 ms at most
	 */
	readonly sliceUs?: number;
	/** @default performance.now, in µs */
	readonly nowUs?: () => number;
	/** Resolves after other work had its turn. @default setImmediate */
	readonly nextTurn?: () => Promise<void>;
}

/** A page in pieces, in their order. */
export type Page = readonly Uint8Array[];

export class PageComposer {
	readonly #options: Required<PageOptions>;
	#current: Promise<Page> | null = null;
	#next: Promise<Page> | null = null;

	constructor(options: PageOptions) {
		this.#options = { ...DEFAULTS, ...options };
	}

	/** As it is from now on. */
	compose(): Promise<Page> {
		if (this.#current === null) {
			this.#current = this.#run();
			return this.#current;
		}
		this.#next ??= this.#after(this.#current);
		return this.#next;
	}

	async #after(current: Promise<Page>): Promise<Page> {
		await current.catch(() => {});
		this.#current = this.#next;
		this.#next = null;
		return this.#run();
	}

	async #run(): Promise<Page> {
		try {
			return await this.#compose();
		} finally {
			if (this.#next === null) this.#current = null;
		}
	}

	async #compose(): Promise<Page> {
		const { parts, sliceUs, nowUs, nextTurn } = this.#options;
		const page: Uint8Array[] = [];
		let text = "";
		let endUs = nowUs() + sliceUs;
		for (const part of parts()) {
			text += part;
			if (nowUs() < endUs && text.length < PIECE_LENGTH) continue;
			page.push(Buffer.from(text));
			text = "";
			await nextTurn();
			endUs = nowUs() + sliceUs;
		}
		if (text !== "") page.push(Buffer.from(text));
		return page;
	}
}

/** Making bytes of a text takes time, too: 25 µs for so many characters. */
const PIECE_LENGTH = 64 * 1024;

const DEFAULTS = {
	sliceUs: 200,
	nowUs: (): number => performance.now() * 1000,
	nextTurn: (): Promise<void> => new Promise((turn) => setImmediate(turn)),
};
