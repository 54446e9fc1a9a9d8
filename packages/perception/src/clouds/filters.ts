// Filters in place: what stays keeps its order. Each returns how many points were removed and allocates nothing.
import { movePoint, POINT_STRIDE, type Points } from "./points.ts";

/** Upright, edges included, in metres of the points' frame. */
export interface CropBox {
	readonly minXM: number;
	readonly maxXM: number;
	readonly minYM: number;
	readonly maxYM: number;
	readonly minZM: number;
	readonly maxZM: number;
}

/** Keeps points whose distance from the origin is from `minRangeM` to `maxRangeM`; NaN is no distance. */
export function keepInRange(
	points: Points,
	minRangeM: number,
	maxRangeM: number,
): number {
	const { xyzi, count } = points;
	const minSquared = minRangeM * minRangeM;
	const maxSquared = maxRangeM * maxRangeM;
	let kept = 0;
	for (let i = 0; i < count; i++) {
		const at = POINT_STRIDE * i;
		const x = xyzi[at]!;
		const y = xyzi[at + 1]!;
		const z = xyzi[at + 2]!;
		const squared = x * x + y * y + z * z;
		if (squared >= minSquared && squared <= maxSquared)
			movePoint(points, i, kept++);
	}
	points.count = kept;
	return count - kept;
}

/** Keeps what is inside the box: the region that a network reads. */
export function keepInBox(points: Points, box: CropBox): number {
	return filterByBox(points, box, true);
}

/** Removes what is inside the box: the vehicle that carries the sensor. Points that are not finite stay. */
export function dropInBox(points: Points, box: CropBox): number {
	return filterByBox(points, box, false);
}

function filterByBox(
	points: Points,
	box: CropBox,
	keepInside: boolean,
): number {
	const { xyzi, count } = points;
	const { minXM, maxXM, minYM, maxYM, minZM, maxZM } = box;
	let kept = 0;
	for (let i = 0; i < count; i++) {
		const at = POINT_STRIDE * i;
		const x = xyzi[at]!;
		const y = xyzi[at + 1]!;
		const z = xyzi[at + 2]!;
		const isInside =
			x >= minXM &&
			x <= maxXM &&
			y >= minYM &&
			y <= maxYM &&
			z >= minZM &&
			z <= maxZM;
		if (isInside === keepInside) movePoint(points, i, kept++);
	}
	points.count = kept;
	return count - kept;
}

/** Removes points of which a number is NaN or infinite. `readPoints` does it on the way. */
export function dropNotFinite(points: Points): number {
	const { xyzi, count } = points;
	let kept = 0;
	for (let i = 0; i < count; i++) {
		const at = POINT_STRIDE * i;
		// Not finite times 0 is NaN, and anything plus NaN too.
		const zero =
			0 * xyzi[at]! + 0 * xyzi[at + 1]! + 0 * xyzi[at + 2]! + 0 * xyzi[at + 3]!;
		if (zero === 0) movePoint(points, i, kept++);
	}
	points.count = kept;
	return count - kept;
}
