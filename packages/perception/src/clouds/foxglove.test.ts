// Against protobufjs, which knows the schema from its own text.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import {
	type ArbitraryCloud,
	arbitraryCloud,
	expectedXyzi,
} from "../testing/arbitrary-clouds.ts";
import { decodeFoxglovePointCloud } from "./foxglove-decode.ts";
import {
	encodeFoxglovePointCloud,
	encodeFoxglovePointCloudHead,
	foxglovePointCloudBytes,
} from "./foxglove-encode.ts";
import { createFoxglovePointCloud } from "./foxglove-schema.ts";
import { PointCloudError } from "./point-cloud-error.ts";
import { createPoints } from "./points.ts";
import { readPoints } from "./read-points.ts";
import { writePoints } from "./write-points.ts";

// https://github.com/foxglove/foxglove-sdk/tree/main/schemas/proto/foxglove
const SCHEMA = `
syntax = "proto3";
package foxglove;
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Vector3 { double x = 1; double y = 2; double z = 3; }
message Quaternion { double x = 1; double y = 2; double z = 3; double w = 4; }
message Pose { Vector3 position = 1; Quaternion orientation = 2; }
message PackedElementField {
  enum NumericType {
    UNKNOWN = 0; UINT8 = 1; INT8 = 2; UINT16 = 3; INT16 = 4; UINT32 = 5; INT32 = 6; FLOAT32 = 7; FLOAT64 = 8;
  }
  string name = 1;
  fixed32 offset = 2;
  NumericType type = 3;
}
message PointCloud {
  Timestamp timestamp = 1;
  string frame_id = 2;
  Pose pose = 3;
  fixed32 point_stride = 4;
  repeated PackedElementField fields = 5;
  bytes data = 6;
  string uuid = 100;
}`;
const PointCloud = protobuf
	.parse(SCHEMA, { keepCase: true })
	.root.lookupType("foxglove.PointCloud");

const littleCloud = arbitraryCloud.filter((cloud) => cloud.littleEndian);
const pose = {
	position: { x: 1.5, y: -2, z: 1e-3 },
	orientation: { x: 0, y: 0.5, z: 0, w: 0.75 },
};

function objectOf(cloud: ArbitraryCloud) {
	return {
		timestamp: { seconds: 1_532_402_927, nanos: 647_951_000 },
		frame_id: "lidar_top/é",
		pose,
		point_stride: cloud.strideBytes,
		fields: cloud.fields.map(({ name, offsetBytes, type }) => ({
			name,
			offset: offsetBytes,
			type: type.toUpperCase(),
		})),
		data: cloud.data,
	};
}

function theirs(cloud: ArbitraryCloud, more: object = {}): Uint8Array {
	const object = { ...objectOf(cloud), ...more };
	return PointCloud.encode(PointCloud.fromObject(object)).finish();
}

test("what protobufjs writes is read in place", () => {
	const into = createFoxglovePointCloud();
	fc.assert(
		fc.property(littleCloud, (cloud) => {
			const bytes = theirs(cloud, { uuid: "unknown to us" });
			decodeFoxglovePointCloud(bytes, into);
			assert.equal(into.timestampS, 1_532_402_927);
			assert.equal(into.timestampNs, 647_951_000);
			assert.equal(into.frameId, "lidar_top/é");
			assert.deepEqual([...into.pose], [1.5, -2, 1e-3, 0, 0.5, 0, 0.75]);
			assert.equal(into.view.data, bytes);
			const points = createPoints(cloud.pointCount);
			readPoints(into.view, points);
			assert.deepEqual([...points.xyzi], expectedXyzi(cloud));
		}),
		{ seed: 81, numRuns: 200 },
	);
});

test("what is written is what protobufjs reads, exactly as long as announced", () => {
	const into = createFoxglovePointCloud();
	fc.assert(
		fc.property(littleCloud, (cloud) => {
			decodeFoxglovePointCloud(theirs(cloud), into);
			const size = foxglovePointCloudBytes(into);
			const target = new Uint8Array(size + 1).fill(0xaa);
			assert.equal(encodeFoxglovePointCloud(into, target), size);
			assert.equal(target[size], 0xaa);
			const back = PointCloud.toObject(
				PointCloud.decode(target.subarray(0, size)),
				{ enums: String, longs: Number, bytes: Array, defaults: true },
			);
			assert.deepEqual(back, {
				...objectOf(cloud),
				data: [...cloud.data],
				uuid: "",
			});
			assert.throws(
				() => encodeFoxglovePointCloud(into, target.subarray(0, size - 1)),
				{ code: "no-room", actual: size - 1, expected: size },
			);
		}),
		{ seed: 82, numRuns: 200 },
	);
});

