// foxglove.PointCloud as protobuf, written straight into a caller's buffer. The points are the last field, so a
// producer can fill them in place behind the head.
// https://github.com/foxglove/foxglove-sdk/blob/main/schemas/proto/foxglove/PointCloud.proto
import {
	FOXGLOVE_FIELD,
	FOXGLOVE_NUMERIC_TYPES,
	type FoxglovePointCloud,
} from "./foxglove-schema.ts";
import { assertRoom, PointCloudError } from "./point-cloud-error.ts";
import {
	type PointCloudView,
	type PointField,
	pointCountOf,
} from "./point-cloud-view.ts";
import {
	WIRE_BYTES,
	WIRE_FIXED32,
	WIRE_FIXED64,
	WIRE_VARINT,
} from "./proto-cursor.ts";
import {
	lengthDelimitedBytes,
	textBytes,
	varintBytes,
	writeDouble,
	writeFixed32,
	writeTag,
	writeText,
	writeVarint,
} from "./proto-writer.ts";

const FIXED32_BYTES = 5;
const DOUBLE_BYTES = 9;
const POSITION_BYTES = 3 * DOUBLE_BYTES;
const ORIENTATION_BYTES = 4 * DOUBLE_BYTES;
const POSE_BYTES = 2 + POSITION_BYTES + 2 + ORIENTATION_BYTES;

/** Exact size of the message that `encodeFoxglovePointCloud` writes. */
export function foxglovePointCloudBytes(cloud: FoxglovePointCloud): number {
	return headBytes(cloud) + dataBytesOf(cloud.view);
}

/**
 * Writes the message with the points of its view, without padding between rows.
 * @returns bytes written
 * @throws PointCloudError `no-room`; `unsupported` when the points are big-endian, which this message cannot say.
 */
export function encodeFoxglovePointCloud(
	cloud: FoxglovePointCloud,
	target: Uint8Array,
): number {
	const { view } = cloud;
	if (!view.littleEndian)
		throw new PointCloudError(
			"unsupported",
			`${dataBytesOf(view)} bytes of big-endian points in a message that has little-endian ones`,
			dataBytesOf(view),
			0,
		);
	const at = encodeFoxglovePointCloudHead(cloud, target);
	const rowBytes = view.pointsPerRow * view.strideBytes;
	for (let row = 0; row < view.rowCount; row++) {
		const from = view.dataOffsetBytes + row * view.rowStrideBytes;
		target.set(view.data.subarray(from, from + rowBytes), at + row * rowBytes);
	}
	return at + view.rowCount * rowBytes;
}

/**
 * Writes everything but the points, whose number, stride and fields the view says, for a producer that fills them in.
 * Allocates nothing.
 * @returns the offset at which `pointsPerRow · rowCount · strideBytes` bytes of points belong; they end the message
 * @throws PointCloudError `no-room` when the target cannot take head and points.
 */
export function encodeFoxglovePointCloudHead(
	cloud: FoxglovePointCloud,
	target: Uint8Array,
): number {
	const { view } = cloud;
	const dataBytes = dataBytesOf(view);
	assertRoom("a foxglove.PointCloud", target, 0, headBytes(cloud) + dataBytes);
	let at = writeTag(target, 0, FOXGLOVE_FIELD.timestamp, WIRE_BYTES);
	at = writeVarint(target, at, timestampBytes(cloud));
	at = writeTag(target, at, 1, WIRE_VARINT);
	at = writeVarint(target, at, cloud.timestampS);
	at = writeTag(target, at, 2, WIRE_VARINT);
	at = writeVarint(target, at, cloud.timestampNs);
	at = writeText(target, at, FOXGLOVE_FIELD.frameId, cloud.frameId);
	at = writePose(target, at, cloud.pose);
	at = writeTag(target, at, FOXGLOVE_FIELD.pointStride, WIRE_FIXED32);
	at = writeFixed32(target, at, view.strideBytes);
	for (let i = 0; i < view.fieldCount; i++) {
		const field = view.fields[i]!;
		at = writeTag(target, at, FOXGLOVE_FIELD.fields, WIRE_BYTES);
		at = writeVarint(target, at, fieldBytes(field));
		at = writeText(target, at, 1, field.name);
		at = writeTag(target, at, 2, WIRE_FIXED32);
		at = writeFixed32(target, at, field.offsetBytes);
		at = writeTag(target, at, 3, WIRE_VARINT);
		at = writeVarint(
			target,
			at,
			FOXGLOVE_NUMERIC_TYPES.indexOf(field.type) + 1,
		);
	}
	at = writeTag(target, at, FOXGLOVE_FIELD.data, WIRE_BYTES);
	return writeVarint(target, at, dataBytes);
}

function headBytes(cloud: FoxglovePointCloud): number {
	const { view, frameId } = cloud;
	let bytes =
		lengthDelimitedBytes(timestampBytes(cloud)) +
		textBytes(frameId) +
		lengthDelimitedBytes(POSE_BYTES) +
		FIXED32_BYTES;
	for (let i = 0; i < view.fieldCount; i++)
		bytes += lengthDelimitedBytes(fieldBytes(view.fields[i]!));
	return bytes + 1 + varintBytes(dataBytesOf(view));
}

function dataBytesOf(view: PointCloudView): number {
	return pointCountOf(view) * view.strideBytes;
}

function timestampBytes(cloud: FoxglovePointCloud): number {
	return 2 + varintBytes(cloud.timestampS) + varintBytes(cloud.timestampNs);
}

function fieldBytes(field: PointField): number {
	return textBytes(field.name) + FIXED32_BYTES + 2;
}

function writePose(target: Uint8Array, at: number, pose: Float64Array): number {
	let to = writeVarint(
		target,
		writeTag(target, at, FOXGLOVE_FIELD.pose, WIRE_BYTES),
		POSE_BYTES,
	);
	to = writeVarint(target, writeTag(target, to, 1, WIRE_BYTES), POSITION_BYTES);
	for (let i = 0; i < 3; i++)
		to = writeDouble(
			target,
			writeTag(target, to, i + 1, WIRE_FIXED64),
			pose[i]!,
		);
	to = writeVarint(
		target,
		writeTag(target, to, 2, WIRE_BYTES),
		ORIENTATION_BYTES,
	);
	for (let i = 0; i < 4; i++)
		to = writeDouble(
			target,
			writeTag(target, to, i + 1, WIRE_FIXED64),
			pose[3 + i]!,
		);
	return to;
}
