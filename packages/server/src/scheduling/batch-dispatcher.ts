// Hands batches to free lanes: while a lane is idle and something waits, the placement says on which device, the policy
// decides what runs there, and on a device that others use too the arbiter may say "later". What waits stays in the
// queue until its batch starts.
import type { RefusalReason } from "@saccade/protocol";
import type { Clock, Timer } from "../common/clock.ts";
import type { DecisionView } from "./decision-view.ts";
import { type DeviceShare, PATIENCE_US } from "./placement/device-arbiter.ts";
import type { Place, Placement } from "./placement/placement.ts";
import { SharedRuns } from "./placement/shared-runs.ts";
import type { BatchDecision, SchedulingPolicy } from "./policy.ts";
import type { ExpiryWatch } from "./queue/expiry-watch.ts";
import type { ClosedBecause, Entry, Executor } from "./scheduler.ts";

export interface BatchDispatcherOptions<E extends Entry> {
	readonly clock: Clock;
	readonly view: DecisionView<E>;
	readonly executor: Executor<E>;
	readonly policy: SchedulingPolicy<E>;
	/** Null: there is one device. */
	readonly placement: Placement<E> | null;
	/** Null: its device is its own. */
	readonly share: DeviceShare | null;
	/** Runs a callback after the input that is already there has been read. */
	readonly defer: (callback: () => void) => void;
	/** Forgets who leaves the queue. */
	readonly expiries: ExpiryWatch<E>;
	readonly events: DispatchEvents<E>;
}

export interface DispatchEvents<E extends Entry> {
	/** It left the queue and will not run. */
	refused(entry: E, because: RefusalReason, predictedUs: number): void;
	/** Nothing more starts before something changes. */
	settled(): void;
}

const ONLY_DEVICE: Place = { kind: "device", device: 0 };
/** All that waits is left to other devices: it goes on when one of them comes free. */
const NOTHING_FITS: BatchDecision = {
	kind: "wait",
	untilUs: Number.POSITIVE_INFINITY,
};
const NOBODY: readonly never[] = [];

export class BatchDispatcher<E extends Entry> {
	readonly #clock: Clock;
	readonly #view: DecisionView<E>;
	readonly #executor: Executor<E>;
	readonly #policy: SchedulingPolicy<E>;
	readonly #placement: Placement<E> | null;
	readonly #defer: (callback: () => void) => void;
	readonly #expiries: ExpiryWatch<E>;
	readonly #events: DispatchEvents<E>;
	readonly #runs: SharedRuns;
	#isDeferred = false;
	#isDispatching = false;
	#timer: Timer | null = null;

	constructor(options: BatchDispatcherOptions<E>) {
		this.#clock = options.clock;
		this.#view = options.view;
		this.#executor = options.executor;
		this.#policy = options.policy;
		this.#placement = options.placement;
		this.#defer = options.defer;
		this.#expiries = options.expiries;
		this.#events = options.events;
		this.#runs = new SharedRuns(options.share, options.view.lanes.laneCount);
	}

