// Which device the next batch goes to: the one where it ends first, by what batches of its size took there. That may
// be a device that is still busy; then an idle one that is slower stays idle, unless what waits would keep the others
// busy for longer than it needs. Pure: lanes, waiting rows and predicted times in, a place out.
//
// Two devices, the fast one busy until 10 and 20 ms a batch, the slow one idle and 50 ms a batch, both 8 rows:
//   8 rows wait  → the fast one has done them at 30: wait for it
//   24 rows wait → it has done 16 of them at 50: the slow one takes 8 of them now
import type { BatchTimes } from "../cost/cost-model.ts";
import type { SchedulerView } from "../policy.ts";
import type { Entry } from "../scheduler.ts";
import type { LaneForecast } from "./lane-forecast.ts";

export type Place =
	| { readonly kind: "device"; readonly device: number }
	/** No idle device is worth using before then. */
	| { readonly kind: "wait"; readonly untilUs: number };

export interface Placement<E extends Entry> {
	/** Where the next batch goes. Something waits and a lane is idle. */
	choose(view: SchedulerView<E>): Place;
	/** Whether the entry would be late on `device`, and another device can still answer it in time. */
	isForAnother(entry: E, device: number, view: SchedulerView<E>): boolean;
	/** µs that a batch which starts on `device` now will probably take; 0 when unknown. */
	runUs(device: number, rows: number): number;
}

export interface EarliestFinishOptions {
	/** By device. */
	readonly costs: readonly BatchTimes[];
	/** Kept back from each deadline, in µs. @default 500 */
	readonly guardUs?: number;
	/** How loaded a device is, 0 to 1: of several that end a batch at the same time the least loaded gets it. */
	readonly loadOf?: (device: number) => number;
	/** The device was passed over on the grounds of times that no run confirmed lately. */
	readonly onStale?: (device: number) => void;
}

const GUARD_US = 500;
/** Ends that differ by less than this share of a run are the same. */
const SAME = 0.01;
/** Sums of µs since some origin are exact to far less than this. */
const ROUNDING_US = 0.01;
/** Waiting for a busy device is not reconsidered more often. */
const RECONSIDER_US = 500;
/** What no run confirmed for so long is no ground to pass a device over. */
const STALE_AFTER_US = 1_000_000;

