// An open loop on a fleet in this process: requests leave at their planned instants, whatever becomes of the others.
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../../packages/server/src/common/clock.ts";
import { mulberry32 } from "../../lib/stats.ts";
import type { DeviceRun, Fleet } from "./fleet.ts";

export interface DriveOptions {
	readonly fleet: Fleet;
	readonly ratePerSecond: number;
	readonly deadlineMs: number;
	/** Of load before the first second that counts. */
	readonly leadMs: number;
	readonly windowMs: number;
	readonly seed: number;
	/** Called once, when the window begins. */
	readonly onWindow?: () => void;
}

export interface Driven {
	/** Instants of the answers that came in time, in ms from the beginning of the window, ascending. */
	readonly inTimeMs: readonly number[];
	readonly submitted: number;
	readonly refused: number;
	readonly late: number;
	/** Rows that each device did within the window; of a run that began or ended beyond it, its share. */
	readonly deviceRows: readonly number[];
}

const DISTINCT = 1024;
const TURN_MS = 1;
const MOST_WAIT_MS = 20_000;

/** Throws when a request has no outcome, or two. */
export async function drive(options: DriveOptions): Promise<Driven> {
	const { fleet, ratePerSecond, deadlineMs, windowMs } = options;
	const random = mulberry32(options.seed);
	const startUs = systemClock.nowUs() + options.leadMs * 1000;
	const endUs = startUs + windowMs * 1000;
	let nextUs = systemClock.nowUs();
	let submitted = 0;
	let ended = 0;
	let refused = 0;
	let late = 0;
	const inTimeMs: number[] = [];
	let hasBegun = false;
	const submit = (atUs: number) => {
		const deadlineUs = atUs + deadlineMs * 1000;
		let isOpen = true;
		fleet.submit(submitted++ % DISTINCT, deadlineUs, (how) => {
			if (!isOpen) throw new Error("a request ended twice");
			isOpen = false;
			ended++;
			const nowUs = systemClock.nowUs();
			if (how === "refused") refused++;
			else if (nowUs > deadlineUs) late++;
			else inTimeMs.push((nowUs - startUs) / 1000);
		});
	};
	for (;;) {
		const nowUs = systemClock.nowUs();
		if (!hasBegun && nowUs >= startUs) {
			hasBegun = true;
			options.onWindow?.();
		}
		if (nowUs >= endUs) break;
		for (
			;
			nextUs <= nowUs;
			nextUs += (-Math.log(1 - random()) * 1e6) / ratePerSecond
		)
			submit(nextUs);
		await delay(TURN_MS);
	}
	const untilMs = performance.now() + MOST_WAIT_MS;
	while (ended < submitted) {
		if (performance.now() > untilMs)
			throw new Error(`${submitted - ended} requests have no outcome`);
		await delay(5);
	}
	return {
		inTimeMs: inTimeMs.filter((ms) => ms >= 0 && ms < windowMs),
		submitted,
		refused,
		late,
		deviceRows: fleet.runs.map((runs) =>
			runs.reduce((sum, run) => sum + rowsWithin(run, startUs, endUs), 0),
		),
	};
}

function rowsWithin(
	{ rows, fromUs, toUs }: DeviceRun,
	startUs: number,
	endUs: number,
): number {
	const overlapUs = Math.min(toUs, endUs) - Math.max(fromUs, startUs);
	return overlapUs <= 0 ? 0 : (rows * overlapUs) / (toUs - fromUs);
}
