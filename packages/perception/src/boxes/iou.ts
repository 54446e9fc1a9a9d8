/**
 * Intersection over union of two boxes (x1, y1, x2, y2), each at an index of an array of numbers; 0 when
 * neither has an area.
 */
export function intersectionOverUnion(
	boxesA: ArrayLike<number>,
	atA: number,
	boxesB: ArrayLike<number>,
	atB: number,
): number {
	const ax1 = boxesA[atA]!;
	const ay1 = boxesA[atA + 1]!;
	const ax2 = boxesA[atA + 2]!;
	const ay2 = boxesA[atA + 3]!;
	const bx1 = boxesB[atB]!;
	const by1 = boxesB[atB + 1]!;
	const bx2 = boxesB[atB + 2]!;
	const by2 = boxesB[atB + 3]!;
	const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
	const height = Math.min(ay2, by2) - Math.max(ay1, by1);
	if (width <= 0 || height <= 0) return 0;
	const shared = width * height;
	const union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared;
	return union > 0 ? shared / union : 0;
}