/** Also the batch times of the device that was chosen last: those a policy then decides by. */
export class EarliestFinish<E extends Entry>
	implements Placement<E>, BatchTimes
{
	readonly #costs: readonly BatchTimes[];
	readonly #guardUs: number;
	readonly #loadOf: (device: number) => number;
	readonly #onStale: (device: number) => void;
	#device = 0;

	constructor(options: EarliestFinishOptions) {
		this.#costs = options.costs;
		this.#guardUs = options.guardUs ?? GUARD_US;
		this.#loadOf = options.loadOf ?? (() => 0);
		this.#onStale = options.onStale ?? (() => {});
	}

	choose({ queue, lanes, nowUs }: SchedulerView<E>): Place {
		const best = this.#soonest(lanes, queue.rows);
		const takesUs = this.#batchUs(best, queue.rows);
		const doneRows = rowsDoneBy(nowUs + takesUs, lanes, this.#costs, nowUs);
		if (doneRows < queue.rows) {
			this.#device = best;
			return { kind: "device", device: best };
		}
		if (this.#costs[best]!.idleUs(nowUs) > STALE_AFTER_US) this.#onStale(best);
		return {
			kind: "wait",
			untilUs: reconsiderUs(takesUs, lanes, this.#costs, nowUs),
		};
	}

	isForAnother(entry: E, device: number, view: SchedulerView<E>): boolean {
		const { deadlineUs, rows } = entry;
		const { lanes, nowUs } = view;
		const latestUs = deadlineUs - this.#guardUs;
		if (nowUs + this.#costs[device]!.safeUs(rows) <= latestUs) return false;
		for (let lane = 0; lane < lanes.laneCount; lane++) {
			const other = lanes.deviceOf(lane);
			if (other === device || !lanes.isCounted(lane)) continue;
			const takesUs = this.#costs[other]!.safeUs(rows);
			if (lanes.freeUs(lane, nowUs) + takesUs <= latestUs) return true;
		}
		return false;
	}

	runUs(device: number, rows: number): number {
		return this.#costs[device]!.likelyUs(rows);
	}

	/** µs from now until `rows` rows are answered that come after `ahead` others, on whichever device that is. */
	finishUs(
		{ lanes, nowUs }: SchedulerView<E>,
		ahead: number,
		rows: number,
	): number {
		return finishUs({ lanes, costs: this.#costs, ahead, rows, nowUs }) - nowUs;
	}

	likelyUs(rows: number): number {
		return this.#costs[this.#device]!.likelyUs(rows);
	}

	safeUs(rows: number): number {
		return this.#costs[this.#device]!.safeUs(rows);
	}

	get efficientRows(): number {
		return this.#costs[this.#device]!.efficientRows;
	}

	idleUs(nowUs: number): number {
		return this.#costs[this.#device]!.idleUs(nowUs);
	}

	doubt(): void {
		for (const cost of this.#costs) cost.doubt();
	}

	get isDoubted(): boolean {
		return this.#costs[this.#device]!.isDoubted;
	}

	/** The device with an idle lane on which a batch of those that wait ends first. */
	#soonest(lanes: LaneForecast, waitingRows: number): number {
		let best = -1;
		let bestUs = Number.POSITIVE_INFINITY;
		for (let device = 0; device < lanes.deviceCount; device++) {
			if (!lanes.hasIdle(device)) continue;
			const us = this.#batchUs(device, waitingRows);
			const isSame = Math.abs(us - bestUs) <= SAME * bestUs;
			const isBetter = isSame
				? this.#loadOf(device) < this.#loadOf(best)
				: us < bestUs;
			if (best >= 0 && !isBetter) continue;
			best = device;
			bestUs = us;
		}
		return best;
	}

	#batchUs(device: number, waitingRows: number): number {
		const cost = this.#costs[device]!;
		return cost.likelyUs(Math.min(waitingRows, cost.efficientRows));
	}
}

/** Rows that the busy lanes will have done by `untilUs`, batch after batch, beyond those under way. */
function rowsDoneBy(
	untilUs: number,
	lanes: LaneForecast,
	costs: readonly BatchTimes[],
	nowUs: number,
	withIdle = false,
): number {
	let rows = 0;
	for (let lane = 0; lane < lanes.laneCount; lane++) {
		if (!lanes.isCounted(lane)) continue;
		if (!withIdle && lanes.isLaneIdle(lane)) continue;
		const { efficientRows, batchUs } = paceOf(costs, lanes.deviceOf(lane));
		const freeUs = lanes.freeUs(lane, nowUs);
		rows += efficientRows * batchesBy(untilUs, freeUs, batchUs);
	}
	return rows;
}

/**
 * When an idle device, on which a batch takes `takesUs`, is worth using after all, if nothing changes: a busy one that
 * becomes late puts off its end by twice the time that passes.
 */
function reconsiderUs(
	takesUs: number,
	lanes: LaneForecast,
	costs: readonly BatchTimes[],
	nowUs: number,
): number {
	let atUs = Number.POSITIVE_INFINITY;
	for (let lane = 0; lane < lanes.laneCount; lane++) {
		if (!lanes.isCounted(lane) || lanes.isLaneIdle(lane)) continue;
		const { batchUs } = paceOf(costs, lanes.deviceOf(lane));
		const gainUs = Math.max(takesUs - batchUs, 0);
		atUs = Math.min(atUs, lanes.freeUs(lane, nowUs) + gainUs);
	}
	return Math.max(atUs, nowUs + RECONSIDER_US);
}

export interface FinishQuery {
	readonly lanes: LaneForecast;
	readonly costs: readonly BatchTimes[];
	/** Rows that are served before. */
	readonly ahead: number;
	readonly rows: number;
	readonly nowUs: number;
}

/**
 * When `rows` rows are answered that come after `ahead` others, if each batch goes where it ends first. Lane i then
 * ends its batches at freeᵢ + k·batchᵢ: the answer is where enough rows have come together. Infinity without lanes.
 */
export function finishUs(query: FinishQuery): number {
	const { lanes, costs, ahead, rows, nowUs } = query;
	if (ahead === 0) return soonestUs(query);
	const needed = ahead + rows;
	// Before this instant they cannot be done: as if lanes worked in fractions of batches.
	let doneUs = fluidUs(query, needed);
	if (doneUs === Number.POSITIVE_INFINITY) return doneUs;
	let last = -1;
	// Batches are whole ones: one end after the other, until enough are.
	while (rowsDoneBy(doneUs, lanes, costs, nowUs, true) < needed) {
		let nextUs = Number.POSITIVE_INFINITY;
		for (let lane = 0; lane < lanes.laneCount; lane++) {
			if (!lanes.isCounted(lane)) continue;
			const { batchUs } = paceOf(costs, lanes.deviceOf(lane));
			const freeUs = lanes.freeUs(lane, nowUs);
			const endUs = freeUs + (batchesBy(doneUs, freeUs, batchUs) + 1) * batchUs;
			if (endUs >= nextUs) continue;
			nextUs = endUs;
			last = lane;
		}
		doneUs = nextUs;
	}
	return doneUs + (last < 0 ? 0 : marginUs(costs[lanes.deviceOf(last)]!));
}

/** The soonest end of a batch of these rows alone. */
function soonestUs({ lanes, costs, rows, nowUs }: FinishQuery): number {
	let soonest = Number.POSITIVE_INFINITY;
	for (let lane = 0; lane < lanes.laneCount; lane++) {
		if (!lanes.isCounted(lane)) continue;
		const takesUs = costs[lanes.deviceOf(lane)]!.safeUs(rows);
		soonest = Math.min(soonest, lanes.freeUs(lane, nowUs) + takesUs);
	}
	return soonest;
}

/** When `needed` rows are done if lanes work without pause and in fractions of batches: those that are free by then. */
function fluidUs({ lanes, costs, nowUs }: FinishQuery, needed: number): number {
	let untilUs = Number.POSITIVE_INFINITY;
	for (;;) {
		let rate = 0;
		let offset = 0;
		for (let lane = 0; lane < lanes.laneCount; lane++) {
			if (!lanes.isCounted(lane)) continue;
			const freeUs = lanes.freeUs(lane, nowUs);
			if (freeUs >= untilUs) continue;
			const { efficientRows, batchUs } = paceOf(costs, lanes.deviceOf(lane));
			rate += efficientRows / batchUs;
			offset += (efficientRows / batchUs) * (freeUs - nowUs);
		}
		if (rate === 0) return untilUs;
		const nextUs = nowUs + (needed + offset) / rate;
		// A lane that is free only later does not help: without it, it takes no longer than was thought with it.
		if (nextUs >= untilUs) return untilUs;
		untilUs = nextUs;
	}
}

function batchesBy(untilUs: number, freeUs: number, batchUs: number): number {
	return Math.max(0, Math.floor((untilUs - freeUs + ROUNDING_US) / batchUs));
}

function marginUs(cost: BatchTimes): number {
	const { efficientRows } = cost;
	return cost.safeUs(efficientRows) - cost.likelyUs(efficientRows);
}

/** How a device works through many batches. One that is not known yet is believed to be fast. */
function paceOf(costs: readonly BatchTimes[], device: number) {
	const cost = costs[device]!;
	const { efficientRows } = cost;
	return { efficientRows, batchUs: Math.max(cost.likelyUs(efficientRows), 1) };
}
