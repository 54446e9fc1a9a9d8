import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "./clock.ts";
import { offsetToSharedUs, sharedNowUs } from "./shared-clock.ts";

test("a thread that is held up between two clocks still tells how they stand", () => {
	const expected = offsetToSharedUs(systemClock);
	let readings = 0;
	// All readings but one come 10 ms late.
	const offset = offsetToSharedUs({
		...systemClock,
		nowUs: () => {
			if (Math.floor(readings++ / 2) !== 3) {
				const end = performance.now() + 10;
				while (performance.now() < end);
			}
			return systemClock.nowUs();
		},
	});
	assert.ok(Math.abs(offset - expected) < 1000, `${offset} is not ${expected}`);
	assert.ok(Math.abs(systemClock.nowUs() - offset - sharedNowUs()) < 5000);
});
