/** Elements of a shape; null when the count is not exactly representable or a dimension is negative. */
export function elementCount(shape: readonly number[]): number | null {
	let count = 1;
	for (const size of shape) {
		if (!(size >= 0)) return null;
		count *= size;
		if (count > Number.MAX_SAFE_INTEGER) return null;
	}
	return count;
}
