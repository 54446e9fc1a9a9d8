// From plain points into a cloud of any layout, in place.
import { NUMBER_WRITERS } from "./numeric-type.ts";
import { PointCloudError } from "./point-cloud-error.ts";
import {
	findPointField,
	type PointCloudView,
	type PointField,
	pointCountOf,
	requirePointField,
} from "./point-cloud-view.ts";
import { POINT_STRIDE, type Points } from "./points.ts";

/**
 * Writes points into the memory of a view, over the first points that it has, in its layout; fields that are no part
 * of a point (ring, time) keep their bytes. The way to fill a message in place, after its head. Allocates nothing.
 * @throws PointCloudError `missing-field` without x or y, `no-room` when the view has fewer points.
 */
export function writePoints(points: Points, view: PointCloudView): void {
	const x = requirePointField(view, "x");
	const y = requirePointField(view, "y");
	const z = findPointField(view, "z");
	const intensity = findPointField(view, "intensity");
	const room = pointCountOf(view);
	if (points.count > room)
		throw new PointCloudError(
			"no-room",
			`${points.count} points into a cloud of ${room}`,
			room,
			points.count,
		);
	writeColumn(points, 0, view, x);
	writeColumn(points, 1, view, y);
	if (z !== null) writeColumn(points, 2, view, z);
	if (intensity !== null) writeColumn(points, 3, view, intensity);
}

function writeColumn(
	points: Points,
	axis: number,
	view: PointCloudView,
	field: PointField,
): void {
	const { dataView, littleEndian, strideBytes, pointsPerRow } = view;
	const { xyzi, count } = points;
	const write = NUMBER_WRITERS[field.type];
	let rowAt = view.data.byteOffset + view.dataOffsetBytes + field.offsetBytes;
	for (let first = 0; first < count; first += pointsPerRow) {
		const last = Math.min(first + pointsPerRow, count);
		let at = rowAt;
		for (let i = first; i < last; i++) {
			write(dataView, at, xyzi[POINT_STRIDE * i + axis]!, littleEndian);
			at += strideBytes;
		}
		rowAt += view.rowStrideBytes;
	}
}
