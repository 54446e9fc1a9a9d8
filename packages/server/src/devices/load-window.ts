// How busy a device was in the last second: the time in which at least one run was under way, in a ring of short
// buckets, so that what is old falls out. Two stamps a run; nothing is kept a run.
import type { Device } from "./device.ts";

const BUCKETS = 10;
const BUCKET_US = 100_000;
const WINDOW_US = BUCKETS * BUCKET_US;

export class LoadWindow {
	readonly #busyUs = new Float64Array(BUCKETS);
	/** Number of the bucket that time is counted in. */
	#bucket = 0;
	#lastUs = 0;
	#running = 0;
	#totalUs = 0;

	/** Runs under way, or waiting inside the device. */
	get running(): number {
		return this.#running;
	}

	/** A run begins. */
	begin(nowUs: number): void {
		this.#advance(nowUs);
		this.#running++;
	}

	end(nowUs: number): void {
		this.#advance(nowUs);
		this.#running--;
	}

	/** µs in which it was busy, ever. */
	totalUs(nowUs: number): number {
		this.#advance(nowUs);
		return this.#totalUs;
	}

	/** Share of the window in which it was busy, 0 to 1. */
	busyShare(nowUs: number): number {
		this.#advance(nowUs);
		let busyUs = 0;
		for (const us of this.#busyUs) busyUs += us;
		// The bucket that is being filled is no full one.
		const spanUs = WINDOW_US - BUCKET_US + (nowUs - this.#bucket * BUCKET_US);
		return Math.min(1, busyUs / spanUs);
	}

	#advance(nowUs: number): void {
		const isBusy = this.#running > 0;
		if (isBusy) this.#totalUs += nowUs - this.#lastUs;
		const bucket = Math.floor(nowUs / BUCKET_US);
		if (bucket - this.#bucket >= BUCKETS) {
			this.#busyUs.fill(0);
			this.#lastUs = Math.max(this.#lastUs, (bucket - BUCKETS + 1) * BUCKET_US);
			this.#bucket = Math.floor(this.#lastUs / BUCKET_US);
		}
		for (;;) {
			const endUs = Math.min((this.#bucket + 1) * BUCKET_US, nowUs);
			if (isBusy) this.#busyUs[this.#bucket % BUCKETS]! += endUs - this.#lastUs;
			this.#lastUs = endUs;
			if (this.#bucket >= bucket) break;
			this.#bucket++;
			this.#busyUs[this.#bucket % BUCKETS] = 0;
		}
	}
}

/**
 * 0 to 1: a device is as loaded as what it has least left of: time, memory, or room for another run.
 * Its own measurement of being busy counts where it is higher.
 */
export function loadScore(
	device: Device,
	window: LoadWindow,
	nowUs: number,
): number {
	const memory = device.memory();
	const memoryShare =
		memory === null ? 0 : memory.usedBytes / Math.max(memory.totalBytes, 1);
	const waiting = Math.max(0, window.running - 1);
	return Math.min(
		1,
		Math.max(
			window.busyShare(nowUs),
			device.utilization() ?? 0,
			memoryShare,
			waiting / (waiting + 1),
		),
	);
}
