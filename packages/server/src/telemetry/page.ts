// Text composed a slice at a time, with turns of the event loop between: nobody's request waits longer than for a slice.
// Whoever asks while a page is composed shares the next one, so that many readers cost as much as two.
//
// Its bytes lie in memory that is used again: 3 MB of new buffers with each page made V8 collect all of its heap, 20 ms
// at a time, with every third.

export interface PageOptions {
	/** The parts of a new page, each of which takes some µs at most. */
	readonly parts: () => Iterable<string | Uint8Array>;
	/**
	 * How long the event loop may be held, in µs. @default 100: a request may meet a slice at each of its two or three
	 * turns, some of which take twice as long, and is to lose 1 ms at most
	 */
	readonly sliceUs?: number;
	/** @default performance.now, in µs */
	readonly nowUs?: () => number;
	/** Resolves after other work had its turn. @default setImmediate */
	readonly nextTurn?: () => Promise<void>;
}

/** Each of its readers releases it once; then its memory is used again. */
export interface Page {
	/** In their order. */
	readonly pieces: readonly Uint8Array[];
	release(): void;
}

/** A page under way, or done. */
interface Edition {
	readonly page: Promise<readonly Uint8Array[]>;
	readerCount: number;
}

const PIECE_BYTES = 64 * 1024;
/** Of a character of UTF-16 in UTF-8. */
const MOST_BYTES = 3;

const DEFAULTS = {
	sliceUs: 100,
	nowUs: (): number => performance.now() * 1000,
	nextTurn: (): Promise<void> => new Promise((turn) => setImmediate(turn)),
};

export class PageComposer {
	readonly #options: Required<PageOptions>;
	#current: Edition | null = null;
	#next: Edition | null = null;
	/** Pieces that nobody reads. */
	readonly #free: Buffer[] = [];

	constructor(options: PageOptions) {
		this.#options = { ...DEFAULTS, ...options };
	}

	/** As it is from now on. */
	async compose(): Promise<Page> {
		const edition = this.#edition();
		edition.readerCount++;
		const pieces = await edition.page;
		let isReleased = false;
		return {
			pieces,
			release: () => {
				if (isReleased) return;
				isReleased = true;
				edition.readerCount--;
				if (edition.readerCount === 0) this.#takeBack(pieces);
			},
		};
	}

	#edition(): Edition {
		if (this.#current === null) {
			this.#current = { page: this.#run(), readerCount: 0 };
			return this.#current;
		}
		this.#next ??= { page: this.#after(this.#current), readerCount: 0 };
		return this.#next;
	}

	async #after({ page }: Edition): Promise<readonly Uint8Array[]> {
		await page.catch(() => {});
		this.#current = this.#next;
		this.#next = null;
		return this.#run();
	}

	async #run(): Promise<readonly Uint8Array[]> {
		try {
			return await this.#compose();
		} finally {
			if (this.#next === null) this.#current = null;
		}
	}

	async #compose(): Promise<readonly Uint8Array[]> {
		const { parts, sliceUs, nowUs, nextTurn } = this.#options;
		const pieces: Uint8Array[] = [];
		let piece = this.#newPiece(PIECE_BYTES);
		let end = 0;
		let untilUs = nowUs() + sliceUs;
		const next = (leastBytes: number) => {
			pieces.push(piece.subarray(0, end));
			piece = this.#newPiece(leastBytes);
			end = 0;
		};
		for (const part of parts()) {
			if (typeof part === "string") {
				const neededBytes = MOST_BYTES * part.length;
				if (neededBytes > piece.byteLength - end) next(neededBytes);
				end += piece.write(part, end);
			} else if (part.byteLength <= piece.byteLength - end) {
				piece.set(part, end);
				end += part.byteLength;
			} else
				for (let from = 0; from < part.byteLength; ) {
					if (end === piece.byteLength) next(PIECE_BYTES);
					const some = part.subarray(from, from + piece.byteLength - end);
					piece.set(some, end);
					end += some.byteLength;
					from += some.byteLength;
				}
			if (nowUs() < untilUs) continue;
			await nextTurn();
			untilUs = nowUs() + sliceUs;
		}
		pieces.push(piece.subarray(0, end));
		return pieces;
	}

	#newPiece(leastBytes: number): Buffer {
		if (leastBytes > PIECE_BYTES) return Buffer.allocUnsafeSlow(leastBytes);
		return this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
	}

	#takeBack(pieces: readonly Uint8Array[]): void {
		for (const { buffer } of pieces)
			if (buffer.byteLength === PIECE_BYTES)
				this.#free.push(Buffer.from(buffer as ArrayBuffer));
	}
}
