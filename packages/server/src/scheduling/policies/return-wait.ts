// Whether a batch that could start waits for those who were just answered. Where clients keep a fixed number of
// requests in flight and larger batches pay, two halves otherwise run in turns for ever, each while the other is
// answered: 32 + 32 rows take longer than 64. Waiting for the other half pays when
//
//     wait < T(here) + T(returning) − T(here + joining) − T(returning − joining)
//
// which is the time that the lane saves, and in such a loop the time that every request saves too. At most half of
// that is waited. Where requests come by themselves and keep coming, some are always left for the next batch, and
// nothing is saved. Nobody waits once all are back; when those who were expected do not come, the next batches do not
// wait: one, two, four, … of them.
//
// What a run takes by itself is not all: beside clients who come back, on the same cores, it takes longer, and no time
// of a batch that ran in company tells by how much. So where all come back within half of the run that they would share,
// going at once and waiting for all are also tried by turns, and what answers more is kept (cost/way-trial.ts).
import type { BatchTimes } from "../cost/cost-model.ts";
import { WayTrial } from "../cost/way-trial.ts";
import { ReturnForecast } from "./return-forecast.ts";

/** What is kept of the saving, whatever comes late. */
const MOST_OF_SAVING = 1 / 2;
/** Fewer of those who were expected are a miss. */
const KEPT_FROM = 1 / 2;
const MAX_BATCHES_WITHOUT = 64;
/** As many of those who were answered are all of them. */
const ALL = 0.9;
/** Of the run that they share: the longest that is waited for all. */
const MOST_OF_RUN = 1 / 2;
/** Longer than a batch takes, its waiting included: there was nothing to do. */
const IDLE_FROM_RUNS = 3;

export interface ReadyBatch {
	readonly rows: number;
	/** Most rows that the batch may have. */
	readonly maxRows: number;
	/** Its earliest deadline, less what is kept back; Infinity when none. */
	readonly earliestUs: number;
	readonly nowUs: number;
}

/** `open`: nothing was decided since the last batch ended. */
type Plan = { readonly kind: "open" } | DecidedPlan;

type DecidedPlan =
	| { readonly kind: "go" }
	| {
			readonly kind: "wait";
			readonly untilUs: number;
			readonly expectedRows: number;
			/** Had not come back when that was expected. */
			readonly outstandingRows: number;
	  };

export class ReturnWait {
	readonly #cost: BatchTimes;
	readonly #forecast = new ReturnForecast();
	/** Going at once, and waiting for all. */
	readonly #ways = new WayTrial();
	#plan: Plan = { kind: "open" };
	#missCount = 0;
	/** Batches that will not wait, after a miss. */
	#batchesWithout = 0;

	constructor(cost: BatchTimes) {
		this.#cost = cost;
	}

	arrived(rows: number, nowUs: number): void {
		this.#forecast.arrived(rows, nowUs);
	}

	answered(rows: number, nowUs: number): void {
		this.#judge();
		const longestUs = IDLE_FROM_RUNS * this.#cost.likelyUs(rows);
		this.#ways.ended(rows, nowUs, longestUs);
		this.#forecast.answered(rows, nowUs);
		this.#plan = { kind: "open" };
	}

	/** Until when the batch waits, decided once after each end of a batch; `nowUs` or earlier: it does not. */
	untilUs(batch: ReadyBatch): number {
		const plan = this.#plan.kind === "open" ? this.#decide(batch) : this.#plan;
		this.#plan = plan;
		if (plan.kind === "go" || this.#forecast.outstandingRows === 0)
			return batch.nowUs;
		return Math.min(
			plan.untilUs,
			batch.earliestUs - this.#cost.safeUs(batch.rows + 1),
		);
	}

	/** Whether the batch that runs now has waited. */
	get hasWaited(): boolean {
		return this.#plan.kind === "wait";
	}

	#decide(batch: ReadyBatch): DecidedPlan {
		if (this.#batchesWithout > 0) {
			this.#batchesWithout--;
			return { kind: "go" };
		}
		const plan = this.#forSome(batch);
		return plan.kind === "wait" ? plan : this.#forAll(batch);
	}

	/** Waits for those who save more than the wait. */
	#forSome({ rows, maxRows, earliestUs, nowUs }: ReadyBatch): DecidedPlan {
		const { outstandingRows } = this.#forecast;
		const aloneUs = this.#cost.likelyUs(rows);
		// Who comes while this batch runs makes the next one, now or less those who join.
		let nextRows = 0;
		this.#forecast.forEachReturn(nowUs, nowUs + aloneUs, (expected) => {
			nextRows = expected;
		});
		const separateUs = aloneUs + this.#runUs(nextRows);
		let plan: DecidedPlan = { kind: "go" };
		let bestUs = 0;
		this.#forecast.forEachReturn(nowUs, nowUs + aloneUs, (expected, atUs) => {
			const joining = Math.min(expected, maxRows - rows);
			if (joining < 1) return;
			const together = rows + joining;
			const savedUs =
				separateUs - this.#runUs(together) - this.#runUs(nextRows - joining);
			const waitUs = atUs - nowUs;
			if (waitUs > savedUs * MOST_OF_SAVING || savedUs - waitUs <= bestUs)
				return;
			if (atUs + this.#cost.safeUs(together) > earliestUs) return;
			bestUs = savedUs - waitUs;
			plan = {
				kind: "wait",
				untilUs: atUs,
				expectedRows: joining,
				outstandingRows,
			};
		});
		return plan;
	}

	/** Waits for all, if that is the way which is kept or tried. */
	#forAll({ rows, maxRows, earliestUs, nowUs }: ReadyBatch): DecidedPlan {
		const { outstandingRows, answeredRows } = this.#forecast;
		const go = { kind: "go" } as const;
		if (outstandingRows === 0) return go;
		const together = rows + outstandingRows;
		const lastUs = nowUs + MOST_OF_RUN * this.#cost.likelyUs(together);
		const absent = (1 - ALL) * answeredRows;
		let untilUs = nowUs;
		this.#forecast.forEachReturn(nowUs, lastUs, (expected, atUs) => {
			if (untilUs === nowUs && outstandingRows - expected <= absent)
				untilUs = atUs;
		});
		const isInTime = untilUs + this.#cost.safeUs(together) <= earliestUs;
		if (untilUs === nowUs || together > maxRows || !isInTime) {
			this.#ways.reset();
			return go;
		}
		if (!this.#ways.takesSecond) return go;
		const expectedRows = outstandingRows;
		return { kind: "wait", untilUs, expectedRows, outstandingRows };
	}

	/** Less than one row is expected where a batch may be needed or not. */
	#runUs(rows: number): number {
		return rows < 1 ? rows * this.#cost.likelyUs(1) : this.#cost.likelyUs(rows);
	}

	#judge(): void {
		if (this.#plan.kind !== "wait") return;
		const { expectedRows, outstandingRows } = this.#plan;
		const came = outstandingRows - this.#forecast.outstandingRows;
		if (came >= expectedRows * KEPT_FROM) {
			this.#missCount = 0;
			return;
		}
		this.#batchesWithout = Math.min(2 ** this.#missCount, MAX_BATCHES_WITHOUT);
		this.#missCount++;
	}
}
