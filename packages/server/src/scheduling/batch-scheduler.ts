// The scheduler of one model: takes entries in, has batches of them run (batch-dispatcher.ts), and tells what will never
// run the moment that is known, whether lanes are free or not.
import type { RefusalReason } from "@saccade/protocol";
import type { Clock } from "../common/clock.ts";
import { Admission } from "./admission/admission.ts";
import { BatchDispatcher } from "./batch-dispatcher.ts";
import { DecisionView } from "./decision-view.ts";
import type { DeviceShare } from "./placement/device-arbiter.ts";
import { DEVICE_ALONE } from "./placement/device-outlook.ts";
import { LaneForecast } from "./placement/lane-forecast.ts";
import type { Placement } from "./placement/placement.ts";
import type { SchedulingPolicy } from "./policy.ts";
import { EntryQueue } from "./queue/entry-queue.ts";
import { ExpiryWatch } from "./queue/expiry-watch.ts";
import { effectiveTimeoutUs, type QueuePolicy } from "./queue/queue-policy.ts";
import type {
	Entry,
	Executor,
	Refusal,
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

export class BatchScheduler<E extends Entry> implements Scheduler<E> {
	readonly #clock: Clock;
	readonly #events: SchedulerEvents<E>;
	readonly #policy: SchedulingPolicy<E>;
	readonly #maxRows: number;
	readonly #queue: EntryQueue<E>;
	readonly #lanes: LaneForecast;
	readonly #view: DecisionView<E>;
	readonly #admission: Admission<E>;
	readonly #expiries: ExpiryWatch<E>;
	readonly #dispatcher: BatchDispatcher<E>;
	#isClosed = false;
	/** Who waits for the moment when nothing waits and nothing runs. */
	#idle: (() => void)[] = [];

	constructor(options: BatchSchedulerOptions<E>) {
		const { clock, executor, policy, levels } = options;
		this.#clock = clock;
		this.#events = options.events;
		this.#policy = policy;
		this.#maxRows = options.maxRows;
		this.#queue = new EntryQueue(levels.length);
		const { deviceLanes = [executor.laneCount] } = executor;
		this.#lanes = options.preserveOrdering
			? new LaneForecast(
					deviceLanes.map(() => 1),
					1,
				)
			: new LaneForecast(deviceLanes);
		const share = options.share?.(() => this.#dispatcher.dispatch()) ?? null;
		this.#view = new DecisionView(
			this.#queue,
			this.#lanes,
			share ?? DEVICE_ALONE,
		);
		this.#admission = new Admission({
			policy,
			levels,
			defaultLevel: options.defaultLevel ?? 1,
			loopDelayUs: options.loopDelayUs ?? (() => 0),
		});
		this.#expiries = new ExpiryWatch(clock, {
			expired: (entry, nowUs) => this.#expired(entry, nowUs),
			settled: () => this.#checkIdle(),
		});
		this.#dispatcher = new BatchDispatcher({
			clock,
			view: this.#view,
			executor,
			policy,
			placement: options.placement ?? null,
			share,
			defer: options.defer ?? setImmediate,
			expiries: this.#expiries,
			events: {
				refused: (entry, because, predictedUs) =>
					this.#refuse(entry, because, predictedUs),
				settled: () => this.#checkIdle(),
			},
		});
	}

	foresee(deadlineUs: number): Refusal | null {
		this.#view.nowUs = this.#clock.nowUs();
		return this.#admission.foresee(this.#view, deadlineUs);
	}

	submit(entry: E): void {
		const nowUs = this.#clock.nowUs();
		this.#view.nowUs = nowUs;
		const refusal = this.#admission.judge(this.#view, entry);
		if (refusal !== null) {
			this.#refuse(entry, refusal.because, refusal.predictedUs);
			return;
		}
		entry.state = "queued";
		this.#queue.push(entry);
		this.#policy.arrived(entry.rows, nowUs);
		this.#expiries.watch(entry, this.#expiryUs(entry));
		if (this.#lanes.idleCount === 0) return;
		if (this.#queue.rows >= this.#maxRows && this.#maxRows > 1)
			this.#dispatcher.dispatch();
		else this.#dispatcher.dispatchSoon();
	}

	cancel(entry: E): boolean {
		if (entry.state !== "queued") return false;
		this.#leaveQueue(entry);
		this.#refuse(entry, "cancelled");
		this.#checkIdle();
		return true;
	}

	putBack(entry: E): void {
		const nowUs = this.#clock.nowUs();
		this.#view.nowUs = nowUs;
		const refusal = this.#isClosed
			? "shutting-down"
			: entry.deadlineUs <= nowUs
				? "expired"
				: null;
		if (refusal !== null) {
			this.#refuse(entry, refusal);
			return;
		}
		const predictedUs = this.#policy.cannotFinishUs(entry, this.#view);
		if (predictedUs > 0 && this.#lanes.count > 0) {
			this.#refuse(entry, "cannot-finish", predictedUs);
			return;
		}
		entry.state = "queued";
		this.#queue.restore(entry);
		this.#expiries.watch(entry, entry.deadlineUs);
		this.#dispatcher.dispatchSoon();
	}

	giveUp(lane: number): void {
		this.#lanes.giveUp(lane);
	}

	setDevice(device: number, inUse: boolean): void {
		this.#lanes.setInUse(device, inUse);
		if (inUse) this.#dispatcher.dispatchSoon();
	}

	setAvailable(isAvailable: boolean): void {
		this.#admission.isAvailable = isAvailable;
		if (!isAvailable) this.#refuseAll("unavailable");
	}

	wake(): void {
		this.#dispatcher.dispatchSoon();
	}

	stats(): SchedulerStats {
		const head = this.#queue.head();
		return {
			queuedCount: this.#queue.count,
			queuedRows: this.#queue.rows,
			runningBatches: this.#lanes.busyCount,
			oldestWaitUs: head === null ? 0 : this.#clock.nowUs() - head.enqueuedUs,
		};
	}

	drain(): Promise<void> {
		this.#stopTaking();
		const drained = this.idle();
		this.#dispatcher.dispatch();
		return drained;
	}

	idle(): Promise<void> {
		return new Promise((resolve) => {
			this.#idle.push(resolve);
			this.#checkIdle();
		});
	}

	close(): void {
		this.#isClosed = true;
		this.#stopTaking();
		this.#refuseAll("shutting-down");
		this.#dispatcher.close();
		this.#expiries.close();
		this.#checkIdle();
	}

	/** What waits is not kept waiting for company any more. */
	#stopTaking(): void {
		this.#admission.isOpen = false;
		this.#view.isDraining = true;
	}

	#refuseAll(because: RefusalReason): void {
		for (
			let entry = this.#queue.head();
			entry !== null;
			entry = this.#queue.head()
		) {
			this.#leaveQueue(entry);
			this.#refuse(entry, because);
		}
		this.#checkIdle();
	}

	#refuse(entry: E, because: RefusalReason, predictedUs = 0): void {
		entry.state = "done";
		const now = { queue: this.#queue, nowUs: this.#clock.nowUs() };
		const detail = this.#admission.detailOf(now, entry, predictedUs);
		this.#events.refused(entry, because, detail);
	}

	#leaveQueue(entry: E): void {
		this.#queue.remove(entry);
		this.#expiries.forget(entry);
	}

	#checkIdle(): void {
		if (this.#idle.length === 0) return;
		if (this.#queue.count > 0 || this.#lanes.busyCount > 0) return;
		const waiting = this.#idle;
		this.#idle = [];
		for (const resolve of waiting) resolve();
	}

	// ── expiry ───────────────────────────────────────────────────────────────────────────────────────────

	/** When it leaves the queue by itself. */
	#expiryUs(entry: E): number {
		const policy = this.#admission.policyOf(entry);
		const timeoutUs = effectiveTimeoutUs(policy, entry.timeoutUs);
		return timeoutUs > 0
			? Math.min(entry.deadlineUs, entry.enqueuedUs + timeoutUs)
			: entry.deadlineUs;
	}

	#expired(entry: E, nowUs: number): void {
		const { timeoutAction } = this.#admission.policyOf(entry);
		if (entry.deadlineUs > nowUs && timeoutAction === "delay") {
			this.#queue.delay(entry);
			// Its deadline still holds.
			this.#expiries.watch(entry, entry.deadlineUs);
			return;
		}
		this.#queue.remove(entry);
		this.#refuse(
			entry,
			entry.deadlineUs <= nowUs ? "expired" : "queue-timeout",
		);
	}
}
