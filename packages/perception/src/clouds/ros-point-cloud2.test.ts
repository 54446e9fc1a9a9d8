// Against Foxglove's ROS 2 serialisation, which knows the message from its own definitions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ros2jazzy } from "@foxglove/rosmsg-msgs-common";
import { MessageReader, MessageWriter } from "@foxglove/rosmsg2-serialization";
import fc from "fast-check";
import {
	type ArbitraryCloud,
	arbitraryCloud,
	expectedXyzi,
} from "../testing/arbitrary-clouds.ts";
import { PointCloudError } from "./point-cloud-error.ts";
import { createPoints } from "./points.ts";
import { readPoints } from "./read-points.ts";
import {
	encodeRosPointCloud2,
	encodeRosPointCloud2Head,
	rosPointCloud2Bytes,
} from "./ros-encode.ts";
import {
	createRosPointCloud2,
	decodeRosPointCloud2,
} from "./ros-point-cloud2.ts";
import { writePoints } from "./write-points.ts";

const definitions = [
	ros2jazzy["sensor_msgs/PointCloud2"],
	ros2jazzy["sensor_msgs/PointField"],
	ros2jazzy["std_msgs/Header"],
];
const writer = new MessageWriter(definitions);
const reader = new MessageReader(definitions);

// https://docs.ros.org/en/jazzy/p/sensor_msgs/msg/PointField.html
const DATATYPES = {
	int8: 1,
	uint8: 2,
	int16: 3,
	uint16: 4,
	int32: 5,
	uint32: 6,
	float32: 7,
	float64: 8,
};

function messageOf(cloud: ArbitraryCloud) {
	return {
		header: { stamp: { sec: -5, nanosec: 647_951_000 }, frame_id: "lidar/top" },
		height: 1,
		width: cloud.pointCount,
		fields: cloud.fields.map(({ name, offsetBytes, type }) => ({
			// This writer counts letters where bytes are meant, so it gets names of one byte each.
			name: name.replaceAll(/[^a-z]/gu, "_"),
			offset: offsetBytes,
			datatype: DATATYPES[type],
			count: 1,
		})),
		is_bigendian: !cloud.littleEndian,
		point_step: cloud.strideBytes,
		row_step: cloud.strideBytes * cloud.pointCount,
		data: cloud.data,
		is_dense: true,
	};
}

test("what a ROS 2 writer writes is read in place", () => {
	const into = createRosPointCloud2();
	fc.assert(
		fc.property(arbitraryCloud, (cloud) => {
			const bytes = writer.writeMessage(messageOf(cloud));
			decodeRosPointCloud2(bytes, into);
			assert.equal(into.stampS, -5);
			assert.equal(into.stampNs, 647_951_000);
			assert.equal(into.frameId, "lidar/top");
			assert.equal(into.isDense, true);
			assert.equal(into.view.data, bytes);
			const points = createPoints(cloud.pointCount);
			readPoints(into.view, points);
			assert.deepEqual([...points.xyzi], expectedXyzi(cloud));
		}),
		{ seed: 91, numRuns: 200 },
	);
});

test("what is written is what a ROS 2 reader reads, exactly as long as announced", () => {
	const into = createRosPointCloud2();
	fc.assert(
		fc.property(arbitraryCloud, (cloud) => {
			const message = messageOf(cloud);
			decodeRosPointCloud2(writer.writeMessage(message), into);
			const size = rosPointCloud2Bytes(into);
			const target = new Uint8Array(size + 1).fill(0xaa);
			assert.equal(encodeRosPointCloud2(into, target), size);
			assert.equal(target[size], 0xaa);
			const back = reader.readMessage<typeof message>(target.subarray(0, size));
			// An empty cloud has no rows.
			if (cloud.pointCount === 0) message.height = 0;
			assert.deepEqual(
				JSON.parse(JSON.stringify({ ...back, data: [...back.data] })),
				{ ...message, data: [...cloud.data] },
			);
			assert.throws(
				() => encodeRosPointCloud2(into, target.subarray(0, size - 1)),
				{ code: "no-room", actual: size - 1, expected: size },
			);
		}),
		{ seed: 92, numRuns: 200 },
	);
});

test("a producer fills in the points behind the head", () => {
	fc.assert(
		fc.property(arbitraryCloud, (cloud) => {
			const into = createRosPointCloud2();
			decodeRosPointCloud2(writer.writeMessage(messageOf(cloud)), into);
			const points = createPoints(cloud.pointCount);
			readPoints(into.view, points);
			const target = new Uint8Array(rosPointCloud2Bytes(into));
			const dataAt = encodeRosPointCloud2Head(into, target);
			const message = createRosPointCloud2();
			decodeRosPointCloud2(target, message);
			assert.equal(message.view.dataOffsetBytes, dataAt);
			writePoints(points, message.view);
			const back = createPoints(cloud.pointCount);
			readPoints(message.view, back);
			assert.deepEqual(back, points);
		}),
		{ seed: 93, numRuns: 100 },
	);
});

