// Earliest deadline first. Invariants: a batch starts only if its earliest deadline still holds after the predicted
// time of that batch; what cannot be answered in time is refused on arrival, or as soon as it shows.
//
// Which entries may share a batch and how long it may wait for more follows the model's own batching rules
// (batch-rules.ts), here over entries in the order of their deadlines. On top of them:
//   * a batch closes before its earliest deadline would be missed: at min(slack) − predicted(rows + 1);
//   * without preferred sizes it grows no larger than rows get cheaper, and, of several lanes, none takes what the
//     next ones need: lanes, wire and clients then work side by side, not in step;
//   * what is there waits for those who were just answered where that saves more than it costs (return-wait.ts);
//   * an entry without a deadline is served as if it had one a second after its arrival: it waits behind what is
//     urgent, and no longer than that. With an objective that is the time instead, and batches grow no larger than it
//     allows, while it can be kept; nothing is refused for it.
// Clockwork showed that predicted run times are good enough for it (https://www.usenix.org/conference/osdi20/presentation/gujarati).
import type { BatchTimes } from "../cost/cost-model.ts";
import type {
	Arrival,
	BatchDecision,
	RunOrWait,
	SchedulerView,
	SchedulingPolicy,
} from "../policy.ts";
import type { EntryQueue } from "../queue/entry-queue.ts";
import type { ClosedBecause, Entry } from "../scheduler.ts";
import { type BatchRules, decideBatch, run } from "./batch-rules.ts";
import { ReturnWait } from "./return-wait.ts";

/** When rows are answered that come after others: see placement/finish-time.ts. */
interface FinishForecast<E extends Entry> {
	/** µs from now. */
	finishUs(view: SchedulerView<E>, ahead: number, rows: number): number;
}

export interface DeadlinePolicyOptions<E extends Entry> {
	readonly rules: BatchRules;
	/** Of the device that is decided on. */
	readonly cost: BatchTimes;
	/** When something would be answered, where batches go to several devices. @default all lanes are alike */
	readonly finish?: FinishForecast<E> | null;
	/** Kept back from each deadline for the reply and for jitter, in µs. @default 500 */
	readonly guardUs?: number;
	/** Time in which entries without a deadline should be answered, in µs. 0: none. @default 0 */
	readonly objectiveUs?: number;
	/** Order of entries without a deadline: as if they had one so long after their arrival, in µs. @default 1 s */
	readonly patienceUs?: number;
}

const GUARD_US = 500;
const PATIENCE_US = 1_000_000;
/** A device that is too slow for all that comes spends at most so little of its time on trying whether it still is. */
const PROBE_AFTER_RUNS = 4;
const REST_US = 1_000_000;
/** Of so many batches that are full, one grows beyond where rows get no cheaper: the measurement stays fresh. */
const EXPLORE_EVERY = 16;

export class DeadlinePolicy<E extends Entry> implements SchedulingPolicy<E> {
	readonly #rules: BatchRules;
	readonly #cost: BatchTimes;
	readonly #finish: FinishForecast<E> | null;
	readonly #guardUs: number;
	readonly #objectiveUs: number;
	readonly #patienceUs: number;
	readonly #returns: ReturnWait;
	#fullCount = 0;
	// What `#fit` found.
	#fitCount = 0;
	#fitRows = 0;
	#earliestUs = Number.POSITIVE_INFINITY;
	/** Of the first entry that did not fit. */
	#cutDeadlineUs = Number.POSITIVE_INFINITY;

	constructor(options: DeadlinePolicyOptions<E>) {
		this.#rules = options.rules;
		this.#cost = options.cost;
		this.#returns = new ReturnWait(options.cost);
		this.#finish = options.finish ?? null;
		this.#guardUs = options.guardUs ?? GUARD_US;
		this.#objectiveUs = options.objectiveUs ?? 0;
		this.#patienceUs = this.#objectiveUs || (options.patienceUs ?? PATIENCE_US);
	}

	orderUs({
		deadlineUs,
		enqueuedUs,
	}: Pick<Entry, "deadlineUs" | "enqueuedUs">): number {
		return deadlineUs === Number.POSITIVE_INFINITY
			? enqueuedUs + this.#patienceUs
			: deadlineUs;
	}

	likelyUs(rows: number): number {
		return this.#cost.likelyUs(rows);
	}

	arrived(rows: number, nowUs: number): void {
		this.#returns.arrived(rows, nowUs);
	}

	answered(rows: number, nowUs: number): void {
		this.#returns.answered(rows, nowUs);
	}

