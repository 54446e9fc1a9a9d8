// The scheduler of one model: takes entries, lets the policy decide, hands batches to free lanes, and tells what
// will never run the moment that is known, whether lanes are free or not.
import type { RefusalReason } from "@saccade/protocol";
import type { Clock, Timer } from "../common/clock.ts";
import { Heap } from "../common/heap.ts";
import { EntryQueue } from "./entry-queue.ts";
import { effectiveTimeoutUs, type QueuePolicy } from "./queue-policy.ts";
import type {
	Entry,
	Executor,
	Scheduler,
	SchedulerEvents,
	SchedulerStats,
} from "./scheduler.ts";
import { type BatchRules, decideBatch } from "./triton-policy.ts";

export interface BatchSchedulerOptions<E extends Entry> {
	readonly clock: Clock;
	readonly executor: Executor<E>;
	readonly events: SchedulerEvents<E>;
	readonly rules: BatchRules;
	/** One policy per priority level, level 1 first. */
	readonly levels: readonly QueuePolicy[];
	/** Level of entries with priority 0. @default 1 */
	readonly defaultLevel?: number;
	/** One batch at a time, so that answers leave in the order of arrival. @default false */
	readonly preserveOrdering?: boolean;
	/**
	 * Runs a callback after the input that is already there has been read, so that requests which arrive together
	 * run together. @default setImmediate
	 */
	readonly defer?: (callback: () => void) => void;
}

type Phase = "open" | "draining" | "closed";

export class BatchScheduler<E extends Entry> implements Scheduler<E> {
	readonly #clock: Clock;
	readonly #executor: Executor<E>;
	readonly #events: SchedulerEvents<E>;
	readonly #rules: BatchRules;
	readonly #levels: readonly QueuePolicy[];
	readonly #defaultLevel: number;
	readonly #laneCount: number;
	readonly #defer: (callback: () => void) => void;
	readonly #queue: EntryQueue<E>;
	readonly #expiries = new Heap<E>((entry) => entry.expiresUs);
	#phase: Phase = "open";
	#running = 0;
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
		this.#rules = options.rules;
		this.#levels = options.levels;
		this.#defaultLevel = options.defaultLevel ?? 1;
		this.#laneCount = options.preserveOrdering ? 1 : options.executor.laneCount;
		this.#defer = options.defer ?? setImmediate;
		this.#queue = new EntryQueue(options.levels.length);
	}

	submit(entry: E): void {
		const nowUs = this.#clock.nowUs();
		entry.enqueuedUs = nowUs;
		const level = this.#levelOf(entry);
		const policy = this.#levels[level - 1]!;
		const refusal = this.#refusalOf(entry, level, policy, nowUs);
		if (refusal !== null) {
			this.#refuse(entry, refusal);
			return;
		}
		entry.state = "queued";
		this.#queue.push(entry, level);
		this.#watchExpiry(entry, effectiveTimeoutUs(policy, entry.timeoutUs));
		if (this.#running >= this.#laneCount) return;
		if (this.#queue.rows >= this.#rules.maxRows && this.#rules.maxRows > 1)
			this.#dispatch();
		else this.#dispatchSoon();
	}

	cancel(entry: E): boolean {
		if (entry.state !== "queued") return false;
		this.#leaveQueue(entry);
		this.#refuse(entry, "cancelled");
		this.#checkDrained();
		return true;
	}

	stats(): SchedulerStats {
		const head = this.#queue.head();
		return {
			queuedCount: this.#queue.count,
			queuedRows: this.#queue.rows,
			runningBatches: this.#running,
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
		for (
			let entry = this.#queue.head();
			entry !== null;
			entry = this.#queue.head()
		) {
			this.#leaveQueue(entry);
			this.#refuse(entry, "shutting-down");
		}
		this.#expiryTimer?.cancel();
		this.#delayTimer?.cancel();
		this.#checkDrained();
	}

	#levelOf(entry: E): number {
		const { priority } = entry;
		const isLevel = priority >= 1 && priority <= this.#levels.length;
		return isLevel ? priority : this.#defaultLevel;
	}

	#refusalOf(
		entry: E,
		level: number,
		policy: QueuePolicy,
		nowUs: number,
	): RefusalReason | null {
		if (this.#phase !== "open") return "shutting-down";
		if (entry.deadlineUs <= nowUs) return "expired";
		const isFull =
			policy.maxQueueCount > 0 &&
			this.#queue.levelCount(level) >= policy.maxQueueCount;
		return isFull ? "queue-full" : null;
	}

	#refuse(entry: E, because: RefusalReason): void {
		entry.state = "done";
		this.#events.refused(entry, because, {
			queuedCount: this.#queue.count,
			limitCount: this.#levels[this.#levelOf(entry) - 1]!.maxQueueCount,
			waitedUs: this.#clock.nowUs() - entry.enqueuedUs,
			predictedUs: 0,
		});
	}

	#leaveQueue(entry: E): void {
		this.#queue.remove(entry);
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
		while (this.#running < this.#laneCount && this.#queue.count > 0) {
			const nowUs = this.#clock.nowUs();
			const isDraining = this.#phase !== "open";
			const decision = decideBatch(this.#queue, this.#rules, nowUs, isDraining);
			if (decision.kind === "wait") {
				this.#delayTimer = this.#clock.at(
					decision.untilUs,
					this.#deferredDispatch,
				);
				break;
			}
			const batch = this.#take(decision.take, nowUs);
			if (batch.length === 0) continue;
			this.#running++;
			this.#executor.run(batch, decision.closedBecause, this.#release);
		}
		this.#dispatching = false;
		this.#checkDrained();
	}

	/** Takes entries from the head; those that expired a moment ago are told so and left out. */
	#take(count: number, nowUs: number): E[] {
		const batch: E[] = [];
		for (let i = 0; i < count; i++) {
			const entry = this.#queue.head()!;
			this.#leaveQueue(entry);
			if (entry.deadlineUs <= nowUs) {
				this.#refuse(entry, "expired");
				continue;
			}
			entry.state = "running";
			batch.push(entry);
		}
		return batch;
	}

	readonly #release = (): void => {
		this.#running--;
		this.#dispatch();
	};

	#checkDrained(): void {
		if (this.#drained.length === 0) return;
		if (this.#queue.count > 0 || this.#running > 0) return;
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
		this.#expiryTimer = this.#clock.at(next.expiresUs, this.#expire);
	}

	readonly #expire = (): void => {
		this.#expiryTimer = null;
		this.#expiryTimerUs = Number.POSITIVE_INFINITY;
		const nowUs = this.#clock.nowUs();
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
		const level = this.#levelOf(entry);
		const isDelayed =
			entry.deadlineUs > nowUs &&
			this.#levels[level - 1]!.timeoutAction === "delay";
		if (isDelayed) {
			this.#queue.delay(entry, level);
			// Its deadline still holds.
			entry.expiresUs = entry.deadlineUs;
			if (entry.expiresUs !== Number.POSITIVE_INFINITY)
				this.#expiries.push(entry);
			return;
		}
		this.#queue.remove(entry);
		this.#refuse(
			entry,
			entry.deadlineUs <= nowUs ? "expired" : "queue-timeout",
		);
	}
}
