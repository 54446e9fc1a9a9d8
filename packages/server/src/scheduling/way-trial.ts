// Which of two ways of working answers more, found by trying: after some batches in the way that is kept a few are made
// in the other one, and that one is kept when it answered more. What was confirmed goes on for four times as long before
// the next trial, so that trying costs next to nothing where nothing changes.
//
// What is compared is rows a second from one end of a batch to another, waits included. Times without work are left out:
// a batch that ends long after the one before starts its phase anew.

/** Batches of a phase that are measured; those before are of neither way. */
const MEASURED = 6;
const SETTLING = 2;
/** Batches in the kept way before the other one is tried. */
const KEPT_AT_LEAST = 16;
const KEPT_AT_MOST = 1024;
const LONGER_BY = 4;
/** The other way is kept when it answers more by this share: the machine is not that steady. */
const MARGIN = 0.03;

export class WayTrial {
	/** Whether the kept way is the second one. */
	#keepsSecond = false;
	#isTrying = false;
	/** Batches of the phase so far, and those in the kept way before the next trial. */
	#count = 0;
	#keptCount = KEPT_AT_LEAST;
	/** Of the batches of the phase that count. */
	#rows = 0;
	#spanUs = 0;
	/** Rows a µs in the kept way, of the phase before the trial. */
	#keptPace = 0;
	#endUs = Number.NEGATIVE_INFINITY;

	/** Whether the next batch is made in the second way. */
	get takesSecond(): boolean {
		return this.#keepsSecond !== this.#isTrying;
	}

	/** A batch of so many rows ended. @param longestUs since the one before, if there was work */
	ended(rows: number, nowUs: number, longestUs: number): void {
		const spanUs = nowUs - this.#endUs;
		this.#endUs = nowUs;
		if (spanUs > longestUs) {
			this.#begin(this.#isTrying);
			return;
		}
		this.#count++;
		const length = this.#isTrying ? SETTLING + MEASURED : this.#keptCount;
		if (this.#count > length - MEASURED) {
			this.#rows += rows;
			this.#spanUs += spanUs;
		}
		if (this.#count === length) this.#judge();
	}

	/** The ways do not differ for what is there now. */
	reset(): void {
		if (this.#count > 0 || this.#isTrying) this.#begin(false);
	}

	#judge(): void {
		const pace = this.#rows / this.#spanUs;
		if (!this.#isTrying) {
			this.#keptPace = pace;
			this.#begin(true);
			return;
		}
		if (pace > this.#keptPace * (1 + MARGIN)) {
			this.#keepsSecond = !this.#keepsSecond;
			this.#keptCount = KEPT_AT_LEAST;
		} else
			this.#keptCount = Math.min(LONGER_BY * this.#keptCount, KEPT_AT_MOST);
		this.#begin(false);
	}

	#begin(isTrying: boolean): void {
		this.#isTrying = isTrying;
		this.#count = 0;
		this.#rows = 0;
		this.#spanUs = 0;
	}
}
