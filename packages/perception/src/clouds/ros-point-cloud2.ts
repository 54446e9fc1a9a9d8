// sensor_msgs/PointCloud2 as CDR, read where it lies.
// https://docs.ros.org/en/jazzy/p/sensor_msgs/msg/PointCloud2.html
import { CdrCursor } from "./cdr-cursor.ts";
import type { PointNumericType } from "./numeric-type.ts";
import { PointCloudError } from "./point-cloud-error.ts";
import {
	assertConsistent,
	attachBytes,
	createPointCloudView,
	nextPointField,
	type PointCloudView,
	type PointField,
} from "./point-cloud-view.ts";

/** sensor_msgs/PointField.datatype, from 1 on. */
export const ROS_NUMERIC_TYPES: readonly PointNumericType[] = [
	"int8",
	"uint8",
	"int16",
	"uint16",
	"int32",
	"uint32",
	"float32",
	"float64",
];

export interface RosPointCloud2 {
	/** Whole seconds since the epoch; negative before it. */
	stampS: number;
	/** Nanoseconds after them, 0 … 999,999,999. */
	stampNs: number;
	frameId: string;
	/** What the sender says: false when points may be NaN. Nobody here relies on it. */
	isDense: boolean;
	readonly view: PointCloudView;
}

export function createRosPointCloud2(): RosPointCloud2 {
	return {
		stampS: 0,
		stampNs: 0,
		frameId: "",
		isDense: true,
		view: createPointCloudView(),
	};
}

/** One for all: decoding is synchronous and never nested. */
const cursor = new CdrCursor();

/**
 * Reads a message into `into`, whose view then lies over `bytes`; big-endian points are read too. Allocates nothing
 * once frame id and fields have been seen.
 * @throws PointCloudError `truncated`, `malformed`, `inconsistent` or `unsupported`; `into` is then half-filled.
 */
export function decodeRosPointCloud2(
	bytes: Uint8Array,
	into: RosPointCloud2,
): void {
	const { view } = into;
	attachBytes(view, bytes);
	cursor.reset(bytes, view.dataView);
	into.stampS = cursor.uint32("header.stamp.sec") | 0;
	into.stampNs = cursor.uint32("header.stamp.nanosec");
	into.frameId = cursor.text("header.frame_id", into.frameId);
	view.rowCount = cursor.uint32("height");
	view.pointsPerRow = cursor.uint32("width");
	const fieldCount = cursor.uint32("fields");
	view.fieldCount = 0;
	for (let i = 0; i < fieldCount; i++) readField(nextPointField(view));
	view.littleEndian = !cursor.bool("is_bigendian");
	view.strideBytes = cursor.uint32("point_step");
	view.rowStrideBytes = cursor.uint32("row_step");
	const dataBytes = cursor.uint32("data");
	view.dataOffsetBytes = cursor.take("data", dataBytes);
	into.isDense = cursor.bool("is_dense");
	// Writers may pad a message to four bytes.
	if (cursor.leftBytes > 3)
		throw new PointCloudError(
			"malformed",
			`${cursor.leftBytes} bytes after the end of the message`,
			cursor.leftBytes,
			3,
		);
	assertConsistent(view, dataBytes);
	// Four billion rows of nothing are consistent, but nobody should walk through them.
	if (dataBytes === 0) view.rowCount = view.pointsPerRow = 0;
}

function readField(field: PointField): void {
	field.name = cursor.text("fields[].name", field.name);
	field.offsetBytes = cursor.uint32("fields[].offset");
	const type = cursor.byte("fields[].datatype");
	field.elementCount = cursor.uint32("fields[].count");
	const known = ROS_NUMERIC_TYPES[type - 1];
	if (known === undefined)
		throw new PointCloudError(
			"unsupported",
			`field "${field.name}" has datatype ${type} where 1 to ${ROS_NUMERIC_TYPES.length} are known`,
			type,
			ROS_NUMERIC_TYPES.length,
		);
	field.type = known;
	// Some drivers leave the count of a single number at 0.
	if (field.elementCount === 0) field.elementCount = 1;
}
