import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../common/manual-clock.ts";
import { HeadTeller } from "./head-teller.ts";

function setUp() {
	const clock = new ManualClock();
	const told: number[] = [];
	const teller = new HeadTeller({ clock, tell: ({ seq }) => told.push(seq) });
	const change = (seq: number) =>
		teller.headChanged({ seq, hash: "", keyId: "", signature: "" });
	return { clock, told, teller, change };
}

test("heads are told once a second: the first at once, of the others the last", () => {
	const { clock, told, change } = setUp();
	for (const seq of [1, 2, 3]) change(seq);
	assert.deepEqual(told, [1]);
	clock.advance(999_999);
	assert.deepEqual(told, [1]);
	clock.advance(1);
	assert.deepEqual(told, [1, 3]);
	change(4);
	assert.deepEqual(told, [1, 3], "a second has not passed");
	clock.advance(1e6);
	assert.deepEqual(told, [1, 3, 4]);
	// Nothing happened for a while: the next is news again.
	clock.advance(5e6);
	change(5);
	assert.deepEqual(told, [1, 3, 4, 5]);
});

test("the last head is always told, at the latest at the end, and once", () => {
	const { clock, told, teller, change } = setUp();
	change(1);
	change(2);
	teller.close();
	assert.deepEqual(told, [1, 2]);
	teller.close();
	clock.advance(10e6);
	assert.deepEqual(told, [1, 2]);
});
