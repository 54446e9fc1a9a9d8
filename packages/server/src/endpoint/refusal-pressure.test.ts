import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RefusalPressure } from "./refusal-pressure.ts";

function follow() {
	const changes: boolean[] = [];
	const pressure = new RefusalPressure((isHigh) => changes.push(isHigh));
	let nowUs = 0;
	return {
		changes,
		pressure,
		/** 5000 requests a second, every `refusedEach`th refused. */
		requests: (count: number, refusedEach: number) => {
			for (let i = 1; i <= count; i++) {
				nowUs += 200;
				pressure.count(i % refusedEach === 0, nowUs);
			}
		},
		pause: (us: number) => {
			nowUs += us;
		},
	};
}
const NEVER = Number.POSITIVE_INFINITY;

describe("pressure", () => {
	test("is high when many of the last requests were refused, and not for a few", () => {
		const { changes, requests } = follow();
		requests(1000, 50);
		assert.deepEqual(changes, []);
		requests(100, 2);
		assert.deepEqual(changes, [true]);
	});

	test("ends when next to nothing is refused, half a second after it began at the earliest", () => {
		const { changes, requests } = follow();
		requests(100, 1);
		requests(2000, NEVER);
		assert.deepEqual(changes, [true]);
		requests(1000, NEVER);
		assert.deepEqual(changes, [true, false]);
	});

	test("does not flap where the load is in between", () => {
		const { changes, requests } = follow();
		for (let i = 0; i < 100; i++) requests(64, 8 + (i % 4));
		assert.ok(changes.length <= 1, String(changes));
	});

	test("is over with the first request after a silence", () => {
		const { changes, requests, pressure, pause } = follow();
		requests(100, 1);
		pause(1_000_001);
		requests(1, NEVER);
		assert.deepEqual(changes, [true, false]);
		assert.equal(pressure.isHigh, false);
	});
});
