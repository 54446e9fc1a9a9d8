// Which of two ways of working answers more, found by trying: after some batches in the way that is kept a few are made
// in the other one. Where they answered more, a few in the kept way again tell whether it was the way or the moment: the
// other one is kept when it answered more than the kept one before and after. If not, it is tried again after twice as
// many batches, so that trying costs next to nothing where nothing changes.
//
//   kept ──▶ trying ──more?──▶ checking ──▶ kept, either way
//              └──no──▶ kept
//
// What is compared is rows a second from one end of a batch to another, waits included. Times without work are left out:
// a batch that ends long after the one before starts its phase anew.

/** Batches of a phase that are measured; those before are of neither way. */
const MEASURED = 6;
const SETTLING = 2;
/** Batches in the kept way before the other one is tried. */
const KEPT_AT_LEAST = 16;
const KEPT_AT_MOST = 1024;
const LONGER_BY = 2;
/** The other way is kept when it answers more by this share: the machine is not that steady. */
const MARGIN = 0.03;

type Phase = "kept" | "trying" | "checking";

export class WayTrial {
	/** Whether the kept way is the second one. */
	#keepsSecond = false;
	#phase: Phase = "kept";
	/** Batches of the phase so far, and those in the kept way before the next trial. */
	#count = 0;
	#keptCount = KEPT_AT_LEAST;
	/** Of the batches of the phase that count. */
	#rows = 0;
	#spanUs = 0;
	/** Rows a µs in the kept way before the trial, and in the other one. */
	#keptPace = 0;
	#triedPace = 0;
	#endUs = Number.NEGATIVE_INFINITY;

	/** Whether the next batch is made in the second way. */
	get takesSecond(): boolean {
		return this.#keepsSecond !== (this.#phase === "trying");
	}

	/** A batch of so many rows ended. @param longestUs since the one before, if there was work */
	ended(rows: number, nowUs: number, longestUs: number): void {
		const spanUs = nowUs - this.#endUs;
		this.#endUs = nowUs;
		if (spanUs > longestUs) {
			this.#begin(this.#phase);
			return;
		}
		this.#count++;
		const length =
			this.#phase === "kept" ? this.#keptCount : SETTLING + MEASURED;
		if (this.#count > length - MEASURED) {
			this.#rows += rows;
			this.#spanUs += spanUs;
		}
		if (this.#count === length) this.#next(this.#rows / this.#spanUs);
	}

	/** The ways do not differ for what is there now. */
	reset(): void {
		if (this.#count > 0 || this.#phase !== "kept") this.#begin("kept");
	}

	#next(pace: number): void {
		switch (this.#phase) {
			case "kept":
				this.#keptPace = pace;
				this.#begin("trying");
				return;
			case "trying":
				this.#triedPace = pace;
				if (isMore(pace, this.#keptPace)) this.#begin("checking");
				else this.#keep();
				return;
			case "checking":
				if (isMore(this.#triedPace, pace)) this.#change();
				else this.#keep();
		}
	}

	#keep(): void {
		this.#keptCount = Math.min(LONGER_BY * this.#keptCount, KEPT_AT_MOST);
		this.#begin("kept");
	}

	#change(): void {
		this.#keepsSecond = !this.#keepsSecond;
		this.#keptCount = KEPT_AT_LEAST;
		this.#begin("kept");
	}

	#begin(phase: Phase): void {
		this.#phase = phase;
		this.#count = 0;
		this.#rows = 0;
		this.#spanUs = 0;
	}
}

function isMore(pace: number, than: number): boolean {
	return pace > than * (1 + MARGIN);
}
