// When those who were just answered come back with their next request, learnt from when they did. Clients that keep a
// fixed number of requests in flight come back in a burst after every batch; requests that come by themselves do not
// care when a batch ends, and keep coming. So arrivals are counted by the time since the last end, per row answered.

/** Times since the end of a batch by which returns are counted, in µs. None is finer than a timer fires. */
const EDGES_US: readonly number[] = [
	1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000, 16_000, 24_000, 32_000,
	48_000, 64_000,
];
/** Share of the last batch in what is remembered. */
const FRESH = 1 / 16;

export class ReturnForecast {
	/** Rows that came up to each edge, and not up to the one before, since the last end. */
	readonly #came = new Float64Array(EDGES_US.length);
	/** The same of the batches before, and the rows that were answered in them; both smoothed. */
	readonly #cameBefore = new Float64Array(EDGES_US.length);
	readonly #answeredBefore = new Float64Array(EDGES_US.length);
	#answeredRows = 0;
	#arrivedRows = 0;
	#endUs = Number.NEGATIVE_INFINITY;

	/** Rows that were answered last and did not come back yet. */
	get outstandingRows(): number {
		return Math.max(this.#answeredRows - this.#arrivedRows, 0);
	}

	/** Of the last batch. */
	get answeredRows(): number {
		return this.#answeredRows;
	}

	/** A request of so many rows was accepted. */
	arrived(rows: number, nowUs: number): void {
		this.#arrivedRows += rows;
		const sinceUs = nowUs - this.#endUs;
		if (sinceUs > EDGES_US.at(-1)!) return;
		let index = 0;
		while (EDGES_US[index]! < sinceUs) index++;
		this.#came[index]! += rows;
	}

	/** A batch of so many rows was answered. */
	answered(rows: number, nowUs: number): void {
		const spanUs = nowUs - this.#endUs;
		if (Number.isFinite(spanUs)) this.#remember(spanUs);
		this.#came.fill(0);
		this.#answeredRows = rows;
		this.#arrivedRows = 0;
		this.#endUs = nowUs;
	}

	/**
	 * Calls `consider` with each time up to `untilUs` at which more are expected than now, in ascending order: how many
	 * rows more, and when.
	 */
	forEachReturn(
		nowUs: number,
		untilUs: number,
		consider: (rows: number, atUs: number) => void,
	): void {
		let share = 0;
		for (const [index, edgeUs] of EDGES_US.entries()) {
			const answered = this.#answeredBefore[index]!;
			const atUs = this.#endUs + edgeUs;
			if (answered === 0 || atUs > untilUs) return;
			share += this.#cameBefore[index]! / answered;
			if (atUs <= nowUs) continue;
			const rows = this.#answeredRows * Math.min(share, 1) - this.#arrivedRows;
			if (rows > 0) consider(rows, atUs);
		}
	}

	/** Only what was seen to its end tells: the next batch may have ended in the middle. */
	#remember(spanUs: number): void {
		const came = this.#cameBefore;
		const answered = this.#answeredBefore;
		// Once a batch: no iterator of pairs.
		for (let at = 0; at < EDGES_US.length && EDGES_US[at]! <= spanUs; at++) {
			came[at] = smooth(came[at]!, this.#came[at]!);
			answered[at] = smooth(answered[at]!, this.#answeredRows);
		}
	}
}

function smooth(before: number, now: number): number {
	return before + (now - before) * FRESH;
}
