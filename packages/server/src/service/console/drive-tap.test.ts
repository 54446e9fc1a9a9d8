import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tensor } from "../../tensor/tensor.ts";
import { tracksOf } from "./drive-tap.ts";
import { boxesOf, encodeMedia } from "./media-tap.ts";

function tensor(
	name: string,
	dtype: Tensor["dtype"],
	shape: readonly number[],
	values: Float32Array | Uint32Array | Int32Array,
): Tensor {
	return { name, dtype, shape, data: new Uint8Array(values.buffer) };
}

const outputs = (vehicle: readonly number[]): Tensor[] => [
	tensor(
		"tracks.states",
		"FP32",
		[1, 7],
		Float32Array.of(10, 5, 2, 0, 4, 2, Math.PI / 2),
	),
	tensor("tracks.ids", "UINT32", [1], Uint32Array.of(9)),
	tensor("tracks.classes", "INT32", [1], Int32Array.of(1)),
	tensor("tracks.vehicle", "FP32", [3], Float32Array.from(vehicle)),
];

test("tracks are told in the frame of the vehicle", () => {
	const [same] = tracksOf(outputs([0, 0, 0]))!;
	assert.deepEqual(same, {
		id: 9,
		classId: 1,
		state: [10, 5, 2, 0, 4, 2, 1.571],
	});
	// The vehicle is at 10, 0 and looks to the left: what is 5 m to the left of that place lies 5 m ahead.
	const [turned] = tracksOf(outputs([10, 0, Math.PI / 2]))!;
	assert.deepEqual(
		turned!.state.map((value) => Math.round(100 * value) / 100 + 0),
		[5, 0, 0, -2, 4, 2, 0],
	);
});

test("a pipeline that tells no tracks, or not where the vehicle is, has none", () => {
	assert.equal(tracksOf([]), null);
	assert.equal(tracksOf(outputs([0, 0, 0]).slice(0, 3)), null);
});

test("boxes are read as the camera's pipeline tells them, and as declared ones do", () => {
	const six = Float32Array.of(1, 2, 3, 4, 0.5, 2);
	assert.deepEqual(boxesOf([tensor("boxes", "FP32", [1, 6], six)]), [
		[1, 2, 3, 4, 0.5, 2],
	]);
	assert.deepEqual(
		boxesOf([
			tensor("found.boxes", "FP32", [1, 4], Float32Array.of(1, 2, 3, 4)),
			tensor("found.scores", "FP32", [1], Float32Array.of(0.75)),
			tensor("found.classes", "INT32", [1], Int32Array.of(3)),
		]),
		[[1, 2, 3, 4, 0.75, 3]],
	);
	assert.deepEqual(boxesOf([]), []);
});

test("the bytes of a medium begin where typed arrays may view them, whatever its head says", () => {
	for (let length = 0; length < 20; length++) {
		const head = {
			kind: "picture",
			topic: `media/s1/${"ü".repeat(length)}`,
			type: "image/jpeg",
			width: 1,
			height: 1,
			finishedUs: 0,
			outcome: "RESULT",
			boxes: [],
		} as const;
		const message = encodeMedia(head, Uint8Array.of(7, 8));
		const headBytes = new DataView(
			message.buffer,
			message.byteOffset,
		).getUint32(0, true);
		assert.equal((4 + headBytes) % 8, 0);
		assert.deepEqual([...message.subarray(4 + headBytes)], [7, 8]);
		const text = Buffer.from(message.subarray(4, 4 + headBytes)).toString();
		assert.deepEqual(JSON.parse(text), head);
	}
});
