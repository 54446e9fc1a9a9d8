import assert from "node:assert/strict";
import { test } from "node:test";
import { type AnswerKind, outcomeOf, Tally } from "./outcome.ts";

const DEADLINE_US = 50_000;
const classOf = (kind: AnswerKind, latencyUs = 10) =>
	outcomeOf({ kind, latencyUs }, DEADLINE_US);

test("an answer is in time up to its deadline, and late after it", () => {
	assert.equal(classOf("ok", DEADLINE_US), "inTime");
	assert.equal(classOf("ok", DEADLINE_US + 1), "late");
});

test("what is no answer stays what the server said, however late", () => {
	for (const kind of ["shed", "expired", "failed"] as const)
		assert.equal(classOf(kind, 2 * DEADLINE_US), kind);
});

test("a tally counts each class and reason; only answers have a latency", () => {
	const tally = new Tally();
	tally.scheduled(100);
	tally.ended("inTime", 1000);
	tally.ended("shed", 90_000, "cannot-finish");
	tally.ended("expired", 90_000);
	tally.ended("overCap", 0);
	const { outcomes, refusedBecause, p999Us, latenessP99Us } = tally.snapshot();
	assert.deepEqual(outcomes, {
		inTime: 1,
		late: 0,
		shed: 1,
		expired: 1,
		clientTimeout: 0,
		overCap: 1,
		failed: 0,
	});
	assert.deepEqual(refusedBecause, { "cannot-finish": 1, untold: 1 });
	assert.equal(p999Us, 1000);
	assert.equal(latenessP99Us, 100);
});

test("without answers there is no latency", () => {
	assert.equal(new Tally().snapshot().p99Us, null);
});
