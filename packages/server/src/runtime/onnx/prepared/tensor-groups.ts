// Which tensors of a prepared model are together in one file of the cache. A file each would be best for sharing: a
// version that differs in one tensor has all others in common with the one before. But a load opens, checks and maps file
// after file, and a network has dozens of small tensors.

/** Of all bytes: what a version that differs in a small tensor may have of its own at the most. */
const TOGETHER_SHARE = 1 / 8;

/** The smallest together, as long as they are no more than their share of all bytes; each of the others alone. */
export function groupTensors<Tensor extends { readonly bytes: number }>(
	tensors: readonly Tensor[],
): (readonly Tensor[])[] {
	const total = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
	let left = total * TOGETHER_SHARE;
	const small = new Set<Tensor>();
	for (const tensor of tensors.toSorted((a, b) => a.bytes - b.bytes)) {
		left -= tensor.bytes;
		if (left < 0) break;
		small.add(tensor);
	}
	// In the model's order, so that two versions with the same tensors have the same file.
	const together = tensors.filter((tensor) => small.has(tensor));
	const alone = tensors.filter((tensor) => !small.has(tensor));
	return [
		...(together.length > 0 ? [together] : []),
		...alone.map((tensor) => [tensor]),
	];
}
