// Who runs next on a device that several models share. A model alone is never held back. As soon as another one runs
// or waits, runs take no more threads together than the device has, and who waits is served by
//   1. weighted service: a model whose service, divided by its weight, is more than `LAG_US` beyond that of the model
//      with the least waits; one that was idle begins where the others are, so that nothing can be saved up
//      (start-time fair queueing, https://dl.acm.org/doi/10.1145/248156.248171);
//   2. among the rest, the earliest due first.
// So deadlines decide within the lag, weights in the long run. Bound: while a model of weight w whose last run took L
// waits, another of weight v gets at most (2 LAG + L / w) v of service and two runs more, the one that was under way
// among them.
// Nobody waits longer than `PATIENCE_US`: a run that hangs holds no place for ever.
// Runs shorter than a hop take no place. Pure: it knows no clock and no threads; who uses it says what runs took.

import {
	type Competitor,
	type DeviceOutlook,
	portionBeside,
	workAheadUs,
} from "./device-outlook.ts";
import { RecentUse } from "./recent-use.ts";

/** How far the service of models may differ, per unit of weight, in µs of one thread. */
export const LAG_US = 20_000;

/** Longest wait for a place, in µs; who waited so long asks again. */
export const PATIENCE_US = 1_000_000;

/** What one scheduler knows of a shared device. */
export interface DeviceShare extends DeviceOutlook {
	/**
	 * Whether a run may start now; then `finished` must follow. If not, `wake` is called when it may.
	 * @param dueUs when its earliest request should be answered
	 * @param predictedUs what the run will take; 0 when unknown
	 * @param layout which of the threads it takes. @default 0
	 */
	tryStart(
		dueUs: number,
		predictedUs: number,
		nowUs: number,
		layout?: number,
	): boolean;
	/** A run ended. `predictedUs` and `layout` as they were said at its start. */
	finished(predictedUs: number, tookUs: number, layout?: number): void;
	/** Hands out what came free, after the caller had its chance to ask for more. */
	settle(): void;
	/** From now on; what it owes or is owed so far is forgotten. */
	setWeight(weight: number): void;
	/** Nothing waits here any more, and nothing runs. */
	close(): void;
}

export interface ShareOptions {
	/** > 0. */
	readonly weight: number;
	/** Threads of one run, in each layout of the model: see layout-switch.ts. */
	readonly threadCounts: readonly number[];
	/** Must ask again with `tryStart` if it still has something to run. */
	readonly wake: () => void;
}

/** Takes no place when predicted to be shorter, in µs. */
const SHORT_US = 200;
/** What a model can count on changes slowly, and is asked for by every request. */
const PORTION_FOR_US = 1000;

interface Run {
	readonly threads: number;
	readonly dueUs: number;
	readonly predictedUs: number;
}

class Share implements DeviceShare, Competitor {
	weight: number;
	readonly wake: () => void;
	/** Service so far over the weight, in µs. */
	virtualUs = 0;
	dueUs = 0;
	isWaiting = false;
	waitingSinceUs = 0;
	/** Had neither a run nor something to run when it could have said so. */
	isIdle = true;
	/** Threads of its runs. */
	usedThreads = 0;
	/** When the last of them ends, by prediction. */
	endUs = 0;
	/** Of the run that it asked for last, in µs and threads. */
	askedUs = 0;
	askedThreads: number;
	isHeldUp = false;
	readonly use: RecentUse;
	readonly #arbiter: DeviceArbiter;
	readonly #threadCounts: readonly number[];
	#portion = 1;
	#portionAtUs = Number.NEGATIVE_INFINITY;

	constructor(
		arbiter: DeviceArbiter,
		deviceThreadCount: number,
		options: ShareOptions,
	) {
		this.#arbiter = arbiter;
		this.#threadCounts = options.threadCounts;
		this.askedThreads = options.threadCounts[0]!;
		this.use = new RecentUse(deviceThreadCount);
		this.weight = options.weight;
		this.wake = options.wake;
	}

	tryStart(
		dueUs: number,
		predictedUs: number,
		nowUs: number,
		layout = 0,
	): boolean {
		const threads = this.#threadCounts[layout]!;
		return this.#arbiter.tryStart(this, { threads, dueUs, predictedUs }, nowUs);
	}

	finished(predictedUs: number, tookUs: number, layout = 0): void {
		const threads = this.#threadCounts[layout]!;
		this.#arbiter.finished(this, threads, tookUs - predictedUs);
	}

	settle(): void {
		this.#arbiter.settle(this);
	}

	waitUs(nowUs: number): number {
		return this.#arbiter.waitUs(this, nowUs);
	}

	portion(nowUs: number): number {
		if (nowUs - this.#portionAtUs > PORTION_FOR_US) {
			this.#portion = this.#arbiter.portion(this, nowUs);
			this.#portionAtUs = nowUs;
		}
		return this.#portion;
	}

	setWeight(weight: number): void {
		this.weight = weight;
		this.virtualUs = 0;
		this.#arbiter.catchUp(this);
	}

	close(): void {
		this.#arbiter.remove(this);
	}
}

export class DeviceArbiter {
	readonly #threadCount: number;
	readonly #shares = new Set<Share>();
	#usedThreads = 0;
	#waitingCount = 0;
	/** Whose turn it is, while it is asked. */
	#asked: Share | null = null;

