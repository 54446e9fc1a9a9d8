// Payloads are views on the slot that the message landed in: nothing of them is copied.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
	createPointCloudView,
	createPoints,
	readPoints,
	viewPackedCloud,
} from "@saccade/perception";
import { SensorReadingSchema } from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { FramePayload } from "../pipelines/frame.ts";
import { SlotPool } from "../tensor/slot-pool.ts";
import { SensorReadingReader } from "./sensor-reading.ts";

type Content = NonNullable<
	MessageInitShape<typeof SensorReadingSchema>["content"]
>;

const data = new Uint8Array(new Float32Array(4 * 8192).map((_, i) => i).buffer);

const contents: readonly Content[] = [
	{ case: "image", value: { encoding: "jpeg", data } },
	{ case: "cloud", value: { layout: { case: "packed", value: { data } } } },
	{ case: "cloud", value: { layout: { case: "foxglove", value: data } } },
	{ case: "cloud", value: { layout: { case: "pointCloud2", value: data } } },
	{
		case: "tensors",
		value: {
			tensors: [{ name: "a", datatype: "FP32", shape: [32_768n], data }],
		},
	},
];

function readInSlot(content: Content) {
	const message = toBinary(
		SensorReadingSchema,
		create(SensorReadingSchema, { deviceId: "lidar", content }),
	);
	const { bytes, lease } = new SlotPool().place(message.byteLength)!;
	bytes.set(message);
	const reader = new SensorReadingReader();
	reader.read(bytes);
	return { slot: bytes, lease, payload: reader.payload! };
}

function bytesOf(payload: FramePayload): Uint8Array {
	if (payload.kind === "tensors") return payload.tensors[0]!.data;
	assert.notEqual(payload.kind, "imu");
	return (payload as Extract<FramePayload, { bytes: Uint8Array }>).bytes;
}

describe("a reading in a leased slot", () => {
	for (const content of contents) {
		const name =
			content.case === "cloud"
				? `a cloud (${content.value.layout?.case})`
				: content.case;
		test(`has its bytes where they landed: ${name}`, () => {
			const { slot, payload } = readInSlot(content);
			const bytes = bytesOf(payload);
			assert.equal(bytes.buffer, slot.buffer);
			assert.equal(bytes.byteLength, data.byteLength);
			assert.deepEqual(bytes.subarray(0, 64), data.subarray(0, 64));
			// What changes in the slot changes in the view.
			slot.fill(0xab, bytes.byteOffset - slot.byteOffset);
			assert.equal(bytes[0], 0xab);
			assert.equal(bytes.at(-1), 0xab);
		});
	}

	test("gives its points to the kernels in place, too", () => {
		const { slot, payload } = readInSlot(contents[1]!);
		assert.ok(payload.kind === "cloud" && payload.layout.kind === "packed");
		const view = createPointCloudView();
		viewPackedCloud(payload.bytes, payload.layout, view);
		assert.equal(view.data.buffer, slot.buffer);
		const points = createPoints(8192);
		readPoints(view, points);
		assert.deepEqual([...points.xyzi.subarray(0, 8)], [0, 1, 2, 3, 4, 5, 6, 7]);
	});
});
