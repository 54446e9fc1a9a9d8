import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Measurement } from "./manifest.ts";
import { chooseWeights } from "./weights-choice.ts";

const LARGE = 100 * 2 ** 20;

/** Loads of 100, 5 and 50 ms. */
function measurement(
	plain: readonly number[],
	mapped: readonly number[],
	prepacked: readonly number[],
	loadMs = { plain: 100, mapped: 5, prepacked: 50 },
): Measurement {
	return {
		rows: [1, 8],
		plain: { loadMs: loadMs.plain, runMs: plain },
		mapped: { loadMs: loadMs.mapped, runMs: mapped },
		prepacked: { loadMs: loadMs.prepacked, runMs: prepacked },
	};
}

const choose = (...args: Parameters<typeof chooseWeights>) =>
	chooseWeights(...args).weights;

describe("how weights are held", () => {
	test("mapped without packing, where no run is slower for it", () => {
		const equal = measurement([10, 40], [10.4, 39], [10, 40]);
		assert.equal(choose("auto", equal, LARGE), "mapped");
	});

	test("with what was packed before, where a run of any size is slower without", () => {
		const slowBatches = measurement([10, 40], [9, 80], [10, 41]);
		assert.equal(choose("auto", slowBatches, LARGE), "prepacked");
		assert.equal(choose("mapped", slowBatches, LARGE), "prepacked");
	});

	test("as it is where every prepared form is slower, unless mapped was asked for", () => {
		const slower = measurement([10, 40], [20, 80], [11, 50]);
		const { weights, because } = chooseWeights("auto", slower, LARGE);
		assert.equal(weights, "as-it-is");
		assert.match(because, /20 and 80 ms with mapped weights, 10 and 40 ms/);
		assert.equal(choose("mapped", slower, LARGE), "mapped");
	});

	test("packed where that was asked for, and nothing was measured", () => {
		assert.equal(choose("packed", null, LARGE), "packed");
	});

	test("kernels pack as always where no run could be made up", () => {
		assert.equal(choose("auto", measurement([], [], []), LARGE), "prepacked");
	});

	test("as it is where neither the load is shorter nor weights are large", () => {
		const loadMs = { plain: 10, mapped: 9, prepacked: 10 };
		const even = measurement([1, 2], [1, 2], [1, 2], loadMs);
		assert.equal(choose("auto", even, 1000), "as-it-is");
		assert.equal(choose("auto", even, LARGE), "mapped");
		assert.equal(choose("mapped", even, 1000), "mapped");
	});
});
