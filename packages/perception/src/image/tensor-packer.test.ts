import assert from "node:assert/strict";
import { test } from "node:test";
import { TensorPacker } from "./tensor-packer.ts";

// Two pixels: (10, 20, 30) and (40, 50, 60).
const pixels = Uint8Array.of(10, 20, 30, 40, 50, 60);
const twoPixels = { width: 2, height: 1, scale: 1 };

function pack(options: ConstructorParameters<typeof TensorPacker>[0]) {
	const packer = new TensorPacker(options);
	const tensor = new Float32Array(packer.elementCount);
	packer.pack(pixels, tensor);
	return [...tensor];
}

test("planes hold one channel each", () => {
	assert.deepEqual(pack(twoPixels), [10, 40, 20, 50, 30, 60]);
});

test("interleaved keeps the order of the pixels", () => {
	assert.deepEqual(pack({ ...twoPixels, layout: "hwc" }), [...pixels]);
});

test("red and blue change places, in either layout", () => {
	assert.deepEqual(
		pack({ ...twoPixels, swapRedBlue: true }),
		[30, 60, 20, 50, 10, 40],
	);
	assert.deepEqual(
		pack({ ...twoPixels, swapRedBlue: true, layout: "hwc" }),
		[30, 20, 10, 60, 50, 40],
	);
});

test("mean and deviation belong to the tensor's channels, after scaling", () => {
	assert.deepEqual(
		pack({
			...twoPixels,
			scale: 2,
			swapRedBlue: true,
			mean: [60, 0, 10],
			deviation: [1, 4, 2],
		}),
		[0, 60, 10, 25, 5, 35],
	);
});

test("by default 255 becomes exactly 1", () => {
	const packer = new TensorPacker({ width: 1, height: 1 });
	const tensor = new Float32Array(3);
	packer.pack(Uint8Array.of(0, 51, 255), tensor);
	assert.deepEqual([...tensor], [0, Math.fround(0.2), 1]);
});

test("buffers that do not fit are refused", () => {
	const packer = new TensorPacker(twoPixels);
	assert.throws(() => packer.pack(pixels, new Float32Array(5)), /tensor has 5/);
	assert.throws(
		() => packer.pack(new Uint8Array(5), new Float32Array(6)),
		/image has 5/,
	);
});
