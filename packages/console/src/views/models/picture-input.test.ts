import assert from "node:assert/strict";
import { test } from "node:test";
import { pictureInput, pixelsToTensor } from "./picture-input.ts";

const input = (datatype: string, shape: readonly number[]) => ({
	name: "image",
	datatype,
	shape,
});

test("inputs of three channels are pictures, wherever the channels are, and others are not", () => {
	const nhwc = pictureInput(input("UINT8", [-1, 192, 320, 3]));
	assert.deepEqual(
		[nhwc?.layout, nhwc?.width, nhwc?.height, nhwc?.shape],
		["hwc", 320, 192, [1, 192, 320, 3]],
	);
	const nchw = pictureInput(input("FP32", [1, 3, -1, -1]));
	assert.deepEqual([nchw?.layout, nchw?.shape], ["chw", [1, 3, 224, 224]]);
	const unbatched = pictureInput(input("FP32", [3, 10, 20]));
	assert.deepEqual(unbatched?.shape, [3, 10, 20]);
	for (const [datatype, shape] of [
		["FP32", [-1, 8, 160, 160]],
		["INT32", [1, 3, 4, 4]],
		["FP32", [1, 16]],
		["UINT8", [1, 3, 100_000, 100_000]],
	] as const)
		assert.equal(pictureInput(input(datatype, shape)), null);
});

test("pixels become bytes as they are, or numbers from 0 to 1, in the order of the input", () => {
	const rgba = Uint8ClampedArray.of(255, 0, 51, 9, 10, 20, 30, 9);
	const hwc = pictureInput(input("UINT8", [1, 1, 2, 3]));
	assert.deepEqual(
		[...pixelsToTensor(rgba, hwc!).data],
		[255, 0, 51, 10, 20, 30],
	);
	const chw = pictureInput(input("FP32", [1, 3, 1, 2]));
	const { data, shape } = pixelsToTensor(rgba, chw!);
	assert.deepEqual(shape, [1, 3, 1, 2]);
	const values = new Float32Array(Uint8Array.from(data).buffer);
	assert.deepEqual(
		Array.from(values, (value) => Math.round(255 * value)),
		[255, 10, 0, 20, 51, 30],
	);
});