const POINTS = {
	header: { stamp: { sec: 1, nanosec: 2 }, frame_id: "lidar" },
	height: 2,
	width: 2,
	fields: [
		{ name: "x", offset: 0, datatype: 7, count: 1 },
		{ name: "y", offset: 4, datatype: 7, count: 0 },
	],
	is_bigendian: false,
	point_step: 9,
	row_step: 20,
	data: new Uint8Array(40),
	is_dense: false,
};
const decode = (bytes: Uint8Array) => {
	const into = createRosPointCloud2();
	decodeRosPointCloud2(bytes, into);
	return into;
};

test("rows keep their padding, and a count of 0 means one number", () => {
	const { view } = decode(writer.writeMessage(POINTS));
	assert.deepEqual(
		[view.rowCount, view.pointsPerRow, view.strideBytes, view.rowStrideBytes],
		[2, 2, 9, 20],
	);
	assert.equal(view.fields[1]?.elementCount, 1);
});

test("messages that contradict themselves are refused with the two numbers", () => {
	const x = POINTS.fields[0];
	const cases: [object, Partial<PointCloudError>][] = [
		[
			{ data: new Uint8Array(39) },
			{ code: "inconsistent", actual: 39, expected: 40 },
		],
		[{ width: 3 }, { code: "inconsistent", actual: 20, expected: 27 }],
		[
			{ height: 0xffff_ffff },
			{ code: "inconsistent", actual: 40, expected: 20 * 0xffff_ffff },
		],
		[
			{ width: 0xffff_ffff, point_step: 0xffff_ffff, row_step: 0 },
			{ code: "inconsistent", actual: 0 },
		],
		[{ point_step: 7 }, { code: "inconsistent", actual: 8, expected: 7 }],
		[
			{ fields: [{ ...x, count: 0xffff_ffff }] },
			{ code: "inconsistent", actual: 4 * 0xffff_ffff, expected: 9 },
		],
		[
			{ fields: [], point_step: 0, row_step: 0, data: new Uint8Array(0) },
			{ code: "inconsistent", actual: 0, expected: 1 },
		],
		[
			{ fields: [{ ...x, datatype: 0 }] },
			{ code: "unsupported", actual: 0, expected: 8 },
		],
		[
			{ fields: Array.from({ length: 65 }, () => x) },
			{ code: "unsupported", actual: 65, expected: 64 },
		],
	];
	for (const [more, expected] of cases)
		assert.throws(
			() => decode(writer.writeMessage({ ...POINTS, ...more })),
			expected,
			JSON.stringify(more),
		);
});

test("four billion rows of nothing are no rows", () => {
	const { view } = decode(
		writer.writeMessage({
			...POINTS,
			height: 0xffff_ffff,
			width: 0,
			row_step: 0,
			data: new Uint8Array(0),
		}),
	);
	assert.equal(view.rowCount, 0);
});

test("big-endian CDR, a text without an end and bytes behind the end are refused", () => {
	const bytes = writer.writeMessage(POINTS);
	const changed = (at: number, value: number) => {
		const copy = bytes.slice();
		copy[at] = value;
		return copy;
	};
	assert.throws(() => decode(changed(1, 0)), { code: "unsupported" });
	// frame_id: 4 + 8 + length, then "lidar" and its zero byte.
	assert.throws(() => decode(changed(21, 1)), { code: "malformed" });
	assert.throws(() => decode(changed(bytes.length - 1, 7)), {
		code: "malformed",
		actual: 7,
	});
	const longer = new Uint8Array(bytes.length + 4);
	longer.set(bytes);
	assert.throws(() => decode(longer), { code: "malformed", actual: 4 });
	assert.doesNotThrow(() => decode(longer.subarray(0, -1)));
});

test("a message that is cut anywhere, or changed anywhere, gives a cloud inside its bytes or a typed error", () => {
	fc.assert(
		fc.property(
			arbitraryCloud,
			fc.nat(),
			fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
			(cloud, cutAt, changes) => {
				const whole = writer.writeMessage(messageOf(cloud));
				const isCut = cutAt % 3 !== 0;
				const bytes = whole.slice(0, isCut ? cutAt % whole.length : undefined);
				for (const [at, value] of changes)
					if (bytes.length > 0) bytes[at % bytes.length] = value;
				try {
					const { view } = decode(bytes);
					readPoints(view, createPoints(view.pointsPerRow * view.rowCount));
					assert.ok(
						view.dataOffsetBytes + view.rowCount * view.rowStrideBytes <
							bytes.length,
					);
				} catch (error) {
					assert.ok(error instanceof PointCloudError, String(error));
				}
			},
		),
		{ seed: 94, numRuns: 3000 },
	);
});
