// When work is done that several devices share, each batch on the one where it ends first. Pure: lanes, rows and
// predicted times in, instants out.
import type { BatchTimes } from "../cost/cost-model.ts";
import type { LaneForecast } from "./lane-forecast.ts";

/** Sums of µs since some origin are exact to far less than this. */
const ROUNDING_US = 0.01;
/** Waiting for a busy device is not reconsidered more often. */
const RECONSIDER_US = 500;

/** Rows that the busy lanes will have done by `untilUs`, batch after batch, beyond those under way. */
export function rowsDoneBy(
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
export function reconsiderUs(
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
