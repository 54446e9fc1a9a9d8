import assert from "node:assert/strict";
import { createHistogram } from "node:perf_hooks";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Histogram } from "../../telemetry/registry.ts";
import { countUpTo, LoopDelay } from "./loop-delay.ts";

test("how many values are at most a bound is counted exactly, to a thousandth of the value", () => {
	const histogram = createHistogram();
	for (let i = 1; i <= 1000; i++) histogram.record(1000 * i);
	for (const [bound, count] of [
		[500, 0],
		[1001, 1],
		[250_300, 250],
		[999_600, 999],
		[2_000_000, 1000],
	] as const)
		assert.equal(countUpTo(histogram, bound), count, String(bound));
	const one = createHistogram();
	one.record(7);
	assert.deepEqual([countUpTo(one, 6), countUpTo(one, 7)], [0, 1]);
});

test("a loop that was held shows in its bucket, and stays there", async () => {
	const histogram = new Histogram([0.001, 0.025, 1]);
	const delay = new LoopDelay(histogram);
	try {
		delay.look();
		await pause(20);
		const endMs = performance.now() + 50;
		while (performance.now() < endMs);
		await pause(5);
		delay.look();
		const between = histogram.counts[2];
		assert.ok(between !== undefined && between >= 1, `${between}`);
		assert.ok(histogram.sum >= 0.03, `${histogram.sum}`);
		assert.equal(
			histogram.counts.reduce((sum, count) => sum + count, 0),
			histogram.count,
		);
		const { count } = histogram;
		delay.look();
		assert.ok(histogram.count >= count);
		assert.ok((histogram.counts[2] ?? 0) >= between);
	} finally {
		delay.close();
	}
});