	/** @param threadCount of the device: its cores */
	constructor(threadCount: number) {
		this.#threadCount = threadCount;
	}

	share(options: ShareOptions): DeviceShare {
		const share = new Share(this, this.#threadCount, options);
		this.#shares.add(share);
		return share;
	}

	tryStart(
		share: Share,
		{ threads, dueUs, predictedUs }: Run,
		nowUs: number,
	): boolean {
		if (share.isIdle) this.catchUp(share);
		share.isIdle = false;
		share.askedThreads = threads;
		share.askedUs = predictedUs;
		const isShort = predictedUs > 0 && predictedUs < SHORT_US;
		const isPatient =
			!share.isWaiting || nowUs - share.waitingSinceUs < PATIENCE_US;
		if (!isShort && isPatient && !this.#hasPlace(share, threads)) {
			if (!share.isWaiting) {
				this.#waitingCount++;
				share.waitingSinceUs = nowUs;
			}
			share.isWaiting = true;
			share.isHeldUp = true;
			share.dueUs = dueUs;
			return false;
		}
		this.#forget(share);
		share.isHeldUp = false;
		const runsUs = nowUs + predictedUs;
		share.endUs =
			share.usedThreads === 0 ? runsUs : Math.max(share.endUs, runsUs);
		share.usedThreads += threads;
		this.#usedThreads += threads;
		share.use.add(threads * predictedUs, nowUs);
		charge(share, threads * predictedUs);
		return true;
	}

	/** @param moreUs than was predicted; negative: less */
	finished(share: Share, threads: number, moreUs: number): void {
		share.usedThreads -= threads;
		this.#usedThreads -= threads;
		share.use.correct(threads * moreUs);
		charge(share, threads * moreUs);
	}

	waitUs(share: Share, nowUs: number): number {
		if (this.#hasPlace(share, share.askedThreads)) return 0;
		const mostVirtualUs = this.#startOf(share) + LAG_US;
		return (
			workAheadUs(this.#others(share), mostVirtualUs, nowUs) / this.#threadCount
		);
	}

	portion(share: Share, nowUs: number): number {
		return portionBeside(this.#others(share), share.weight, nowUs);
	}

	/** @param from who had its chance to ask for more */
	settle(from: Share | null): void {
		if (from !== null) noteIdle(from);
		if (this.#asked !== null) return;
		while (this.#waitingCount > 0) {
			const next = this.#next();
			if (next === null || !this.#fits(next.askedThreads)) return;
			this.#forget(next);
			this.#asked = next;
			next.wake();
			this.#asked = null;
			noteIdle(next);
		}
	}

	remove(share: Share): void {
		this.#forget(share);
		this.#shares.delete(share);
		this.settle(null);
	}

	#hasPlace(share: Share, threads: number): boolean {
		if (this.#shares.size === 1 || this.#isAlone(share)) return true;
		// What waits is served in its turn, not in that of who happens to ask.
		if (this.#asked !== share && this.#waitingCount > 0) return false;
		return this.#fits(threads);
	}

	#isAlone(share: Share): boolean {
		const ownWaiting = share.isWaiting ? 1 : 0;
		return (
			this.#usedThreads === share.usedThreads &&
			this.#waitingCount === ownWaiting
		);
	}

	/** One run always does, however wide. */
	#fits(threads: number): boolean {
		return (
			this.#usedThreads === 0 ||
			this.#usedThreads + threads <= this.#threadCount
		);
	}

	#next(): Share | null {
		let leastUs = Number.POSITIVE_INFINITY;
		for (const { isWaiting, virtualUs } of this.#shares)
			if (isWaiting) leastUs = Math.min(leastUs, virtualUs);
		let best: Share | null = null;
		for (const share of this.#shares) {
			if (!share.isWaiting || share.virtualUs > leastUs + LAG_US) continue;
			if (best === null || isBefore(share, best)) best = share;
		}
		return best;
	}

	catchUp(share: Share): void {
		share.virtualUs = this.#beside(share);
	}

	/** Service that it is served by from now on. */
	#startOf(share: Share): number {
		return share.isIdle ? this.#beside(share) : share.virtualUs;
	}

	/** An idle model saved nothing up: it begins where the one with the least service is. */
	#beside(share: Share): number {
		let leastUs = Number.POSITIVE_INFINITY;
		for (const other of this.#shares)
			if (other !== share && (other.isWaiting || other.usedThreads > 0))
				leastUs = Math.min(leastUs, other.virtualUs);
		return leastUs === Number.POSITIVE_INFINITY
			? share.virtualUs
			: Math.max(share.virtualUs, leastUs);
	}

	*#others(share: Share): Generator<Share> {
		for (const other of this.#shares) if (other !== share) yield other;
	}

	#forget(share: Share): void {
		if (share.isWaiting) this.#waitingCount--;
		share.isWaiting = false;
	}
}

/** @param us of one thread */
function charge(share: Share, us: number): void {
	share.virtualUs += us / share.weight;
}

function noteIdle(share: Share): void {
	share.isIdle = share.usedThreads === 0 && !share.isWaiting;
	if (share.isIdle) share.isHeldUp = false;
}

function isBefore(a: Share, b: Share): boolean {
	return (
		a.dueUs < b.dueUs || (a.dueUs === b.dueUs && a.virtualUs < b.virtualUs)
	);
}
