// Clouds without a head: rows of little-endian numbers, as the data sets of KITTI and nuScenes keep them.
// https://www.cvlibs.net/datasets/kitti/setup.php (devkit, readme: velodyne points)
// https://github.com/nutonomy/nuscenes-devkit/blob/master/python-sdk/nuscenes/utils/data_classes.py (LidarPointCloud)
import { assertRoom, PointCloudError } from "./point-cloud-error.ts";
import {
	attachBytes,
	nextPointField,
	type PointCloudView,
	type PointField,
	pointCountOf,
} from "./point-cloud-view.ts";
import { POINT_STRIDE, type Points } from "./points.ts";
import { writePoints } from "./write-points.ts";

export interface PackedLayout {
	readonly strideBytes: number;
	readonly fields: readonly Readonly<PointField>[];
}

/** float32 x, y, z, intensity (0 … 1); x forward, y left, z up. */
export const KITTI_LAYOUT: PackedLayout = float32Layout([
	"x",
	"y",
	"z",
	"intensity",
]);

/** float32 x, y, z, intensity (0 … 255), ring; x right, y forward, z up. */
export const NUSCENES_LAYOUT: PackedLayout = float32Layout([
	"x",
	"y",
	"z",
	"intensity",
	"ring",
]);

/** float32 x, y, z, intensity, time (s after the stamp of the sweep); x forward, y left, z up. */
export const TIMED_LAYOUT: PackedLayout = float32Layout([
	"x",
	"y",
	"z",
	"intensity",
	"time",
]);

/** Points `view` at packed bytes. @throws PointCloudError `truncated` when the last row is not whole. */
export function viewPackedCloud(
	bytes: Uint8Array,
	layout: PackedLayout,
	view: PointCloudView,
): void {
	const { strideBytes } = layout;
	const over = bytes.length % strideBytes;
	if (over !== 0)
		throw new PointCloudError(
			"truncated",
			`${bytes.length} bytes end ${over} bytes into a point of ${strideBytes} bytes`,
			over,
			strideBytes,
		);
	attachBytes(view, bytes);
	view.dataOffsetBytes = 0;
	view.rowCount = 1;
	view.pointsPerRow = bytes.length / strideBytes;
	view.strideBytes = strideBytes;
	view.rowStrideBytes = bytes.length;
	view.littleEndian = true;
	setLayout(view, layout);
}

/**
 * Serialises points into `target` and points `view` at what was written; other fields are 0.
 * @returns bytes written
 * @throws PointCloudError `no-room` when the target is too small.
 */
export function writePackedCloud(
	points: Points,
	layout: PackedLayout,
	target: Uint8Array,
	view: PointCloudView,
): number {
	const bytes = points.count * layout.strideBytes;
	assertRoom(`a cloud of ${points.count} points`, target, 0, bytes);
	const exact = bytes === target.length ? target : target.subarray(0, bytes);
	exact.fill(0);
	viewPackedCloud(exact, layout, view);
	writePoints(points, view);
	return pointCountOf(view) * layout.strideBytes;
}

/** The points in `TIMED_LAYOUT`, in memory of their own. */
export function packTimedPoints({
	count,
	xyzi,
	timesS,
}: Points): Uint8Array<ArrayBuffer> {
	const stride = POINT_STRIDE + 1;
	const rows = new Float32Array(stride * count);
	for (let i = 0; i < count; i++) {
		const point = xyzi.subarray(POINT_STRIDE * i, POINT_STRIDE * (i + 1));
		rows.set(point, stride * i);
		rows[stride * i + POINT_STRIDE] = timesS?.[i] ?? 0;
	}
	return new Uint8Array(rows.buffer);
}

/** Gives a view the fields of a layout; its objects are kept. */
export function setLayout(view: PointCloudView, layout: PackedLayout): void {
	view.fieldCount = 0;
	for (const from of layout.fields) {
		const field = nextPointField(view);
		field.name = from.name;
		field.offsetBytes = from.offsetBytes;
		field.type = from.type;
		field.elementCount = from.elementCount;
	}
}

function float32Layout(names: readonly string[]): PackedLayout {
	return {
		strideBytes: 4 * names.length,
		fields: names.map((name, i) => ({
			name,
			offsetBytes: 4 * i,
			type: "float32",
			elementCount: 1,
		})),
	};
}
