import assert from "node:assert/strict";
import { test } from "node:test";
import { TraceCount } from "./trace-count.ts";

const NO_END = Number.POSITIVE_INFINITY;

test("has no end until it is told one", () => {
	const count = new TraceCount();
	for (let i = 0; i < 10; i++) assert.ok(count.take());
	assert.equal(count.left, NO_END);
	count.left = 2;
	assert.deepEqual(
		[count.take(), count.take(), count.take()],
		[true, true, false],
	);
	assert.equal(count.left, 0);
	count.left = NO_END;
	assert.ok(count.take());
});

test("is one count to all who share its memory", () => {
	const ours = new TraceCount();
	ours.left = 3;
	const theirs = new TraceCount(ours.memory);
	assert.ok(theirs.take());
	assert.ok(ours.take());
	assert.equal(theirs.left, 1);
	assert.ok(theirs.take());
	assert.equal(ours.take(), false);
});
