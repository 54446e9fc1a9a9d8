import assert from "node:assert/strict";
import { test } from "node:test";
import { toBinary } from "@bufbuild/protobuf";
import { KITTI_LAYOUT } from "@saccade/perception";
import { SensorReadingSchema } from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { FramePayload } from "../../pipelines/frame.ts";
import { SensorReadingReader } from "../sensor-reading.ts";
import {
	messageOf,
	type PlainReading,
	payloadOf,
	shapeOf,
} from "./payloads.ts";
import { parseTaggedJson, taggedJson } from "./tagged-json.ts";
import { wireReading } from "./to-wire.ts";

const bytes = Uint8Array.from({ length: 48 }, (_, i) => i);
const image = { kind: "image", bytes } as const;
const cloud = { kind: "cloud", bytes } as const;
const PAYLOADS: Readonly<Record<string, FramePayload>> = {
	"a raw picture": {
		...image,
		encoding: "rgb8",
		width: 4,
		height: 4,
		rowStrideBytes: 0,
	},
	"a raw picture with padded rows": {
		...image,
		encoding: "mono8",
		width: 10,
		height: 4,
		rowStrideBytes: 12,
	},
	"a compressed picture": {
		...image,
		encoding: "jpeg",
		width: 0,
		height: 0,
		rowStrideBytes: 0,
	},
	"a packed cloud": { ...cloud, layout: { kind: "packed", ...KITTI_LAYOUT } },
	"a cloud of Foxglove's": { ...cloud, layout: { kind: "foxglove" } },
	"a cloud of ROS 2": { ...cloud, layout: { kind: "point-cloud2" } },
	"an inertial reading": {
		kind: "imu",
		angularVelocity: [0.1, -0.2, 1e-300],
		linearAcceleration: [9.81, 0, -1],
	},
	tensors: {
		kind: "tensors",
		tensors: [
			{ name: "A", dtype: "FP32", shape: [1, 12], data: bytes },
			{ name: "B", dtype: "BOOL", shape: [], data: bytes.subarray(0, 1) },
		],
	},
};

function readingOf(payload: FramePayload | null): PlainReading {
	return {
		timestampNs: -1n,
		deviceId: "a",
		value: 0,
		sequence: 7,
		frameId: "lidar",
		budgetUs: 1000,
		interrupt: true,
		payload,
		receivedUs: 1.25,
	};
}

for (const [name, payload] of Object.entries(PAYLOADS)) {
	test(`${name} comes out of its message as it went in`, () => {
		const message = messageOf(readingOf(payload)).bytes;
		const shape = parseTaggedJson(taggedJson(shapeOf(payload)));
		assert.deepEqual(
			payloadOf(shape as ReturnType<typeof shapeOf>, message),
			payload,
		);
	});

	test(`${name} is sent to a server as it was received`, () => {
		const reader = new SensorReadingReader();
		reader.read(toBinary(SensorReadingSchema, wireReading(readingOf(payload))));
		assert.deepEqual(reader.payload, payload);
		assert.equal(reader.timestampNs, -1n);
		assert.equal(reader.budgetUs, 1000);
		assert.equal(reader.interrupt, true);
	});
}

test("numbers that JSON has not come back from it, and texts that look like them stay texts", () => {
	const value = {
		numbers: [Number.NaN, Number.POSITIVE_INFINITY, -0, 0.1, 5e-324],
		integers: [-1n, 2n ** 64n],
		texts: ["NaN", "12n", "$"],
		nothing: null,
	};
	assert.deepStrictEqual(parseTaggedJson(taggedJson(value)), value);
});
