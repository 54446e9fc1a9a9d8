// What one model can expect of a device that it shares, so that it promises no time that others will take. Pure.
import type { RecentUse } from "./recent-use.ts";

export interface DeviceOutlook {
	/** µs that what others run, and what of theirs waits for a place, will take; 0 while there is a place. */
	waitUs(nowUs: number): number;
	/** Of the device, what it can count on while it always has something to run: more than 0, at most 1. */
	portion(nowUs: number): number;
	/** It was refused a place, and since then has neither started a run nor found that there was nothing to run. */
	readonly isHeldUp: boolean;
}

/** Of a device that belongs to one model. */
export const DEVICE_ALONE: DeviceOutlook = {
	waitUs: () => 0,
	portion: () => 1,
	isHeldUp: false,
};

/** Another model on the device. */
export interface Competitor {
	/** > 0. */
	readonly weight: number;
	readonly use: RecentUse;
	/** Threads of its runs under way. */
	readonly usedThreads: number;
	/** When the last of them ends, by prediction. */
	readonly endUs: number;
	/** Of the run that it asked for last. */
	readonly askedThreads: number;
	readonly askedUs: number;
	/** That run waits for a place. */
	readonly isWaiting: boolean;
	/** Service so far over the weight, in µs. */
	readonly virtualUs: number;
}

/** Who used less of the device lately is no competitor. */
const NOTICEABLE_USE = 0.01;

/**
 * Of those that wait each may go first with one run, unless it had more than `mostVirtualUs` of service: which of the
 * others does, depends on deadlines that the next arrival may change.
 * A run that is late counts no more: whoever waits long enough runs beside it, and nobody would wait that was refused
 * for it on arrival.
 * @returns µs of one thread
 */
export function workAheadUs(
	others: Iterable<Competitor>,
	mostVirtualUs: number,
	nowUs: number,
): number {
	let us = 0;
	for (const other of others) {
		if (other.isWaiting && other.virtualUs <= mostVirtualUs)
			us += other.askedThreads * other.askedUs;
		us += other.usedThreads * Math.max(0, other.endUs - nowUs);
	}
	return us;
}

/** What others leave, or the fair part among those who used the device lately, if they leave less. */
export function portionBeside(
	others: Iterable<Competitor>,
	weight: number,
	nowUs: number,
): number {
	let othersUse = 0;
	let othersWeight = 0;
	for (const other of others) {
		const use = other.use.of(nowUs);
		if (use < NOTICEABLE_USE) continue;
		othersUse += use;
		othersWeight += other.weight;
	}
	return Math.max(1 - othersUse, weight / (weight + othersWeight));
}
