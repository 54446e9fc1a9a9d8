// What the lanes of a model do, and when they will be free, by prediction. A run that lasts longer than predicted is expected to last
// as long again as it is late: the longer a device is silent, the less is promised on its behalf.
export class LaneForecast {
	/** Predicted end of each lane's run in µs; −∞ when idle. */
	readonly #endsUs: Float64Array;
	/** Rows of each lane's run; 0 when idle. */
	readonly #rows: Float64Array;
	readonly #scratch: Float64Array;
	readonly #idle: number[];
	#runningRows = 0;

	constructor(laneCount: number) {
		this.#endsUs = new Float64Array(laneCount).fill(Number.NEGATIVE_INFINITY);
		this.#rows = new Float64Array(laneCount);
		this.#scratch = new Float64Array(laneCount);
		this.#idle = Array.from({ length: laneCount }, (_, lane) => lane).reverse();
	}

	get count(): number {
		return this.#endsUs.length;
	}

	get idleCount(): number {
		return this.#idle.length;
	}

	/** Rows of all runs under way. */
	get runningRows(): number {
		return this.#runningRows;
	}

	/** Takes an idle lane, which there must be. */
	start(endUs: number, rows: number): number {
		const lane = this.#idle.pop()!;
		this.#endsUs[lane] = endUs;
		this.#rows[lane] = rows;
		this.#runningRows += rows;
		return lane;
	}

	/** @returns rows of the run */
	finish(lane: number): number {
		const rows = this.#rows[lane]!;
		this.#endsUs[lane] = Number.NEGATIVE_INFINITY;
		this.#runningRows -= rows;
		this.#rows[lane] = 0;
		this.#idle.push(lane);
		return rows;
	}

	/** When batch number `index` of those that wait will start, if each keeps its lane for `eachUs`. */
	startUs(index: number, eachUs: number, nowUs: number): number {
		const { length } = this.#endsUs;
		const free = this.#scratch;
		for (let lane = 0; lane < length; lane++) {
			const freeUs = freeAtUs(this.#endsUs[lane]!, nowUs);
			let at = lane;
			for (; at > 0 && free[at - 1]! > freeUs; at--) free[at] = free[at - 1]!;
			free[at] = freeUs;
		}
		return free[index % length]! + Math.floor(index / length) * eachUs;
	}
}

function freeAtUs(endUs: number, nowUs: number): number {
	if (endUs === Number.NEGATIVE_INFINITY) return nowUs;
	return endUs >= nowUs ? endUs : nowUs + (nowUs - endUs);
}
