// The scheduler of one model: takes entries, lets the policy decide, hands batches to free lanes, and tells what
// will never run the moment that is known, whether lanes are free or not.
import type { RefusalReason } from "@saccade/protocol";
import { type Clock, EXPIRY_EARLY_US, type Timer } from "../common/clock.ts";
import { Heap } from "../common/heap.ts";
import { type DeviceShare, PATIENCE_US } from "./device-arbiter.ts";
import { EntryQueue } from "./entry-queue.ts";
import { ExpectedRequests } from "./expected-requests.ts";
import { LaneForecast } from "./lane-forecast.ts";
import type { Place, Placement } from "./placement.ts";
import type {
	BatchDecision,
	SchedulerView,
	SchedulingPolicy,
} from "./policy.ts";
import { effectiveTimeoutUs, type QueuePolicy } from "./queue-policy.ts";
import type {
	ClosedBecause,
	Entry,
	Executor,
	Refusal,
	RefusalDetail,
	Scheduler,
	SchedulerEvents,
	SchedulerStats,
} from "./scheduler.ts";

export interface BatchSchedulerOptions<E extends Entry> {
	readonly clock: Clock;
	readonly executor: Executor<E>;
	readonly events: SchedulerEvents<E>;
	readonly policy: SchedulingPolicy<E>;
	/** Which device takes the next batch. Needed where the executor has several. @default null: the only one */
	readonly placement?: Placement<E> | null;
	/** Rows at which a batch is full: it does not wait for the end of the input that is there. 1: not batched. */
	readonly maxRows: number;
	/** One queue policy per priority level, level 1 first. */
	readonly levels: readonly QueuePolicy[];
	/** Level of entries with priority 0. @default 1 */
	readonly defaultLevel?: number;
	/** Of a device that others use too: its `wake` is the argument. @default the lanes are its own */
	readonly share?: (wake: () => void) => DeviceShare;
	/** One batch at a time, so that answers leave in the order of arrival. @default false */
	readonly preserveOrdering?: boolean;
	/** How long the event loop keeps what arrives and what is answered waiting, in µs. @default 0 */
	readonly loopDelayUs?: () => number;
	/**
	 * Runs a callback after the input that is already there has been read, so that requests which arrive together
	 * run together. @default setImmediate
	 */
	readonly defer?: (callback: () => void) => void;
}

/** A busy loop may cost a request at most so much of its time. */
const MAX_MARGIN = 1 / 4;

type Phase = "open" | "draining" | "closed";

const ONLY_DEVICE: Place = { kind: "device", device: 0 };
/** All that waits is left to other devices: it goes on when one of them comes free. */
const NOTHING_FITS: BatchDecision = {
	kind: "wait",
	untilUs: Number.POSITIVE_INFINITY,
};

