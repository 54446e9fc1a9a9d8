import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelSampler, ModelSamplers } from "./model-sampling.ts";

const NO_END = Number.POSITIVE_INFINITY;

function taken(sampler: ModelSampler, requests: number): readonly number[] {
	return Array.from({ length: requests }, (_, i) => i + 1).filter(() =>
		sampler.takesNext(),
	);
}

test("takes every so manieth", () => {
	assert.deepEqual(
		taken(ModelSampler.of({ rate: 3, count: NO_END }), 10),
		[3, 6, 9],
	);
	assert.deepEqual(
		taken(ModelSampler.of({ rate: 1, count: NO_END }), 3),
		[1, 2, 3],
	);
});

test("takes none at rate 0, and no more than its count", () => {
	assert.deepEqual(taken(ModelSampler.of({ rate: 0, count: NO_END }), 5), []);
	assert.deepEqual(taken(ModelSampler.of({ rate: 1, count: 0 }), 5), []);
	const two = ModelSampler.of({ rate: 2, count: 2 });
	assert.deepEqual(taken(two, 10), [2, 4]);
	assert.equal(two.leftCount, 0);
});

test("a model without a rule has no sampler, and one whose rule is taken away has none again", () => {
	const samplers = new ModelSamplers();
	assert.ok(samplers.isEmpty);
	samplers.set("m", { rate: 1, count: NO_END });
	assert.equal(samplers.of("other"), null);
	assert.equal(samplers.of("m")?.takesNext(), true);
	samplers.set("m", null);
	assert.ok(samplers.isEmpty);
});

test("threads that share a rule count together", () => {
	const shared = new ModelSamplers().set("m", { rate: 2, count: 2 });
	const [ours, theirs] = [new ModelSamplers(), new ModelSamplers()];
	for (const samplers of [ours, theirs]) samplers.share("m", shared);
	const taken = Array.from({ length: 8 }, (_, i) =>
		(i % 3 === 0 ? ours : theirs).of("m")?.takesNext(),
	);
	assert.deepEqual(taken, [false, true, false, true, ...Array(4).fill(false)]);
	assert.equal(ours.of("m")?.leftCount, 0);
});
