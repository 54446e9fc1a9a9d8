// Overlap of rotated boxes on a plane. One box is moved into the frame of the other, where that other is upright,
// and cut at its four sides (Sutherland and Hodgman, https://doi.org/10.1145/360767.360802); what is left is
// the shared polygon. Positions are subtracted first, so that large coordinates of a map cost no precision.

/** Numbers per box: centre x, centre y, length (along the heading), width, yaw in radians, counter-clockwise. */
export const ROTATED_BOX_STRIDE = 5;

// Each cut adds one corner to a convex polygon; rounding can make one slightly concave, and an arbitrary polygon
// of n corners grows to at most 3n/2: 4, 6, 9, 13, 19.
const MAX_CORNERS = 19;
const scratchA = new Float64Array(2 * MAX_CORNERS);
const scratchB = new Float64Array(2 * MAX_CORNERS);

/**
 * Intersection over union of two rotated boxes, each at an index of an array of numbers; 0 when either has no
 * area or a number that is not finite. Allocates nothing.
 */
export function rotatedIntersectionOverUnion(
	boxesA: ArrayLike<number>,
	atA: number,
	boxesB: ArrayLike<number>,
	atB: number,
): number {
	const areaA = boxesA[atA + 2]! * boxesA[atA + 3]!;
	const areaB = boxesB[atB + 2]! * boxesB[atB + 3]!;
	const shared = sharedArea(boxesA, atA, boxesB, atB);
	if (!(shared > 0)) return 0;
	// Rounding must not make two equal boxes overlap by more than all.
	return Math.min(1, shared / (areaA + areaB - shared));
}

function sharedArea(
	boxesA: ArrayLike<number>,
	atA: number,
	boxesB: ArrayLike<number>,
	atB: number,
): number {
	const lengthA = boxesA[atA + 2]!;
	const widthA = boxesA[atA + 3]!;
	const lengthB = boxesB[atB + 2]!;
	const widthB = boxesB[atB + 3]!;
	if (!(lengthA > 0 && widthA > 0 && lengthB > 0 && widthB > 0)) return 0;
	const dx = boxesA[atA]! - boxesB[atB]!;
	const dy = boxesA[atA + 1]! - boxesB[atB + 1]!;
	// Circles around them that do not meet settle most pairs of a scene.
	const diagonals =
		Math.sqrt(lengthA * lengthA + widthA * widthA) +
		Math.sqrt(lengthB * lengthB + widthB * widthB);
	if (!(4 * (dx * dx + dy * dy) < diagonals * diagonals)) return 0;

	const yawB = boxesB[atB + 4]!;
	const cosB = Math.cos(yawB);
	const sinB = Math.sin(yawB);
	const centreX = cosB * dx + sinB * dy;
	const centreY = cosB * dy - sinB * dx;
	writeCorners(
		centreX,
		centreY,
		lengthA / 2,
		widthA / 2,
		boxesA[atA + 4]! - yawB,
	);
	let count = 4;
	count = cut(scratchA, count, scratchB, 0, 1, lengthB / 2);
	count = cut(scratchB, count, scratchA, 0, -1, lengthB / 2);
	count = cut(scratchA, count, scratchB, 1, 1, widthB / 2);
	count = cut(scratchB, count, scratchA, 1, -1, widthB / 2);
	return polygonArea(scratchA, count);
}

/** Counter-clockwise, into `scratchA`. */
function writeCorners(
	x: number,
	y: number,
	halfLength: number,
	halfWidth: number,
	yaw: number,
): void {
	const cos = Math.cos(yaw);
	const sin = Math.sin(yaw);
	const alongX = cos * halfLength;
	const alongY = sin * halfLength;
	const acrossX = -sin * halfWidth;
	const acrossY = cos * halfWidth;
	scratchA[0] = x + alongX - acrossX;
	scratchA[1] = y + alongY - acrossY;
	scratchA[2] = x + alongX + acrossX;
	scratchA[3] = y + alongY + acrossY;
	scratchA[4] = x - alongX + acrossX;
	scratchA[5] = y - alongY + acrossY;
	scratchA[6] = x - alongX - acrossX;
	scratchA[7] = y - alongY - acrossY;
}

/** Keeps the part of `polygon` where sign · coordinate ≤ limit; returns the corners of `target`. */
function cut(
	polygon: Float64Array,
	count: number,
	target: Float64Array,
	axis: 0 | 1,
	sign: 1 | -1,
	limit: number,
): number {
	if (count === 0) return 0;
	const other = 1 - axis;
	let kept = 0;
	let previous = 2 * (count - 1);
	let previousOver = sign * polygon[previous + axis]! - limit;
	for (let corner = 0; corner < 2 * count; corner += 2) {
		const over = sign * polygon[corner + axis]! - limit;
		if (over > 0 !== previousOver > 0) {
			const share = previousOver / (previousOver - over);
			const from = polygon[previous + other]!;
			target[2 * kept + axis] = sign * limit;
			target[2 * kept + other] =
				from + share * (polygon[corner + other]! - from);
			kept++;
		}
		if (!(over > 0)) {
			target[2 * kept] = polygon[corner]!;
			target[2 * kept + 1] = polygon[corner + 1]!;
			kept++;
		}
		previous = corner;
		previousOver = over;
	}
	return kept;
}

/** The shoelace formula. */
function polygonArea(polygon: Float64Array, count: number): number {
	let twice = 0;
	let previous = 2 * (count - 1);
	for (let corner = 0; corner < 2 * count; corner += 2) {
		twice +=
			polygon[previous]! * polygon[corner + 1]! -
			polygon[corner]! * polygon[previous + 1]!;
		previous = corner;
	}
	return twice / 2;
}
