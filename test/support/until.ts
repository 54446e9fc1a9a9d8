import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

const EVERY_MS = 5;
const AT_MOST_MS = 20_000;

/** Waits for what has no event of its own. @throws AssertionError when it does not come about */
export async function until(
	what: string,
	isSo: () => boolean | Promise<boolean>,
): Promise<void> {
	const end = performance.now() + AT_MOST_MS;
	while (!(await isSo())) {
		assert.ok(performance.now() < end, `waited ${AT_MOST_MS} ms: ${what}`);
		await delay(EVERY_MS);
	}
}
