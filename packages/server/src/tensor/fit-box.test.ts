import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fitBox, isPrefix } from "./fit-box.ts";

const AT = 5;
const UNTOUCHED = 0xee;

function count(shape: readonly number[]): number {
	return shape.reduce((a, b) => a * b, 1);
}

/** Position of every element of a row-major tensor. */
function* positions(shape: readonly number[]): Generator<number[]> {
	for (let index = 0; index < count(shape); index++) {
		const position: number[] = [];
		let rest = index;
		for (const size of shape.toReversed()) {
			position.unshift(rest % size);
			rest = Math.floor(rest / size);
		}
		yield position;
	}
}

function indexOf(position: readonly number[], shape: readonly number[]) {
	return position.reduce((sum, at, axis) => sum * shape[axis]! + at, 0);
}

const boxes = fc
	.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.nat(4), fc.boolean()), {
		minLength: 1,
		maxLength: 4,
	})
	.map((axes) => ({
		small: axes.map(([size]) => size),
		large: axes.map(([size, more, isSame]) => size + (isSame ? 0 : more)),
	}));

test("padding puts the elements in the corner, the value everywhere else, and nothing beyond; unpadding gets them back", () => {
	fc.assert(
		fc.property(
			boxes,
			fc.uint8Array({ minLength: 1, maxLength: 9 }),
			({ small, large }, pad) => {
				const width = pad.length;
				const given = Uint8Array.from(
					{ length: count(small) * width },
					(_, index) => index * 7 + 1,
				);
				const end = AT + count(large) * width;
				const padded = new Uint8Array(end + 3).fill(UNTOUCHED);
				fitBox(
					{ bytes: padded, at: AT, shape: large },
					{ bytes: given, at: 0, shape: small },
					width,
					pad,
				);
				for (const [index, position] of [...positions(large)].entries()) {
					const isGiven = position.every((at, axis) => at < small[axis]!);
					const from = indexOf(position, small) * width;
					const expected = isGiven ? given.subarray(from, from + width) : pad;
					const at = AT + index * width;
					assert.deepEqual(padded.subarray(at, at + width), expected);
				}
				const around = [...padded.subarray(0, AT), ...padded.subarray(end)];
				assert.ok(around.every((byte) => byte === UNTOUCHED));

				const back = new Uint8Array(given.length);
				fitBox(
					{ bytes: back, at: 0, shape: small },
					{ bytes: padded, at: AT, shape: large },
					width,
					null,
				);
				assert.deepEqual(back, given);
				if (isPrefix(small, large))
					assert.deepEqual(padded.subarray(AT, AT + given.length), given);
			},
		),
		{ seed: 3, numRuns: 500 },
	);
});

test("what lies at the beginning needs no copy", () => {
	assert.ok(isPrefix([1, 5], [1, 8]));
	assert.ok(isPrefix([1, 1, 3, 8], [1, 1, 6, 8]));
	assert.ok(isPrefix([2, 8], [2, 8]));
	assert.ok(!isPrefix([2, 5], [2, 8]));
	assert.ok(!isPrefix([1, 2, 5], [1, 4, 8]));
});
