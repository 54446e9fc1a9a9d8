import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { traceRecord } from "../testing/trace-record.ts";
import type { TraceRecord } from "./trace-record.ts";
import { TraceStore } from "./trace-store.ts";

const OPTIONS = {
	slowestCount: 2,
	missedCount: 2,
	sampledCount: 2,
	sampledPerSecond: 10,
	windowUs: 1000,
};

/** Without anything that it would be kept for. */
function record(traceId: string, more: Partial<TraceRecord> = {}): TraceRecord {
	const start = { isSampled: false, startUnixUs: 0, durationUs: 1, name: "m" };
	return traceRecord({ traceId, ...start, ...more });
}

function setUp() {
	const store = new TraceStore(OPTIONS);
	const subject = store.subject("request", "m");
	const add = (traceId: string, more: Partial<TraceRecord> = {}, nowUs = 0) =>
		store.add(subject, record(traceId, more), nowUs);
	return { store, subject, add };
}

describe("the slowest", () => {
	test("are kept, and what is faster than all of them is not", () => {
		const { store, subject, add } = setUp();
		add("a", { durationUs: 10 });
		add("b", { durationUs: 30 });
		assert.equal(subject.slowerThanUs, 10);
		add("c", { durationUs: 20 });
		add("d", { durationUs: 5 });
		assert.deepEqual(store.list("slowest", null, 10), ["b", "c"]);
		assert.equal(store.find("a"), null);
		assert.equal(store.find("d"), null);
	});

	test("of a window are forgotten when the next one is over", () => {
		const { store, add } = setUp();
		add("a", { durationUs: 100 });
		add("b", { durationUs: 2 }, 1000);
		assert.deepEqual(store.list("slowest", null, 10), ["a", "b"]);
		add("c", { durationUs: 1 }, 2000);
		assert.deepEqual(store.list("slowest", null, 10), ["b", "c"]);
		assert.equal(store.find("a"), null);
	});
});

test("of the missed the newest are kept, of each model", () => {
	const { store, subject, add } = setUp();
	// Nothing is slow enough beside these two.
	add("slow", { durationUs: 1000 });
	add("slower", { durationUs: 2000 });
	for (const [at, traceId] of ["a", "b", "c"].entries())
		add(traceId, { isMissed: true, startUnixUs: at });
	const other = store.subject("request", "other");
	store.add(other, record("x", { name: "other", isMissed: true }), 0);
	assert.deepEqual(store.list("missed", "m", 10), ["c", "b"]);
	assert.deepEqual(store.list("missed", "other", 10), ["x"]);
	assert.equal(store.list("missed", null, 10).length, 3);
	assert.equal(store.find("a"), null);
	assert.equal(store.subject("request", "m"), subject);
});

test("of those that only the sampler asked for so many a second are kept, and all whose callers asked", () => {
	const store = new TraceStore({
		...OPTIONS,
		sampledCount: 100,
		sampledPerSecond: 2,
	});
	const subject = store.subject("request", "m");
	const add = (traceId: string, more: Partial<TraceRecord>, nowUs: number) =>
		store.add(subject, record(traceId, more), nowUs);
	// Nothing is slow enough beside these two.
	add("slow", { durationUs: 1000 }, 0);
	add("slower", { durationUs: 2000 }, 0);
	const drawn = { isSampled: true, parentSpanId: null };
	for (const traceId of ["a", "b", "c", "d"]) add(traceId, drawn, 0);
	add("asked", { ...drawn, parentSpanId: "00f067aa0ba902b7" }, 0);
	add("late", { ...drawn, isMissed: true }, 0);
	add("next", drawn, 1_000_000);
	const kept = ["a", "b", "c", "d", "asked", "late", "next"].filter(
		(traceId) => store.find(traceId) !== null,
	);
	assert.deepEqual(kept, ["a", "b", "asked", "late", "next"]);
});

test("of those that were asked for the newest are kept", () => {
	const { store, add } = setUp();
	add("slow", { durationUs: 1000 });
	add("slower", { durationUs: 2000 });
	for (const traceId of ["a", "b", "c"]) add(traceId, { isSampled: true });
	assert.equal(store.find("a"), null);
	assert.ok(store.find("b") !== null && store.find("c") !== null);
});

test("all records of a trace are found by its id, up to a bound", () => {
	const { store, add } = setUp();
	for (let i = 0; i < 100; i++) add("a", { isSampled: true });
	assert.equal(store.find("a")?.length, 64);
	store.append(record("unknown"));
	assert.equal(store.find("unknown"), null);
});

test("a trace stays as long as one list holds it", () => {
	const { store, add } = setUp();
	add("a", { isSampled: true, isMissed: true, durationUs: 1 });
	add("b", { isSampled: true, durationUs: 2 });
	add("c", { isSampled: true, durationUs: 3 });
	// Out of the slowest and out of the sampled, but among the missed.
	assert.ok(store.find("a") !== null);
});

test("models beyond the bound share their lists", () => {
	const store = new TraceStore(OPTIONS);
	for (let i = 0; i < 600; i++)
		store.add(
			store.subject("request", `m${i}`),
			record(`t${i}`, { isMissed: true, name: `m${i}` }),
			0,
		);
	// 512 of their own, and the others' newest.
	assert.ok(store.list("missed", null, 10_000).length <= 514 * 2);
	assert.equal(store.find("t550"), null);
	assert.ok(store.find("t599") !== null);
});
