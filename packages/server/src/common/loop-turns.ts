// How long a turn of the event loop takes while there is work: what arrives during one waits for its end before it is
// seen, and what is answered leaves no sooner. Measured from the first call of a turn to the end of its input, so a
// loop without work measures nothing and is not kept awake.

/** A longer turn counts at once, shorter ones by and by: about the ninth decile of the last turns. */
const UP = 1 / 4;
const DOWN = 1 / 32;

export interface LoopTurnsOptions {
	readonly nowUs: () => number;
	/** Runs a callback when the input of this turn has been read. @default setImmediate */
	readonly afterInput?: (callback: () => void) => void;
}

export class LoopTurns {
	readonly #nowUs: () => number;
	readonly #afterInput: (callback: () => void) => void;
	#isOpen = false;
	#sinceUs = 0;
	#delayUs = 0;

	constructor(options: LoopTurnsOptions) {
		this.#nowUs = options.nowUs;
		this.#afterInput = options.afterInput ?? setImmediate;
	}

	/** About as long as nine of ten turns took lately, or more. */
	get delayUs(): number {
		return this.#delayUs;
	}

	/** Work is done in this turn. */
	touch(): void {
		if (this.#isOpen) return;
		this.#isOpen = true;
		this.#sinceUs = this.#nowUs();
		this.#afterInput(this.#ended);
	}

	readonly #ended = (): void => {
		this.#isOpen = false;
		const us = this.#nowUs() - this.#sinceUs;
		this.#delayUs += (us - this.#delayUs) * (us > this.#delayUs ? UP : DOWN);
	};
}
