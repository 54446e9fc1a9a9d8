import assert from "node:assert/strict";
import { test } from "node:test";
import { traceRecord } from "../testing/trace-record.ts";
import { SpanQueue } from "./span-queue.ts";

test("what waits is counted, encoded or not, and comes out once, oldest first, in whole batches", () => {
	const queue = new SpanQueue(100);
	assert.equal(queue.shift(), null);
	for (let i = 1; i <= 250; i++) {
		queue.push(traceRecord());
		assert.equal(queue.length, i);
	}
	assert.ok(queue.hasFullBatch);
	const counts: number[] = [];
	for (let batch = queue.shift(); batch !== null; batch = queue.shift()) {
		counts.push(batch.count);
		assert.ok(batch.byteLength > 80 * batch.count);
	}
	assert.deepEqual(counts, [100, 100, 50]);
	assert.equal(queue.length, 0);
	queue.push(traceRecord());
	assert.equal(
		queue.shift()?.count,
		1,
		"a few go, too, when they are asked for",
	);
});

test("batches are bounded in bytes, however long the texts are", () => {
	const queue = new SpanQueue(512);
	for (let i = 0; i < 64; i++)
		queue.push(traceRecord({ attributes: { long: "x".repeat(100_000) } }));
	let count = 0;
	for (let batch = queue.shift(); batch !== null; batch = queue.shift()) {
		count += batch.count;
		assert.ok(batch.byteLength < 1.2 * 1024 * 1024);
	}
	assert.equal(count, 64);
});

test("memory of a batch that was given back is used again, when the next one fits into it", () => {
	const queue = new SpanQueue(10);
	const fill = (long = "") => {
		for (let i = 0; i < 10; i++)
			queue.push(traceRecord({ attributes: { long } }));
		return queue.shift()!;
	};
	const first = fill();
	const second = fill();
	assert.notEqual(first.memory, second.memory, "the first is still read");
	queue.giveBack(first.memory);
	assert.equal(fill().memory, first.memory);
	queue.giveBack(second.memory);
	const large = fill("x".repeat(100_000));
	assert.notEqual(large.memory, second.memory);
	queue.giveBack(large.memory);
	assert.equal(fill().memory, large.memory);
});
