import assert from "node:assert/strict";
import { test } from "node:test";
import { findCapacity, type Probe } from "./search.ts";

/** Keeps up to `capacity`, beyond it answers `beyond` of that in time. */
function server(capacity: number, beyond: number, asked: number[] = []): Probe {
	return async (rate) => {
		asked.push(rate);
		const goodputPerSecond = rate <= capacity ? rate : capacity * beyond;
		return { goodputPerSecond, shareInTime: goodputPerSecond / rate };
	};
}

test("the capacity is the best rate in time that any policy reaches around where one stops keeping up", async () => {
	const capacity = await findCapacity([server(900, 0.9), server(1000, 0)]);
	assert.ok(capacity >= 900 && capacity <= 1000, String(capacity));
});

test("the search is short", async () => {
	const asked: number[] = [];
	await findCapacity([server(5000, 1, asked)]);
	assert.ok(asked.length <= 14, String(asked));
	assert.ok(Math.max(...asked) <= 2.1 * 5000, String(asked));
});

test("one bad window does not end the search", async () => {
	let calls = 0;
	const steady = server(3000, 1);
	const capacity = await findCapacity([
		async (rate) =>
			++calls === 3
				? { goodputPerSecond: 1, shareInTime: 0.01 }
				: await steady(rate),
	]);
	assert.ok(capacity > 2000, String(capacity));
});

test("a server that answers nothing in time has no capacity", async () => {
	await assert.rejects(findCapacity([server(1, 0)]), /nothing was answered/);
});
