// What the lanes of a model do, and when they will be free, by prediction. A run that lasts longer than predicted is expected to last
// as long again as it is late: the longer a device is silent, the less is promised on its behalf.
//
// Lanes belong to devices. A device that is out of use takes no runs, and its lanes do not count; nor does a lane
// whose run was given up, until that run returns.
export class LaneForecast {
	/** Device of each lane. */
	readonly #devices: Int32Array;
	/** Predicted end of each lane's run in µs; −∞ when idle, +∞ when it was given up. */
	readonly #endsUs: Float64Array;
	/** Rows of each lane's run; 0 when idle. */
	readonly #rows: Float64Array;
	readonly #scratch: Float64Array;
	/** Idle lanes of each device. */
	readonly #idle: readonly number[][];
	readonly #inUse: boolean[];
	readonly #maxRunning: number;
	#idleCount: number;
	#count: number;
	#busyCount = 0;
	#givenUpCount = 0;
	#runningRows = 0;

	/**
	 * @param lanes how many; of each device where there are several
	 * @param maxRunning runs at once, on whichever lanes. @default all of them
	 */
	constructor(
		lanes: number | readonly number[],
		maxRunning = Number.POSITIVE_INFINITY,
	) {
		const counts = typeof lanes === "number" ? [lanes] : lanes;
		const devices = counts.flatMap((count, device) =>
			new Array<number>(count).fill(device),
		);
		this.#devices = Int32Array.from(devices);
		const { length } = devices;
		this.#endsUs = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
		this.#rows = new Float64Array(length);
		this.#scratch = new Float64Array(length);
		this.#idle = counts.map((_, device) =>
			[...devices.keys()].filter((lane) => devices[lane] === device).reverse(),
		);
		this.#inUse = counts.map(() => true);
		this.#maxRunning = maxRunning;
		this.#idleCount = length;
		this.#count = length;
	}

	get deviceCount(): number {
		return this.#idle.length;
	}

	/** Lanes that can be counted on. */
	get count(): number {
		return this.#count;
	}

	get idleCount(): number {
		return this.#busyCount - this.#givenUpCount >= this.#maxRunning
			? 0
			: this.#idleCount;
	}

	/** Lanes with a run that has not returned, given up or not. */
	get busyCount(): number {
		return this.#busyCount;
	}

	/** Rows of all runs under way. */
	get runningRows(): number {
		return this.#runningRows;
	}

	/** Lanes of all devices, for walks: see `isCounted`, `deviceOf` and `freeUs`. */
	get laneCount(): number {
		return this.#devices.length;
	}

	deviceOf(lane: number): number {
		return this.#devices[lane]!;
	}

	/** Whether its device is in use and its run was not given up. */
	isCounted(lane: number): boolean {
		return (
			this.#inUse[this.#devices[lane]!]! &&
			this.#endsUs[lane] !== Number.POSITIVE_INFINITY
		);
	}

	isLaneIdle(lane: number): boolean {
		return this.#endsUs[lane] === Number.NEGATIVE_INFINITY;
	}

	/** Whether the device is in use and has an idle lane. */
	hasIdle(device: number): boolean {
		return this.#inUse[device]! && this.#idle[device]!.length > 0;
	}

	isInUse(device: number): boolean {
		return this.#inUse[device]!;
	}

	/** Takes an idle lane of the device, which there must be. */
	start(endUs: number, rows: number, device = 0): number {
		const lane = this.#idle[device]!.pop()!;
		this.#endsUs[lane] = endUs;
		this.#rows[lane] = rows;
		this.#runningRows += rows;
		this.#idleCount--;
		this.#busyCount++;
		return lane;
	}

	/** Its run is not waited for any more; the lane stays taken until the run returns. */
	giveUp(lane: number): void {
		if (this.#inUse[this.#devices[lane]!]) this.#count--;
		this.#endsUs[lane] = Number.POSITIVE_INFINITY;
		this.#runningRows -= this.#rows[lane]!;
		this.#rows[lane] = 0;
		this.#givenUpCount++;
	}

	/**
	 * The run of the lane returned.
	 * @returns its rows; 0 when it was given up
	 */
	finish(lane: number): number {
		const rows = this.#rows[lane]!;
		const device = this.#devices[lane]!;
		const inUse = this.#inUse[device]!;
		if (this.#endsUs[lane] === Number.POSITIVE_INFINITY) {
			this.#givenUpCount--;
			if (inUse) this.#count++;
		}
		this.#endsUs[lane] = Number.NEGATIVE_INFINITY;
		this.#runningRows -= rows;
		this.#rows[lane] = 0;
		this.#busyCount--;
		this.#idle[device]!.push(lane);
		if (inUse) this.#idleCount++;
		return rows;
	}

	setInUse(device: number, inUse: boolean): void {
		if (this.#inUse[device] === inUse) return;
		this.#inUse[device] = inUse;
		const sign = inUse ? 1 : -1;
		this.#idleCount += sign * this.#idle[device]!.length;
		for (let lane = 0; lane < this.#devices.length; lane++)
			if (
				this.#devices[lane] === device &&
				this.#endsUs[lane] !== Number.POSITIVE_INFINITY
			)
				this.#count += sign;
	}

	/** When the lane will be free; its device is in use and its run was not given up. */
	freeUs(lane: number, nowUs: number): number {
		return freeAtUs(this.#endsUs[lane]!, nowUs);
	}

	/** When batch number `index` of those that wait will start, if each keeps its lane for `eachUs`. */
	startUs(index: number, eachUs: number, nowUs: number): number {
		const free = this.#scratch;
		let count = 0;
		for (let lane = 0; lane < this.#endsUs.length; lane++) {
			if (!this.isCounted(lane)) continue;
			const freeUs = freeAtUs(this.#endsUs[lane]!, nowUs);
			let at = count++;
			for (; at > 0 && free[at - 1]! > freeUs; at--) free[at] = free[at - 1]!;
			free[at] = freeUs;
		}
		if (count === 0) return Number.POSITIVE_INFINITY;
		return free[index % count]! + Math.floor(index / count) * eachUs;
	}
}

function freeAtUs(endUs: number, nowUs: number): number {
	if (endUs === Number.NEGATIVE_INFINITY) return nowUs;
	return endUs >= nowUs ? endUs : nowUs + (nowUs - endUs);
}
