import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadSampler } from "./head-sampler.ts";

function countOf(ratio: number, draws: number): number {
	// A linear congruential generator: the same numbers in every run.
	let seed = 12_345;
	const random = () => {
		seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
		return seed / 2_147_483_648;
	};
	const sampler = new HeadSampler(ratio, { random });
	let count = 0;
	for (let i = 0; i < draws; i++) if (sampler.takesNext()) count++;
	return count;
}

test("takes another share from when it is told", () => {
	const sampler = new HeadSampler(0);
	assert.equal(sampler.takesNext(), false);
	sampler.ratio = 1;
	assert.equal(sampler.takesNext(), true);
	sampler.ratio = 0;
	assert.equal(sampler.takesNext(), false);
});

test("takes its share, all at 1 and none at 0", () => {
	assert.equal(countOf(1, 1000), 1000);
	assert.equal(countOf(0, 1000), 0);
	for (const ratio of [0.01, 0.1, 0.5]) {
		const draws = 200_000;
		const expected = ratio * draws;
		// Five standard deviations of a binomial count.
		const margin = 5 * Math.sqrt(expected * (1 - ratio));
		assert.ok(
			Math.abs(countOf(ratio, draws) - expected) < margin,
			`${ratio}: ${countOf(ratio, draws)}`,
		);
	}
});
