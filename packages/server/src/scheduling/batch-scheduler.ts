// The scheduler of one model: takes entries, lets the policy decide, hands batches to free lanes, and tells what
// will never run the moment that is known, whether lanes are free or not.
import type { RefusalReason } from "@saccade/protocol";
import type { Clock, Timer } from "../common/clock.ts";
import { Admission } from "./admission/admission.ts";
import { type DeviceShare, PATIENCE_US } from "./placement/device-arbiter.ts";
import {
	DEVICE_ALONE,
	type DeviceOutlook,
} from "./placement/device-outlook.ts";
import { LaneForecast } from "./placement/lane-forecast.ts";
import type { Place, Placement } from "./placement/placement.ts";
import type {
	BatchDecision,
	SchedulerView,
	SchedulingPolicy,
} from "./policy.ts";
import { EntryQueue } from "./queue/entry-queue.ts";
import { ExpiryWatch } from "./queue/expiry-watch.ts";
import { effectiveTimeoutUs, type QueuePolicy } from "./queue/queue-policy.ts";
import type {
	ClosedBecause,
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
	readonly device: DeviceOutlook;
	/** As of the decision that is being made. */
	nowUs = 0;
	expectedRows = 0;
	marginUs = 0;
	readonly #clock: Clock;
	readonly #executor: Executor<E>;
	readonly #events: SchedulerEvents<E>;
	readonly #policy: SchedulingPolicy<E>;
	readonly #placement: Placement<E> | null;
	readonly #maxRows: number;
	readonly #admission: Admission<E>;
	readonly #expiries: ExpiryWatch<E>;
	readonly #defer: (callback: () => void) => void;
	readonly #share: DeviceShare | null;
	/** By lane, where the device is shared. */
	readonly #runs: { startUs: number; predictedUs: number }[];
	#phase: Phase = "open";
	#deferred = false;
	#dispatching = false;
	#delayTimer: Timer | null = null;
	#drained: (() => void)[] = [];

	constructor(options: BatchSchedulerOptions<E>) {
		this.#clock = options.clock;
		this.#executor = options.executor;
		this.#events = options.events;
		this.#policy = options.policy;
		this.#placement = options.placement ?? null;
		this.#maxRows = options.maxRows;
		this.#admission = new Admission({
			policy: options.policy,
			levels: options.levels,
			defaultLevel: options.defaultLevel ?? 1,
			loopDelayUs: options.loopDelayUs ?? (() => 0),
		});
		this.#expiries = new ExpiryWatch(options.clock, {
			expired: (entry, nowUs) => this.#expired(entry, nowUs),
			settled: () => this.#checkDrained(),
		});
		const { deviceLanes = [options.executor.laneCount] } = options.executor;
		this.lanes = options.preserveOrdering
			? new LaneForecast(
					deviceLanes.map(() => 1),
					1,
				)
			: new LaneForecast(deviceLanes);
		this.#defer = options.defer ?? setImmediate;
		this.#share = options.share?.(() => this.#dispatch()) ?? null;
		this.device = this.#share ?? DEVICE_ALONE;
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
		this.nowUs = this.#clock.nowUs();
		return this.#admission.foresee(this, deadlineUs);
	}

	submit(entry: E): void {
		const nowUs = this.#clock.nowUs();
		this.nowUs = nowUs;
		const refusal = this.#admission.judge(this, entry);
		if (refusal !== null) {
			this.#refuse(entry, refusal.because, refusal.predictedUs);
			return;
		}
		entry.state = "queued";
		this.queue.push(entry);
		this.#policy.arrived(entry.rows, nowUs);
		this.#expiries.watch(entry, this.#expiryUs(entry));
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
		this.#expiries.watch(entry, entry.deadlineUs);
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
		this.#admission.isAvailable = isAvailable;
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
		this.#admission.isOpen = false;
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
		this.#admission.isOpen = false;
		this.#refuseAll("shutting-down");
		this.#share?.close();
		this.#expiries.close();
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

	#refuse(entry: E, because: RefusalReason, predictedUs = 0): void {
		entry.state = "done";
		const now = { queue: this.queue, nowUs: this.#clock.nowUs() };
		const detail = this.#admission.detailOf(now, entry, predictedUs);
		this.#events.refused(entry, because, detail);
	}

	#leaveQueue(entry: E): void {
		this.queue.remove(entry);
		this.#expiries.forget(entry);
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
				if (this.#share?.tryStart(dueUs, predictedUs, nowUs, device) === false)
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
			else this.#share?.finished(predictedUs, 0, device);
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
		const device = this.lanes.deviceOf(lane);
		this.#share?.finished(predictedUs, nowUs - startUs, device);
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
			this.queue.delay(entry);
			// Its deadline still holds.
			this.#expiries.watch(entry, entry.deadlineUs);
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
