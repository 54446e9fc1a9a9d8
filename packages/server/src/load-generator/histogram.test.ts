import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyHistogram } from "./histogram.ts";
import { mulberry32 } from "./random.ts";

test("quantiles are within 4 % of the exact ones, from 1 µs to 100 s", () => {
	const random = mulberry32(7);
	const values = Array.from({ length: 20_000 }, () => 10 ** (random() * 8));
	const histogram = new LatencyHistogram();
	for (const value of values) histogram.record(value);
	values.sort((a, b) => a - b);
	for (const share of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
		const exact = values[Math.ceil(values.length * share) - 1] ?? 0;
		const got = histogram.quantileUs(share);
		assert.ok(
			got >= exact * 0.96 - 1 && got <= exact * 1.04 + 1,
			`${share}: exact ${exact}, histogram ${got}`,
		);
	}
	assert.equal(histogram.count, values.length);
});