export class BatchScheduler<E extends Entry>
	implements Scheduler<E>, SchedulerView<E>
{
	readonly queue: EntryQueue<E>;
	readonly lanes: LaneForecast;
	/** As of the decision that is being made. */
	nowUs = 0;
	expectedRows = 0;
	marginUs = 0;
	readonly #expected = new ExpectedRequests();
	readonly #clock: Clock;
	readonly #executor: Executor<E>;
	readonly #events: SchedulerEvents<E>;
	readonly #policy: SchedulingPolicy<E>;
	readonly #placement: Placement<E> | null;
	readonly #maxRows: number;
	readonly #levels: readonly QueuePolicy[];
	readonly #defaultLevel: number;
	readonly #defer: (callback: () => void) => void;
	readonly #loopDelayUs: () => number;
	readonly #share: DeviceShare | null;
	/** By lane, where the device is shared. */
	readonly #runs: { startUs: number; predictedUs: number }[];
	/** What `foresee` asks the policy about; one object, since requests come often. */
	readonly #foreseen: {
		readonly rows: number;
		readonly level: number;
		deadlineUs: number;
		enqueuedUs: number;
		orderUs: number;
	};
	readonly #expiries = new Heap<E>((entry) => entry.expiresUs);
	#phase: Phase = "open";
	#isAvailable = true;
	#deferred = false;
	#dispatching = false;
	#expiryTimer: Timer | null = null;
	#expiryTimerUs = Number.POSITIVE_INFINITY;
	#delayTimer: Timer | null = null;
	#drained: (() => void)[] = [];

	constructor(options: BatchSchedulerOptions<E>) {
		this.#clock = options.clock;
		this.#executor = options.executor;
		this.#events = options.events;
		this.#policy = options.policy;
		this.#placement = options.placement ?? null;
		this.#maxRows = options.maxRows;
		this.#levels = options.levels;
		this.#defaultLevel = options.defaultLevel ?? 1;
		this.#foreseen = {
			rows: 1,
			level: this.#defaultLevel,
			deadlineUs: 0,
			enqueuedUs: 0,
			orderUs: 0,
		};
		const { deviceLanes = [options.executor.laneCount] } = options.executor;
		this.lanes = options.preserveOrdering
			? new LaneForecast(
					deviceLanes.map(() => 1),
					1,
				)
			: new LaneForecast(deviceLanes);
		this.#defer = options.defer ?? setImmediate;
		this.#loopDelayUs = options.loopDelayUs ?? (() => 0);
		this.#share = options.share?.(() => this.#dispatch()) ?? null;
		this.#runs = Array.from({ length: this.lanes.laneCount }, () => ({
			startUs: 0,
			predictedUs: 0,
		}));
		this.queue = new EntryQueue(options.levels.length);
	}

	get isDraining(): boolean {
		return this.#phase !== "open";
	}

	foresee(deadlineUs: number): Refusal | null {
		// A request of a higher priority would overtake, and which it has is not known yet.
		if (this.#levels.length > 1) return null;
		const nowUs = this.#clock.nowUs();
		this.nowUs = nowUs;
		const arrival = this.#foreseen;
		arrival.deadlineUs = deadlineUs;
		arrival.enqueuedUs = nowUs;
		arrival.orderUs = this.#policy.orderUs(arrival);
		const refusal = this.#refusalOf(arrival);
		if (refusal !== null)
			return { because: refusal, detail: this.#detailOf(arrival, nowUs, 0) };
		this.expectedRows = this.#expected.countBefore(deadlineUs, nowUs);
		this.marginUs = this.#marginUs(deadlineUs - nowUs);
		const predictedUs = this.#policy.cannotFinishUs(arrival, this);
		if (predictedUs === 0) {
			if (deadlineUs !== Number.POSITIVE_INFINITY)
				this.#expected.add(deadlineUs, nowUs);
			return null;
		}
		const detail = this.#detailOf(arrival, nowUs, predictedUs);
		return { because: "cannot-finish", detail };
	}

	/**
	 * The head waited up to a turn of the loop before it was seen, which its deadline does not know of, and the answer
	 * will find a client that is no less busy.
	 */
	#marginUs(leftUs: number): number {
		return Math.min(2 * this.#loopDelayUs(), leftUs * MAX_MARGIN);
	}

	submit(entry: E): void {
		const nowUs = this.#clock.nowUs();
		this.nowUs = nowUs;
		entry.enqueuedUs = nowUs;
		entry.level = this.#levelOf(entry);
		entry.orderUs = this.#policy.orderUs(entry);
		this.#expected.arrived(entry.deadlineUs);
		// It was promised its time; those who are still on their way will find less of it.
		this.expectedRows = 0;
		this.marginUs = 0;
		const refusal = this.#refusalOf(entry);
		if (refusal !== null) {
			this.#refuse(entry, refusal);
			return;
		}
		const predictedUs = this.#policy.cannotFinishUs(entry, this);
		if (predictedUs > 0) {
			this.#refuse(entry, "cannot-finish", predictedUs);
			return;
		}
		entry.state = "queued";
		this.queue.push(entry);
		this.#policy.arrived(entry.rows, nowUs);
		const policy = this.#levels[entry.level - 1]!;
		this.#watchExpiry(entry, effectiveTimeoutUs(policy, entry.timeoutUs));
		if (this.lanes.idleCount === 0) return;
		if (this.queue.rows >= this.#maxRows && this.#maxRows > 1) this.#dispatch();
		else this.#dispatchSoon();
	}

	cancel(entry: E): boolean {
		if (entry.state !== "queued") return false;
		this.#leaveQueue(entry);
		this.#refuse(entry, "cancelled");
		this.#checkDrained();
		return true;
	}

	putBack(entry: E): void {
		const nowUs = this.#clock.nowUs();
		this.nowUs = nowUs;
		const isClosed = this.#phase === "closed";
		const refusal = isClosed
			? "shutting-down"
			: entry.deadlineUs <= nowUs
				? "expired"
				: null;
		if (refusal !== null) {
			this.#refuse(entry, refusal);
			return;
		}
		const predictedUs = this.#policy.cannotFinishUs(entry, this);
		if (predictedUs > 0 && this.lanes.count > 0) {
			this.#refuse(entry, "cannot-finish", predictedUs);
			return;
		}
		entry.state = "queued";
		this.queue.restore(entry);
		entry.expiresUs = entry.deadlineUs;
		if (entry.expiresUs !== Number.POSITIVE_INFINITY) {
			this.#expiries.push(entry);
			this.#armExpiry();
		}
		this.#dispatchSoon();
	}

	giveUp(lane: number): void {
		this.lanes.giveUp(lane);
	}

	setDevice(device: number, inUse: boolean): void {
		this.lanes.setInUse(device, inUse);
		if (inUse) this.#dispatchSoon();
	}

	setAvailable(isAvailable: boolean): void {
		this.#isAvailable = isAvailable;
		if (!isAvailable) this.#refuseAll("unavailable");
	}

	wake(): void {
		this.#dispatchSoon();
	}

	stats(): SchedulerStats {
		const head = this.queue.head();
		return {
			queuedCount: this.queue.count,
			queuedRows: this.queue.rows,
			runningBatches: this.#runningCount,
			oldestWaitUs: head === null ? 0 : this.#clock.nowUs() - head.enqueuedUs,
		};
	}

	drain(): Promise<void> {
		if (this.#phase === "open") this.#phase = "draining";
		const drained = this.idle();
		this.#dispatch();
		return drained;
	}

	idle(): Promise<void> {
		return new Promise((resolve) => {
			this.#drained.push(resolve);
			this.#checkDrained();
		});
	}

	close(): void {
		this.#phase = "closed";
		this.#refuseAll("shutting-down");
		this.#share?.close();
		this.#expiryTimer?.cancel();
		this.#delayTimer?.cancel();
		this.#checkDrained();
	}

	#refuseAll(because: RefusalReason): void {
		for (
			let entry = this.queue.head();
			entry !== null;
			entry = this.queue.head()
		) {
			this.#leaveQueue(entry);
			this.#refuse(entry, because);
		}
		this.#checkDrained();
	}

	#levelOf(entry: E): number {
		const { priority } = entry;
		const isLevel = priority >= 1 && priority <= this.#levels.length;
		return isLevel ? priority : this.#defaultLevel;
	}

	#refusalOf(
		arrival: Pick<Entry, "deadlineUs" | "level">,
	): RefusalReason | null {
		if (this.#phase !== "open") return "shutting-down";
		if (!this.#isAvailable) return "unavailable";
		if (arrival.deadlineUs <= this.nowUs) return "expired";
		const { maxQueueCount } = this.#levels[arrival.level - 1]!;
		const isFull =
			maxQueueCount > 0 &&
			this.queue.levelCount(arrival.level) >= maxQueueCount;
		return isFull ? "queue-full" : null;
	}

	#refuse(entry: E, because: RefusalReason, predictedUs = 0): void {
		entry.state = "done";
		const nowUs = this.#clock.nowUs();
		const detail = this.#detailOf(entry, nowUs, predictedUs);
		this.#events.refused(entry, because, detail);
	}

	#detailOf(
		arrival: Pick<Entry, "deadlineUs" | "enqueuedUs" | "level">,
		nowUs: number,
		predictedUs: number,
	): RefusalDetail {
		return {
			queuedCount: this.queue.count,
			limitCount: this.#levels[arrival.level - 1]!.maxQueueCount,
			waitedUs: nowUs - arrival.enqueuedUs,
			predictedUs,
			leftUs: arrival.deadlineUs - nowUs,
		};
	}

	#leaveQueue(entry: E): void {
		this.queue.remove(entry);
		this.#expiries.remove(entry);
	}

	// ── batches ──────────────────────────────────────────────────────────────────────────────────────────

	#dispatchSoon(): void {
		if (this.#deferred) return;
		this.#deferred = true;
		this.#defer(this.#deferredDispatch);
	}

	readonly #deferredDispatch = (): void => {
		this.#deferred = false;
		this.#dispatch();
	};

	#dispatch(): void {
		// A run on this thread frees its lane before `run` returns: the loop sees it.
		if (this.#dispatching) return;
		this.#dispatching = true;
		this.#delayTimer?.cancel();
		this.#delayTimer = null;
		while (this.lanes.idleCount > 0 && this.queue.count > 0) {
			const nowUs = this.#clock.nowUs();
			this.nowUs = nowUs;
			const placement = this.#placement;
			const place = placement?.choose(this) ?? ONLY_DEVICE;
			if (place.kind === "wait") {
				this.#dispatchAt(place.untilUs);
				break;
			}
			const { device } = place;
			const others =
				placement === null ? [] : this.#setAside(placement, device);
			let decision =
				this.queue.count === 0 ? NOTHING_FITS : this.#policy.decide(this);
			let predictedUs = 0;
			if (decision.kind === "run") {
				predictedUs = this.#policy.likelyUs(decision.take);
				const dueUs = this.queue.head()!.orderUs;
				if (this.#share?.tryStart(dueUs, predictedUs, nowUs) === false)
					decision = { kind: "wait", untilUs: nowUs + PATIENCE_US };
			}
			const taken =
				decision.kind === "wait" ? [] : this.#takeHeads(countOf(decision));
			for (const entry of others) this.queue.restore(entry);
			if (decision.kind === "wait") {
				this.#dispatchAt(decision.untilUs);
				break;
			}
			if (decision.kind === "refuse") {
				this.#refuse(taken[0]!, decision.because, decision.predictedUs);
				continue;
			}
			const batch = this.#startable(taken, nowUs);
			if (batch.length > 0)
				this.#run(batch, decision.closedBecause, device, predictedUs);
			else this.#share?.finished(predictedUs, 0);
		}
		this.#dispatching = false;
		this.#checkDrained();
	}

	#dispatchAt(atUs: number): void {
		if (atUs !== Number.POSITIVE_INFINITY)
			this.#delayTimer = this.#clock.at(atUs, this.#deferredDispatch);
	}

	/** Takes the heads out of the queue that are left to faster devices. Nothing else happens until they are back. */
	#setAside(placement: Placement<E>, device: number): E[] {
		const others: E[] = [];
		for (
			let head = this.queue.head();
			head !== null && placement.isForAnother(head, device, this);
			head = this.queue.head()
		) {
			this.queue.remove(head);
			others.push(head);
		}
		return others;
	}

	#run(
		batch: readonly E[],
		closedBecause: ClosedBecause,
		device: number,
		predictedUs: number,
	): void {
		let rows = 0;
		for (const entry of batch) rows += entry.rows;
		const takesUs =
			this.#placement?.runUs(device, rows) ?? this.#policy.likelyUs(rows);
		const lane = this.lanes.start(this.nowUs + takesUs, rows, device);
		const run = this.#runs[lane]!;
		run.startUs = this.nowUs;
		run.predictedUs = predictedUs;
		this.#executor.run(batch, closedBecause, lane, this.#release);
	}

	#takeHeads(count: number): E[] {
		const taken: E[] = [];
		for (let i = 0; i < count; i++) {
			const entry = this.queue.head()!;
			this.#leaveQueue(entry);
			taken.push(entry);
		}
		return taken;
	}

	/** Those that may run; what expired a moment ago is told so and left out. */
	#startable(taken: readonly E[], nowUs: number): readonly E[] {
		for (const entry of taken) entry.state = "running";
		let isWhole = true;
		for (const entry of taken) {
			if (entry.deadlineUs > nowUs) continue;
			isWhole = false;
			this.#refuse(entry, "expired");
		}
		return isWhole
			? taken
			: taken.filter(({ deadlineUs }) => deadlineUs > nowUs);
	}

	readonly #release = (lane: number): void => {
		const rows = this.lanes.finish(lane);
		const nowUs = this.#clock.nowUs();
		this.#policy.answered(rows, nowUs);
		const { startUs, predictedUs } = this.#runs[lane]!;
		this.#share?.finished(predictedUs, nowUs - startUs);
		this.#dispatch();
		this.#share?.settle();
	};

	get #runningCount(): number {
		return this.lanes.busyCount;
	}

	#checkDrained(): void {
		if (this.#drained.length === 0) return;
		if (this.queue.count > 0 || this.#runningCount > 0) return;
		const waiting = this.#drained;
		this.#drained = [];
		for (const resolve of waiting) resolve();
	}

	// ── expiry ───────────────────────────────────────────────────────────────────────────────────────────

	#watchExpiry(entry: E, timeoutUs: number): void {
		const timeoutAtUs =
			timeoutUs > 0 ? entry.enqueuedUs + timeoutUs : Number.POSITIVE_INFINITY;
		entry.expiresUs = Math.min(entry.deadlineUs, timeoutAtUs);
		if (entry.expiresUs === Number.POSITIVE_INFINITY) return;
		this.#expiries.push(entry);
		this.#armExpiry();
	}

	/** One timer, for the earliest; it is left armed when entries leave, and then finds nothing to do. */
	#armExpiry(): void {
		const next = this.#expiries.peek();
		if (next === null || next.expiresUs >= this.#expiryTimerUs) return;
		this.#expiryTimer?.cancel();
		this.#expiryTimerUs = next.expiresUs;
		this.#expiryTimer = this.#clock.at(
			next.expiresUs,
			this.#expire,
			EXPIRY_EARLY_US,
		);
	}

	readonly #expire = (): void => {
		this.#expiryTimer = null;
		this.#expiryTimerUs = Number.POSITIVE_INFINITY;
		const nowUs = this.#clock.nowUs() + EXPIRY_EARLY_US;
		for (;;) {
			const entry = this.#expiries.peek();
			if (entry === null || entry.expiresUs > nowUs) break;
			this.#expiries.remove(entry);
			this.#expireEntry(entry, nowUs);
		}
		this.#armExpiry();
		this.#checkDrained();
	};

	#expireEntry(entry: E, nowUs: number): void {
		const isDelayed =
			entry.deadlineUs > nowUs &&
			this.#levels[entry.level - 1]!.timeoutAction === "delay";
		if (isDelayed) {
			this.queue.delay(entry);
			// Its deadline still holds.
			entry.expiresUs = entry.deadlineUs;
			if (entry.expiresUs !== Number.POSITIVE_INFINITY)
				this.#expiries.push(entry);
			return;
		}
		this.queue.remove(entry);
		this.#refuse(
			entry,
			entry.deadlineUs <= nowUs ? "expired" : "queue-timeout",
		);
	}
}

function countOf(decision: Exclude<BatchDecision, { kind: "wait" }>): number {
	return decision.kind === "run" ? decision.take : 1;
}
