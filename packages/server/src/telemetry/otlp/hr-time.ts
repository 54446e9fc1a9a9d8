import type { HrTime } from "@opentelemetry/api";

/**
 * Seconds and nanoseconds of an instant `afterUs` a wall-clock one: in one number of today's size, fractions of a
 * microsecond would be lost.
 */
export function hrTime(baseUs: number, afterUs = 0): HrTime {
	const baseS = Math.floor(baseUs / 1e6);
	const ns = Math.round((baseUs - baseS * 1e6 + afterUs) * 1000);
	const moreS = Math.floor(ns / 1e9);
	return [baseS + moreS, ns - moreS * 1e9];
}
