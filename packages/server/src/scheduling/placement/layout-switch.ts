// Two layouts of the same cores: one lane of all of them, and lanes side by side. The first answers few requests sooner.
// Where work never ends the second may answer more, since a run on several threads ends with its slowest, and whatever
// else wants a core takes it from all of them. Whether it does is tried (cost/way-trial.ts).
//
//   one lane ──▶ side by side   two full batches wait when one ends, and trying showed or will show that it pays
//            ◀──                not even one waits
//
// Two: clients that keep a fixed number of requests in flight may have one waiting whenever another one ends, and side
// by side they would only make smaller batches.
import type { BatchTimes } from "../cost/cost-model.ts";
import { WayTrial } from "../cost/way-trial.ts";
import type { SchedulerView } from "../policy.ts";
import type { Entry } from "../scheduler.ts";
import type { Place, Placement } from "./placement.ts";

/** So many full batches that wait are work without an end. */
const PRESSED_BATCHES = 2;
/** Longer than a batch takes: there was nothing to do. */
const IDLE_FROM_RUNS = 3;

/** By layout, which a scheduler takes for a device: 0 is the one lane, 1 the lanes side by side. */
export class LayoutSwitch<E extends Entry> implements Placement<E>, BatchTimes {
	readonly #costs: readonly [BatchTimes, BatchTimes];
	readonly #changed: () => void;
	readonly #trial = new WayTrial();
	#current: 0 | 1 = 0;

	/** @param changed another layout is in use from now on */
	constructor(costs: readonly [BatchTimes, BatchTimes], changed: () => void) {
		this.#costs = costs;
		this.#changed = changed;
	}

	isInUse(layout: number): boolean {
		return layout === this.#current;
	}

	/** A batch of so many rows ended, and so many wait. */
	ended(rows: number, waitingRows: number, nowUs: number): void {
		const { efficientRows } = this;
		if (waitingRows < PRESSED_BATCHES * efficientRows) {
			this.#trial.reset();
			if (waitingRows < efficientRows) this.#use(0);
			return;
		}
		this.#trial.ended(rows, nowUs, IDLE_FROM_RUNS * this.likelyUs(rows));
		this.#use(this.#trial.takesSecond ? 1 : 0);
	}

	/** The other one while only its lanes are warmed. */
	choose({ lanes }: SchedulerView<E>): Place {
		const device = lanes.hasIdle(this.#current)
			? this.#current
			: 1 - this.#current;
		return { kind: "device", device };
	}

	isForAnother(): boolean {
		return false;
	}

	runUs(layout: number, rows: number): number {
		return this.#costs[layout]!.likelyUs(rows);
	}

	likelyUs(rows: number): number {
		return this.#cost.likelyUs(rows);
	}

	safeUs(rows: number): number {
		return this.#cost.safeUs(rows);
	}

	get efficientRows(): number {
		return this.#cost.efficientRows;
	}

	idleUs(nowUs: number): number {
		return this.#cost.idleUs(nowUs);
	}

	doubt(): void {
		for (const cost of this.#costs) cost.doubt();
	}

	get isDoubted(): boolean {
		return this.#cost.isDoubted;
	}

	get #cost(): BatchTimes {
		return this.#costs[this.#current];
	}

	#use(layout: 0 | 1): void {
		if (layout === this.#current) return;
		this.#current = layout;
		this.#changed();
	}
}
