// A pose as the rows of a matrix, each with its translation: how kernels take it.
import type { FrameTransform } from "./pipeline.ts";

export function transformOf({
	rotation,
	translation,
}: FrameTransform): Float64Array {
	const [x, y, z, w] = rotation;
	const [tx, ty, tz] = translation;
	return Float64Array.of(
		...[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), tx],
		...[2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), ty],
		...[2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), tz],
	);
}
