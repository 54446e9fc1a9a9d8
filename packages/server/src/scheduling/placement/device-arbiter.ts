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

/** How far the service of models may differ, per unit of weight, in µs of one thread. */
export const LAG_US = 20_000;

/** Longest wait for a place, in µs; who waited so long asks again. */
export const PATIENCE_US = 1_000_000;

/** What one scheduler knows of a shared device. */
export interface DeviceShare {
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

interface Run {
	readonly threads: number;
	readonly dueUs: number;
	readonly predictedUs: number;
}

class Share implements DeviceShare {
	weight: number;
	readonly wake: () => void;
	/** Service so far over the weight, in µs. */
	virtualUs = 0;
	dueUs = 0;
	isWaiting = false;
	waitingSinceUs = 0;
	/** Threads of the run that waits. */
	wantedThreads = 0;
	/** Had neither a run nor something to run when it could have said so. */
	isIdle = true;
	/** Threads of its runs. */
	usedThreads = 0;
	readonly #arbiter: DeviceArbiter;
	readonly #threadCounts: readonly number[];

	constructor(arbiter: DeviceArbiter, options: ShareOptions) {
		this.#arbiter = arbiter;
		this.#threadCounts = options.threadCounts;
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
		const share = new Share(this, options);
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
		const isShort = predictedUs > 0 && predictedUs < SHORT_US;
		const isPatient =
			!share.isWaiting || nowUs - share.waitingSinceUs < PATIENCE_US;
		if (!isShort && isPatient && !this.#hasPlace(share, threads)) {
			if (!share.isWaiting) {
				this.#waitingCount++;
				share.waitingSinceUs = nowUs;
			}
			share.isWaiting = true;
			share.wantedThreads = threads;
			share.dueUs = dueUs;
			return false;
		}
		this.#forget(share);
		share.usedThreads += threads;
		this.#usedThreads += threads;
		charge(share, threads * predictedUs);
		return true;
	}

	/** @param moreUs than was predicted; negative: less */
	finished(share: Share, threads: number, moreUs: number): void {
		share.usedThreads -= threads;
		this.#usedThreads -= threads;
		charge(share, threads * moreUs);
	}

	/** @param from who had its chance to ask for more */
	settle(from: Share | null): void {
		if (from !== null) noteIdle(from);
		if (this.#asked !== null) return;
		while (this.#waitingCount > 0) {
			const next = this.#next();
			if (next === null || !this.#fits(next.wantedThreads)) return;
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

	/** An idle model saved nothing up: it begins where the one with the least service is. */
	catchUp(share: Share): void {
		let leastUs = Number.POSITIVE_INFINITY;
		for (const other of this.#shares)
			if (other !== share && (other.isWaiting || other.usedThreads > 0))
				leastUs = Math.min(leastUs, other.virtualUs);
		if (leastUs !== Number.POSITIVE_INFINITY)
			share.virtualUs = Math.max(share.virtualUs, leastUs);
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
}

function isBefore(a: Share, b: Share): boolean {
	return (
		a.dueUs < b.dueUs || (a.dueUs === b.dueUs && a.virtualUs < b.virtualUs)
	);
}