	/** Starts what can start, once the input that is there has been read: what arrives together runs together. */
	dispatchSoon(): void {
		if (this.#isDeferred) return;
		this.#isDeferred = true;
		this.#defer(this.#deferred);
	}

	/** Starts what can start. */
	dispatch(): void {
		// A run on this thread frees its lane before `run` returns: the loop sees it.
		if (this.#isDispatching) return;
		this.#isDispatching = true;
		this.#timer?.cancel();
		this.#timer = null;
		const { lanes, queue } = this.#view;
		while (lanes.idleCount > 0 && queue.count > 0)
			if (!this.#dispatchOne()) break;
		this.#isDispatching = false;
		this.#events.settled();
	}

	close(): void {
		this.#runs.close();
		this.#timer?.cancel();
	}

	readonly #deferred = (): void => {
		this.#isDeferred = false;
		this.dispatch();
	};

	/** Starts a batch, or refuses the head. False: neither is to be done now. */
	#dispatchOne(): boolean {
		const view = this.#view;
		const { queue } = view;
		const nowUs = this.#clock.nowUs();
		view.nowUs = nowUs;
		const place = this.#placement?.choose(view) ?? ONLY_DEVICE;
		if (place.kind === "wait") return this.#waitUntil(place.untilUs);
		const { device } = place;
		const others = this.#setAside(device);
		let decision = queue.count === 0 ? NOTHING_FITS : this.#policy.decide(view);
		let predictedUs = 0;
		if (decision.kind === "run") {
			if (this.#runs.areShared)
				predictedUs = this.#policy.likelyUs(this.#rowsOf(decision.take));
			const dueUs = queue.head()!.orderUs;
			if (!this.#runs.tryStart(dueUs, predictedUs, nowUs, device))
				decision = { kind: "wait", untilUs: nowUs + PATIENCE_US };
		}
		const taken =
			decision.kind === "wait" ? NOBODY : this.#takeHeads(countOf(decision));
		for (const entry of others) queue.restore(entry);
		if (decision.kind === "wait") return this.#waitUntil(decision.untilUs);
		if (decision.kind === "refuse")
			this.#events.refused(taken[0]!, decision.because, decision.predictedUs);
		else this.#start(taken, decision.closedBecause, device, predictedUs);
		return true;
	}

	#waitUntil(untilUs: number): false {
		if (untilUs !== Number.POSITIVE_INFINITY)
			this.#timer = this.#clock.at(untilUs, this.#deferred);
		return false;
	}

	/** Takes the heads out of the queue that are left to faster devices. Nothing else happens until they are back. */
	#setAside(device: number): readonly E[] {
		const placement = this.#placement;
		if (placement === null) return NOBODY;
		const { queue } = this.#view;
		const others: E[] = [];
		for (
			let head = queue.head();
			head !== null && placement.isForAnother(head, device, this.#view);
			head = queue.head()
		) {
			queue.remove(head);
			others.push(head);
		}
		return others;
	}

	/** Of so many heads. */
	#rowsOf(count: number): number {
		const { queue } = this.#view;
		if (count === queue.count) return queue.rows;
		let rows = 0;
		let entry = queue.first();
		for (let i = 0; i < count && entry !== null; i++) {
			rows += entry.rows;
			entry = queue.next();
		}
		return rows;
	}

	#takeHeads(count: number): readonly E[] {
		const { queue } = this.#view;
		const taken: E[] = [];
		for (let i = 0; i < count; i++) {
			const entry = queue.head()!;
			queue.remove(entry);
			this.#expiries.forget(entry);
			taken.push(entry);
		}
		return taken;
	}

	#start(
		taken: readonly E[],
		closedBecause: ClosedBecause,
		device: number,
		predictedUs: number,
	): void {
		const view = this.#view;
		const batch = this.#startable(taken);
		if (batch.length === 0) {
			this.#runs.notStarted(predictedUs, device);
			return;
		}
		let rows = 0;
		for (const entry of batch) rows += entry.rows;
		const takesUs =
			this.#placement?.runUs(device, rows) ?? this.#policy.likelyUs(rows);
		const lane = view.lanes.start(view.nowUs + takesUs, rows, device);
		this.#runs.started(lane, predictedUs, view.nowUs, device);
		this.#executor.run(batch, closedBecause, lane, this.#release);
	}

	/** Those that may run; what expired a moment ago is told so and left out. */
	#startable(taken: readonly E[]): readonly E[] {
		const { nowUs } = this.#view;
		for (const entry of taken) entry.state = "running";
		let isWhole = true;
		for (const entry of taken) {
			if (entry.deadlineUs > nowUs) continue;
			isWhole = false;
			this.#events.refused(entry, "expired", 0);
		}
		return isWhole
			? taken
			: taken.filter(({ deadlineUs }) => deadlineUs > nowUs);
	}

	readonly #release = (lane: number): void => {
		const rows = this.#view.lanes.finish(lane);
		const nowUs = this.#clock.nowUs();
		this.#policy.answered(rows, nowUs);
		this.#runs.ended(lane, nowUs);
		this.dispatch();
		this.#runs.settle();
	};
}

function countOf(decision: Exclude<BatchDecision, { kind: "wait" }>): number {
	return decision.kind === "run" ? decision.take : 1;
}
