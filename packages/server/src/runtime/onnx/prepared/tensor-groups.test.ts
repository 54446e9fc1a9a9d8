import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { groupTensors } from "./tensor-groups.ts";

const sized = (...bytes: number[]) =>
	bytes.map((size, at) => ({ at, bytes: size }));
const sizesOf = (groups: ReturnType<typeof groupTensors>) =>
	groups.map((group) => group.map(({ bytes }) => bytes));

test("the smallest tensors are together, in the model's order, and each large one is alone", () => {
	const groups = groupTensors(sized(900, 30, 40, 1000, 20));
	assert.deepEqual(sizesOf(groups), [[30, 40, 20], [900], [1000]]);
});

test("tensors of one size are alone until there are enough of them", () => {
	assert.deepEqual(sizesOf(groupTensors(sized(5, 5, 5))), [[5], [5], [5]]);
	assert.deepEqual(groupTensors(sized()), []);
	assert.equal(groupTensors(sized(...new Array(16).fill(5))).length, 15);
});

test("every tensor is in one file, and no more than an eighth of all bytes is shared by several", () => {
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 1, max: 10_000_000 })), (sizes) => {
			const tensors = sized(...sizes);
			const groups = groupTensors(tensors);
			assert.deepEqual(
				groups.flat().sort((a, b) => a.at - b.at),
				tensors,
			);
			const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
			for (const group of groups) {
				const bytes = group.reduce((sum, one) => sum + one.bytes, 0);
				assert.ok(group.length === 1 || bytes <= total / 8);
			}
		}),
	);
});
