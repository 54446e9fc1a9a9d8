// What both directions of foxglove.PointCloud agree on.
// https://github.com/foxglove/foxglove-sdk/blob/main/schemas/proto/foxglove/PointCloud.proto
import type { PointNumericType } from "./numeric-type.ts";
import {
	createPointCloudView,
	type PointCloudView,
} from "./point-cloud-view.ts";

export const FOXGLOVE_FIELD = {
	timestamp: 1,
	frameId: 2,
	pose: 3,
	pointStride: 4,
	fields: 5,
	data: 6,
} as const;

/** foxglove.PackedElementField.NumericType, from 1 on. */
export const FOXGLOVE_NUMERIC_TYPES: readonly PointNumericType[] = [
	"uint8",
	"int8",
	"uint16",
	"int16",
	"uint32",
	"int32",
	"float32",
	"float64",
];

export interface FoxglovePointCloud {
	/** Whole seconds since the epoch, not before it. */
	timestampS: number;
	/** Nanoseconds after them, 0 … 999,999,999. */
	timestampNs: number;
	frameId: string;
	/** Of the cloud in its frame: position x, y, z in metres, then the quaternion x, y, z, w. */
	readonly pose: Float64Array;
	readonly view: PointCloudView;
}

export function createFoxglovePointCloud(): FoxglovePointCloud {
	return {
		timestampS: 0,
		timestampNs: 0,
		frameId: "",
		pose: Float64Array.of(0, 0, 0, 0, 0, 0, 1),
		view: createPointCloudView(),
	};
}