	cannotFinishUs(arrival: Arrival, view: SchedulerView<E>): number {
		const { queue, lanes, device, nowUs, expectedRows, marginUs } = view;
		if (arrival.deadlineUs === Number.POSITIVE_INFINITY) return 0;
		const leftUs = arrival.deadlineUs - this.#guardUs - marginUs - nowUs;
		const { level, orderUs, rows } = arrival;
		const batchRows = this.#typicalRows(queue);
		const batchUs = this.#cost.likelyUs(batchRows) / device.portion(nowUs);
		// Mostly there is time for everything that waits, and none of it need be counted.
		const all = queue.rows + expectedRows;
		const latestUs = this.#finishUs(view, all, rows, batchRows, batchUs);
		if (latestUs <= leftUs) return 0;
		// More than can be done until then need not be counted either.
		const enough =
			this.#finish === null
				? (lanes.count * leftUs * batchRows) / Math.max(batchUs, 1)
				: Number.POSITIVE_INFINITY;
		const ahead =
			expectedRows + queue.rowsBefore(level, orderUs, enough + batchRows);
		const finishUs = this.#finishUs(view, ahead, rows, batchRows, batchUs);
		if (finishUs <= leftUs) return 0;
		const isForOthers = this.#cost.safeUs(rows) <= leftUs;
		if (queue.count + expectedRows > 0 || isForOthers || !this.#mayProbe(view))
			return finishUs;
		this.#cost.doubt();
		return 0;
	}

	/**
	 * µs from now until `rows` rows are answered that come after `ahead` others.
	 * @param batchUs that each batch keeps its lane, the turns of other models that follow it included
	 */
	#finishUs(
		view: SchedulerView<E>,
		ahead: number,
		rows: number,
		batchRows: number,
		batchUs: number,
	): number {
		if (this.#finish !== null) return this.#finish.finishUs(view, ahead, rows);
		const { lanes, device, nowUs } = view;
		const batch = Math.floor(ahead / batchRows);
		const startUs =
			lanes.startUs(batch, batchUs, nowUs) - nowUs + device.waitUs(nowUs);
		const shared = this.#rules.maxRows > 1 ? ahead % batchRows : 0;
		const ownRows = Math.max(Math.min(shared + rows, batchRows), rows);
		// With others ahead the own batch may be any, up to a full one.
		const safeRows = batch > 0 ? Math.max(ownRows, batchRows) : ownRows;
		return startUs + this.#cost.safeUs(safeRows);
	}

	decide(view: SchedulerView<E>): BatchDecision {
		const { queue, nowUs } = view;
		const { maxRows, why } = this.#limit(view);
		const decision = decideBatch(
			queue,
			this.#rules,
			nowUs,
			view.isDraining,
			maxRows,
		);
		this.#fit(view, decision.kind === "run" ? decision.take : queue.count);
		if (this.#fitCount === 0) {
			if (this.#cost.isDoubted || this.#mayProbe(view))
				return run(1, "deadline");
			return refuse(this.#cost.safeUs(queue.head()!.rows));
		}
		if (decision.kind === "wait") {
			const lastUs =
				this.#earliestUs - this.#guardUs - this.#cost.safeUs(this.#fitRows + 1);
			if (lastUs <= nowUs) return run(this.#fitCount, "deadline");
			return lastUs < decision.untilUs
				? { kind: "wait", untilUs: lastUs }
				: decision;
		}
		if (this.#fitCount < decision.take)
			return queue.head()!.deadlineUs !== Number.POSITIVE_INFINITY &&
				this.#delaysNext(view)
				? refuse(this.#cost.safeUs(this.#fitRows + 1))
				: run(this.#fitCount, "deadline");
		if (decision.closedBecause === "idle-device")
			return this.#awaitReturns(view, decision, maxRows);
		if (decision.closedBecause !== "full") return decision;
		if (why === "efficient-size") this.#fullCount++;
		const isAll = why === "lane-share" && decision.take === queue.count;
		return run(decision.take, isAll ? "idle-device" : why);
	}

	/** With several lanes the others work meanwhile, and what waits is shared out among them. */
	#awaitReturns(
		{ lanes, nowUs, isDraining }: SchedulerView<E>,
		decision: RunOrWait,
		maxRows: number,
	): RunOrWait {
		if (lanes.count > 1 || this.#isFixed || isDraining) return decision;
		const untilUs = this.#returns.untilUs({
			rows: this.#fitRows,
			maxRows,
			earliestUs: this.#earliestUs - this.#guardUs,
			nowUs,
		});
		if (untilUs > nowUs) return { kind: "wait", untilUs };
		return this.#returns.hasWaited && decision.kind === "run"
			? run(decision.take, "returns-awaited")
			: decision;
	}

	/** Rows of the batches that those who wait will make. */
	#typicalRows(queue: EntryQueue<E>): number {
		if (this.#rules.maxRows > 1) return this.#efficientRows();
		return queue.count === 0 ? 1 : queue.rows / queue.count;
	}

	/**
	 * Nothing else would run, and nothing has for several times what a run is believed to take: trying beats refusing.
	 * Otherwise a stall would be believed in for as long as everything is refused because of it. Who waits for other
	 * models to leave the device had no run for another reason.
	 */
	#mayProbe({ lanes, device, nowUs }: SchedulerView<E>): boolean {
		if (lanes.idleCount < lanes.count || device.isHeldUp) return false;
		const restUs = Math.min(PROBE_AFTER_RUNS * this.#cost.safeUs(1), REST_US);
		return this.#cost.idleUs(nowUs) > restUs;
	}

	/** Most rows of the next batch, and what that limit is called. */
	#limit({ queue, lanes }: SchedulerView<E>): {
		maxRows: number;
		why: ClosedBecause;
	} {
		const { maxRows } = this.#rules;
		const efficient = this.#efficientRows();
		// With one lane there is nobody to leave anything to.
		const share =
			lanes.count === 1 || this.#isFixed
				? efficient
				: Math.ceil((queue.rows + lanes.runningRows) / (lanes.count + 1));
		if (share < efficient) return { maxRows: share, why: "lane-share" };
		return {
			maxRows: efficient,
			why: efficient < maxRows ? "efficient-size" : "full",
		};
	}

	/** The configuration says how large batches are. */
	get #isFixed(): boolean {
		return this.#rules.maxRows === 1 || this.#rules.preferredRows.length > 0;
	}

	#efficientRows(): number {
		const { maxRows } = this.#rules;
		if (this.#isFixed) return maxRows;
		const { efficientRows } = this.#cost;
		const explores = this.#fullCount % EXPLORE_EVERY === EXPLORE_EVERY - 1;
		return Math.min(explores ? 2 * efficientRows : efficientRows, maxRows);
	}

	/**
	 * Whether the batch that `#fit` found, cut short for the sake of its earliest deadline, would make the next one
	 * too late for its own: then that one is cut short as well, and all of them stay small while work piles up.
	 * The head, for which there is next to no time, is given up instead.
	 */
	#delaysNext({ queue, lanes, device, nowUs }: SchedulerView<E>): boolean {
		const rows = Math.min(queue.rows - this.#fitRows, this.#efficientRows());
		const cutUs = this.#cost.safeUs(this.#fitRows) / device.portion(nowUs);
		const startUs = lanes.startUs(1, cutUs, nowUs);
		const endUs = startUs + this.#cost.safeUs(rows) + this.#guardUs;
		return endUs > this.#cutDeadlineUs;
	}

	/** When the entry must be answered, or should be and can; Infinity when never. */
	#limitUs(entry: E, nowUs: number): number {
		const { deadlineUs, enqueuedUs, rows } = entry;
		if (deadlineUs !== Number.POSITIVE_INFINITY || this.#objectiveUs === 0)
			return deadlineUs;
		const objectiveUs = enqueuedUs + this.#objectiveUs;
		const soonestUs = nowUs + this.#guardUs + this.#cost.safeUs(rows);
		// What is late already is helped best by large batches.
		return soonestUs > objectiveUs ? Number.POSITIVE_INFINITY : objectiveUs;
	}

	/** How many entries from the head, `most` at most, can start now as one batch and all be in time. */
	#fit({ queue, nowUs }: SchedulerView<E>, most: number): void {
		let rows = 0;
		let count = 0;
		let earliestUs = Number.POSITIVE_INFINITY;
		let cutDeadlineUs = Number.POSITIVE_INFINITY;
		for (
			let entry = queue.first();
			entry !== null && count < most;
			entry = queue.next()
		) {
			const nextUs = Math.min(earliestUs, this.#limitUs(entry, nowUs));
			const predictedUs =
				nextUs === Number.POSITIVE_INFINITY
					? 0
					: this.#cost.safeUs(rows + entry.rows);
			if (nowUs + predictedUs + this.#guardUs > nextUs) {
				cutDeadlineUs = entry.deadlineUs;
				break;
			}
			earliestUs = nextUs;
			rows += entry.rows;
			count++;
		}
		this.#fitCount = count;
		this.#fitRows = rows;
		this.#earliestUs = earliestUs;
		this.#cutDeadlineUs = cutDeadlineUs;
	}
}

function refuse(predictedUs: number): BatchDecision {
	return { kind: "refuse", because: "cannot-finish", predictedUs };
}
