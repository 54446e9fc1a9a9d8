import assert from "node:assert/strict";
import { test } from "node:test";
import { findKnee } from "./knee.ts";

test("the knee is found within a tenth, from below", async () => {
	for (const capacity of [1200, 5000, 33_000]) {
		const { perSecond } = await findKnee(1000, async (rate) => ({
			shareInTime: Math.min(1, capacity / rate),
		}));
		assert.ok(perSecond <= capacity / 0.99, `${perSecond} of ${capacity}`);
		assert.ok(perSecond >= 0.9 * capacity, `${perSecond} of ${capacity}`);
	}
});

test("one bad window does not end the search, two in a row do", async () => {
	let probes = 0;
	const onceBad = await findKnee(1000, async (rate) => ({
		shareInTime: ++probes === 2 || rate > 2000 ? 0.5 : 1,
	}));
	assert.ok(onceBad.perSecond > 1800, String(onceBad.perSecond));
	const never = await findKnee(1000, async () => ({ shareInTime: 0.5 }));
	assert.equal(never.perSecond, 0);
});
