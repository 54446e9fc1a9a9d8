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
import { finishUs, reconsiderUs, rowsDoneBy } from "./finish-time.ts";
import type { LaneForecast } from "./lane-forecast.ts";
import type { Place, Placement } from "./placement.ts";

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
