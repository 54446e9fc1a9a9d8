import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chwToHwc, hwcToChw, swapRedBlue } from "./layout.ts";

test("planes collect one channel each", () => {
	const planes = new Float32Array(6);
	const size = { width: 2, height: 1, channels: 3 };
	hwcToChw(Float32Array.of(1, 2, 3, 4, 5, 6), planes, size);
	assert.deepEqual([...planes], [1, 4, 2, 5, 3, 6]);
});

test("images of a batch stay apart", () => {
	const planes = new Uint8Array(8);
	const size = { width: 2, height: 1, channels: 2, batch: 2 };
	hwcToChw(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), planes, size);
	assert.deepEqual([...planes], [1, 3, 2, 4, 5, 7, 6, 8]);
});

test("there and back again is the same image", () => {
	const side = fc.integer({ min: 1, max: 9 });
	fc.assert(
		fc.property(side, side, side, side, (width, height, channels, batch) => {
			const size = { width, height, channels, batch };
			const image = Float32Array.from(
				{ length: width * height * channels * batch },
				(_, i) => i,
			);
			const planes = new Float32Array(image.length);
			const back = new Float32Array(image.length);
			hwcToChw(image, planes, size);
			chwToHwc(planes, back, size);
			assert.deepEqual(back, image);
		}),
		{ seed: 4, numRuns: 100 },
	);
});

test("red and blue change places, in place too", () => {
	const image = Uint8Array.of(1, 2, 3, 4, 5, 6);
	swapRedBlue(image, image);
	assert.deepEqual([...image], [3, 2, 1, 6, 5, 4]);
});

test("arrays that do not fit are refused", () => {
	const size = { width: 2, height: 1, channels: 3 };
	assert.throws(
		() => hwcToChw(new Uint8Array(5), new Uint8Array(6), size),
		/source has 5 elements where 6/,
	);
	assert.throws(
		() => swapRedBlue(new Uint8Array(4), new Uint8Array(4)),
		/4 bytes are no whole number/,
	);
});
