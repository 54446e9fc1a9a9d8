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
import type { BatchTimes } from "./cost-model.ts";
import { ReturnForecast } from "./return-forecast.ts";

/** What is kept of the saving, whatever comes late. */
const MOST_OF_SAVING = 1 / 2;
/** Fewer of those who were expected are a miss. */
const KEPT_FROM = 1 / 2;
const MAX_BATCHES_WITHOUT = 64;

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

	#decide({ rows, maxRows, earliestUs, nowUs }: ReadyBatch): DecidedPlan {
		if (this.#batchesWithout > 0) {
			this.#batchesWithout--;
			return { kind: "go" };
		}
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
