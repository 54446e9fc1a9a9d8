import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LoopTurns } from "./loop-turns.ts";

function follow() {
	let nowUs = 0;
	const waiting: (() => void)[] = [];
	const turns = new LoopTurns({
		nowUs: () => nowUs,
		afterInput: (callback) => waiting.push(callback),
	});
	return {
		turns,
		/** A turn of so many µs in which several requests come. */
		turn: (us: number) => {
			for (let i = 0; i < 4; i++) {
				turns.touch();
				nowUs += us / 4;
			}
			assert.equal(waiting.length, 1, "one measurement a turn");
			waiting.pop()?.();
			nowUs += 100_000;
		},
	};
}

describe("turns of the event loop", () => {
	test("tell how long what arrives may wait; time without work does not count", () => {
		const { turns, turn } = follow();
		for (let i = 0; i < 100; i++) turn(2000);
		assert.ok(Math.abs(turns.delayUs - 2000) < 1, String(turns.delayUs));
	});

	test("that are longer now and then count more than the mean, and are forgotten", () => {
		const { turns, turn } = follow();
		for (let i = 0; i < 1000; i++) turn(i % 5 === 0 ? 8000 : 1000);
		assert.ok(turns.delayUs > 3000, String(turns.delayUs));
		for (let i = 0; i < 300; i++) turn(1000);
		assert.ok(turns.delayUs < 1100, String(turns.delayUs));
	});
});
