import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { groupTensors } from "./tensor-groups.ts";

const sized = (...bytes: number[]) =>
	bytes.map((size, at) => ({ at, bytes: size }));
const sizesOf = (groups: ReturnType<typeof groupTensors>) =>
	groups.map((group) => group.map(({ bytes }) => bytes));

test("neighbours that are few bytes are together, what is large is alone", () => {
	const groups = groupTensors(sized(900, 30, 40, 1000, 20, 130, 100, 100));
	assert.deepEqual(sizesOf(groups), [
		[900],
		[30, 40],
		[1000],
		[20, 130, 100],
		[100],
	]);
});

test("of a few tensors each is alone", () => {
	assert.deepEqual(sizesOf(groupTensors(sized(5, 5, 5))), [[5], [5], [5]]);
	assert.deepEqual(groupTensors(sized()), []);
});

test("every tensor is in one file, in the model's order, and several share no more than an eighth of all bytes", () => {
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 1, max: 10_000_000 })), (sizes) => {
			const tensors = sized(...sizes);
			const groups = groupTensors(tensors);
			assert.deepEqual(groups.flat(), tensors);
			const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
			for (const group of groups) {
				const bytes = group.reduce((sum, one) => sum + one.bytes, 0);
				assert.ok(group.length === 1 || bytes <= total / 8);
			}
			// Two files beside each other are more than an eighth: there is no end of files.
			assert.ok(groups.length <= 16);
		}),
	);
});
