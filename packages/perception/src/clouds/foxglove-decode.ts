// foxglove.PointCloud as protobuf, read where it lies.
// https://github.com/foxglove/foxglove-sdk/blob/main/schemas/proto/foxglove/PointCloud.proto
import {
	FOXGLOVE_FIELD,
	FOXGLOVE_NUMERIC_TYPES,
	type FoxglovePointCloud,
} from "./foxglove-schema.ts";
import { PointCloudError } from "./point-cloud-error.ts";
import {
	assertConsistent,
	attachBytes,
	nextPointField,
	type PointCloudView,
	type PointField,
} from "./point-cloud-view.ts";
import { ProtoCursor } from "./proto-cursor.ts";
import { readName } from "./utf8.ts";

/** One for all: decoding is synchronous and never nested. */
const cursor = new ProtoCursor();

/**
 * Reads a message into `into`, whose view then lies over `bytes`. Fields may come in any order and unknown ones are
 * skipped; of a field that comes twice the last counts. Allocates nothing once frame id and fields have been seen.
 * @throws PointCloudError `truncated`, `malformed`, `inconsistent` or `unsupported`; `into` is then half-filled.
 */
export function decodeFoxglovePointCloud(
	bytes: Uint8Array,
	into: FoxglovePointCloud,
): void {
	const { view } = into;
	attachBytes(view, bytes);
	cursor.reset(bytes, view.dataView);
	into.timestampS = 0;
	into.timestampNs = 0;
	setIdentity(into.pose);
	view.fieldCount = 0;
	view.strideBytes = 0;
	view.dataOffsetBytes = 0;
	let frameIdAt = 0;
	let frameIdBytes = 0;
	let dataBytes = 0;
	while (cursor.nextField())
		switch (cursor.fieldNumber) {
			case FOXGLOVE_FIELD.timestamp:
				readTimestamp(into);
				break;
			case FOXGLOVE_FIELD.frameId:
				frameIdBytes = cursor.length();
				frameIdAt = cursor.at;
				cursor.at += frameIdBytes;
				break;
			case FOXGLOVE_FIELD.pose:
				readPose(into.pose);
				break;
			case FOXGLOVE_FIELD.pointStride:
				view.strideBytes = cursor.fixed32();
				break;
			case FOXGLOVE_FIELD.fields:
				readField(bytes, nextPointField(view));
				break;
			case FOXGLOVE_FIELD.data:
				dataBytes = cursor.length();
				view.dataOffsetBytes = cursor.at;
				cursor.at += dataBytes;
				break;
			default:
				cursor.skip();
		}
	into.frameId = readName(bytes, frameIdAt, frameIdBytes, into.frameId);
	finishView(view, dataBytes);
}

function finishView(view: PointCloudView, dataBytes: number): void {
	const { strideBytes } = view;
	const over = strideBytes === 0 ? dataBytes : dataBytes % strideBytes;
	if (over !== 0)
		throw new PointCloudError(
			"inconsistent",
			`${dataBytes} bytes of points are no whole number of points of ${strideBytes} bytes`,
			dataBytes,
			strideBytes,
		);
	view.littleEndian = true;
	view.rowCount = 1;
	view.rowStrideBytes = dataBytes;
	view.pointsPerRow = dataBytes === 0 ? 0 : dataBytes / strideBytes;
	assertConsistent(view, dataBytes);
}

function readTimestamp(into: FoxglovePointCloud): void {
	const outerEnd = cursor.enter();
	while (cursor.nextField())
		if (cursor.fieldNumber === 1) into.timestampS = cursor.integer();
		else if (cursor.fieldNumber === 2) into.timestampNs = cursor.integer();
		else cursor.skip();
	cursor.leave(outerEnd);
}

/** foxglove.Pose { Vector3 position = 1; Quaternion orientation = 2; }, each of doubles from 1 on. */
function readPose(pose: Float64Array): void {
	const outerEnd = cursor.enter();
	while (cursor.nextField())
		if (cursor.fieldNumber === 1) readDoubles(pose, 0, 3);
		else if (cursor.fieldNumber === 2) readDoubles(pose, 3, 4);
		else cursor.skip();
	cursor.leave(outerEnd);
}

/** What is there; what is not there is 0. */
function readDoubles(into: Float64Array, first: number, count: number): void {
	const outerEnd = cursor.enter();
	into.fill(0, first, first + count);
	while (cursor.nextField())
		if (cursor.fieldNumber <= count)
			into[first + cursor.fieldNumber - 1] = cursor.double();
		else cursor.skip();
	cursor.leave(outerEnd);
}

function readField(bytes: Uint8Array, field: PointField): void {
	const outerEnd = cursor.enter();
	let type = 0;
	let nameAt = 0;
	let nameBytes = 0;
	field.offsetBytes = 0;
	field.elementCount = 1;
	while (cursor.nextField())
		switch (cursor.fieldNumber) {
			case 1:
				nameBytes = cursor.length();
				nameAt = cursor.at;
				cursor.at += nameBytes;
				break;
			case 2:
				field.offsetBytes = cursor.fixed32();
				break;
			case 3:
				type = cursor.integer();
				break;
			default:
				cursor.skip();
		}
	cursor.leave(outerEnd);
	field.name = readName(bytes, nameAt, nameBytes, field.name);
	const known = FOXGLOVE_NUMERIC_TYPES[type - 1];
	if (known === undefined)
		throw new PointCloudError(
			"unsupported",
			`field "${field.name}" has numeric type ${type} where 1 to ${FOXGLOVE_NUMERIC_TYPES.length} are known`,
			type,
			FOXGLOVE_NUMERIC_TYPES.length,
		);
	field.type = known;
}

function setIdentity(pose: Float64Array): void {
	pose.fill(0);
	pose[6] = 1;
}
