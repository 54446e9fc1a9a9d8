// sensor_msgs/PointCloud2 as CDR, written straight into a caller's buffer, so that a producer can fill the points in
// place. https://docs.ros.org/en/jazzy/p/sensor_msgs/msg/PointCloud2.html
import { CDR_HEAD_BYTES, CDR_LITTLE_ENDIAN } from "./cdr-cursor.ts";
import { assertRoom } from "./point-cloud-error.ts";
import { pointBytesOf } from "./point-cloud-view.ts";
import { ROS_NUMERIC_TYPES, type RosPointCloud2 } from "./ros-point-cloud2.ts";
import { utf8Bytes, writeUtf8 } from "./utf8.ts";

/** Exact size of the message that `encodeRosPointCloud2` writes. */
export function rosPointCloud2Bytes(cloud: RosPointCloud2): number {
	return dataAt(cloud) + pointBytesOf(cloud.view) + 1;
}

/**
 * Writes the message with the points of its view, padding between rows included.
 * @returns bytes written
 * @throws PointCloudError `no-room` when the target is too small.
 */
export function encodeRosPointCloud2(
	cloud: RosPointCloud2,
	target: Uint8Array,
): number {
	const { view } = cloud;
	const at = encodeRosPointCloud2Head(cloud, target);
	const from = view.dataOffsetBytes;
	const bytes = pointBytesOf(view);
	target.set(view.data.subarray(from, from + bytes), at);
	return at + bytes + 1;
}

/**
 * Writes everything but the points, whose number, strides and fields the view says, for a producer that fills them
 * in. Allocates nothing.
 * @returns the offset at which `rowCount · rowStrideBytes` bytes of points belong; one byte after them ends the message
 * @throws PointCloudError `no-room` when the target cannot take head and points.
 */
export function encodeRosPointCloud2Head(
	cloud: RosPointCloud2,
	target: Uint8Array,
): number {
	const { view } = cloud;
	const dataBytes = pointBytesOf(view);
	assertRoom(
		"a sensor_msgs/PointCloud2",
		target,
		0,
		dataAt(cloud) + dataBytes + 1,
	);
	target[0] = 0;
	target[1] = CDR_LITTLE_ENDIAN;
	target[2] = 0;
	target[3] = 0;
	let at = writeUint32(target, CDR_HEAD_BYTES, cloud.stampS);
	at = writeUint32(target, at, cloud.stampNs);
	at = writeText(target, at, cloud.frameId);
	at = writeUint32(target, at, view.rowCount);
	at = writeUint32(target, at, view.pointsPerRow);
	at = writeUint32(target, at, view.fieldCount);
	for (let i = 0; i < view.fieldCount; i++) {
		const field = view.fields[i]!;
		at = writeText(target, at, field.name);
		at = writeUint32(target, at, field.offsetBytes);
		target[at++] = ROS_NUMERIC_TYPES.indexOf(field.type) + 1;
		at = writeUint32(target, at, field.elementCount);
	}
	target[at++] = view.littleEndian ? 0 : 1;
	at = writeUint32(target, at, view.strideBytes);
	at = writeUint32(target, at, view.rowStrideBytes);
	at = writeUint32(target, at, dataBytes);
	target[at + dataBytes] = cloud.isDense ? 1 : 0;
	return at;
}

function dataAt({ frameId, view }: RosPointCloud2): number {
	let at = afterText(CDR_HEAD_BYTES + 8, frameId);
	at = align4(at) + 12;
	for (let i = 0; i < view.fieldCount; i++) {
		at = align4(afterText(at, view.fields[i]!.name)) + 5;
		at = align4(at) + 4;
	}
	return align4(at + 1) + 12;
}

function afterText(at: number, text: string): number {
	return align4(at) + 4 + utf8Bytes(text) + 1;
}

function writeText(target: Uint8Array, at: number, text: string): number {
	const end = writeUtf8(
		text,
		target,
		writeUint32(target, at, utf8Bytes(text) + 1),
	);
	target[end] = 0;
	return end + 1;
}

/** Zeros up to the next multiple of 4, then the number. */
function writeUint32(target: Uint8Array, at: number, value: number): number {
	let to = at;
	while ((to & 3) !== 0) target[to++] = 0;
	for (let i = 0; i < 4; i++) target[to++] = value >>> (8 * i);
	return to;
}

function align4(at: number): number {
	return (at + 3) & ~3;
}