test("a producer fills in the points behind the head", () => {
	fc.assert(
		fc.property(littleCloud, (cloud) => {
			const into = createFoxglovePointCloud();
			decodeFoxglovePointCloud(theirs(cloud), into);
			const points = createPoints(cloud.pointCount);
			readPoints(into.view, points);
			const target = new Uint8Array(foxglovePointCloudBytes(into));
			const dataAt = encodeFoxglovePointCloudHead(into, target);
			const message = createFoxglovePointCloud();
			decodeFoxglovePointCloud(target, message);
			assert.equal(message.view.dataOffsetBytes, dataAt);
			writePoints(points, message.view);
			const back = createPoints(cloud.pointCount);
			readPoints(message.view, back);
			assert.deepEqual(back, points);
		}),
		{ seed: 83, numRuns: 100 },
	);
});

const POINTS = {
	timestamp: { seconds: 5 },
	point_stride: 8,
	fields: [
		{ name: "x", type: 7 },
		{ name: "y", offset: 4, type: 7 },
	],
	data: new Uint8Array(16),
};
const encode = (more: object) =>
	PointCloud.encode(PointCloud.fromObject({ ...POINTS, ...more })).finish();
const decode = (bytes: Uint8Array) => {
	const into = createFoxglovePointCloud();
	decodeFoxglovePointCloud(bytes, into);
	return into;
};

test("an absent pose is the identity, an empty message an empty cloud, and time may be before the epoch", () => {
	assert.deepEqual([...decode(encode({})).pose], [0, 0, 0, 0, 0, 0, 1]);
	assert.equal(decode(new Uint8Array(0)).view.pointsPerRow, 0);
	const early = decode(encode({ timestamp: { seconds: -3, nanos: 7 } }));
	assert.deepEqual([early.timestampS, early.timestampNs], [-3, 7]);
});

test("messages that contradict themselves are refused with the two numbers", () => {
	const cases: [object, Partial<PointCloudError>][] = [
		[
			{ data: new Uint8Array(15) },
			{ code: "inconsistent", actual: 15, expected: 8 },
		],
		[{ point_stride: 0 }, { code: "inconsistent", actual: 16, expected: 0 }],
		[
			{ point_stride: 4, data: new Uint8Array(4) },
			{ code: "inconsistent", actual: 8, expected: 4 },
		],
		[
			{ fields: [{ name: "x", offset: 0xffff_ffff, type: 7 }] },
			{ code: "inconsistent", actual: 0x1_0000_0003, expected: 8 },
		],
		[
			{ fields: [{ name: "x", type: 9 }] },
			{ code: "unsupported", actual: 9, expected: 8 },
		],
		[
			{ fields: Array.from({ length: 65 }, () => ({ name: "x", type: 1 })) },
			{ code: "unsupported", actual: 65, expected: 64 },
		],
	];
	for (const [more, expected] of cases)
		assert.throws(() => decode(encode(more)), expected, JSON.stringify(more));
});

test("wire types that a field does not have are malformed", () => {
	for (const bytes of [
		[0x22, 0x00], // point_stride as bytes
		[0x30, 0x01], // data as a varint
		[0x0b], // a group
		[0x00, 0x01], // field 0
		[0x08, 0x01], // timestamp as a varint
	])
		assert.throws(
			() => decode(Uint8Array.from(bytes)),
			{ code: "malformed" },
			bytes.join(" "),
		);
	const endless = new Uint8Array(11).fill(0xff);
	assert.throws(() => decode(endless), { code: "malformed" });
});

test("a message that is cut anywhere, or changed anywhere, gives a cloud inside its bytes or a typed error", () => {
	fc.assert(
		fc.property(
			littleCloud,
			fc.nat(),
			fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
			(cloud, cutAt, changes) => {
				const whole = theirs(cloud);
				const bytes = whole.slice(0, cutAt % (whole.length + 1));
				for (const [at, value] of changes)
					if (bytes.length > 0) bytes[at % bytes.length] = value;
				try {
					const { view } = decode(bytes);
					readPoints(view, createPoints(view.pointsPerRow * view.rowCount));
					assert.ok(view.dataOffsetBytes + view.rowStrideBytes <= bytes.length);
				} catch (error) {
					assert.ok(error instanceof PointCloudError, String(error));
				}
			},
		),
		{ seed: 84, numRuns: 3000 },
	);
});
