import assert from "node:assert/strict";
import { test } from "node:test";
import { BrakeJudge } from "./driver-errors.ts";

/** Commands and needs at 10 a second. */
function judged(commanded: readonly number[], needed: readonly number[]) {
	const judge = new BrakeJudge();
	for (const [i, mps2] of commanded.entries())
		judge.add(i / 10, mps2, needed[i] ?? 0);
	return judge.hardBrakes();
}

test("a hard brake that the truth asked for is right, one that it did not is false", () => {
	const [right] = judged([0, 5, 6, 0], [0, 3, 3, 0]);
	assert.deepEqual(
		[right?.isFalse, right?.hardestMps2, right?.neededMps2],
		[false, 6, 3],
	);
	const [wrong] = judged([0, 5, 6, 0], [0, 1.5, 0, 0]);
	assert.equal(wrong?.isFalse, true);
});

test("the truth of a moment before counts, that of long before or after does not", () => {
	const late = judged([0, 0, 0, 0, 5], [0, 4, 0, 0, 0]);
	assert.equal(late[0]?.isFalse, false);
	const old = judged([0, 0, 0, 0, 0, 0, 0, 5], [0, 4]);
	assert.equal(old[0]?.isFalse, true);
	const after = judged([0, 5, 0, 0], [0, 0, 4, 4]);
	assert.equal(after[0]?.isFalse, true);
});

test("what is softer is no hard brake, and hard commands within a second are one", () => {
	assert.deepEqual(judged([3.9, 3, 2], []), []);
	const once = [5, 0, 0, 0, 0, 0, 0, 0, 5];
	assert.equal(judged(once, []).length, 1);
	const twice = [5, ...new Array<number>(12).fill(0), 5];
	assert.equal(judged(twice, []).length, 2);
});
