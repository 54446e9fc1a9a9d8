// The clock that all threads of the process share (CLOCK_MONOTONIC where there is one), and how a thread's own stands to it.
import type { Clock } from "./clock.ts";

/** Readings compared: a thread that loses its core between two clocks makes one of them late by milliseconds. */
const READINGS = 16;

export function sharedNowUs(): number {
	return Number(process.hrtime.bigint()) / 1000;
}

/** `clock` minus the shared clock, in µs. */
export function offsetToSharedUs(clock: Clock): number {
	let offsetUs = 0;
	let shortestUs = Number.POSITIVE_INFINITY;
	for (let i = 0; i < READINGS; i++) {
		const beforeUs = clock.nowUs();
		const sharedUs = sharedNowUs();
		const afterUs = clock.nowUs();
		// The closer the readings around it, the better is known when the shared clock was read.
		if (afterUs - beforeUs >= shortestUs) continue;
		shortestUs = afterUs - beforeUs;
		offsetUs = (beforeUs + afterUs) / 2 - sharedUs;
	}
	return offsetUs;
}
