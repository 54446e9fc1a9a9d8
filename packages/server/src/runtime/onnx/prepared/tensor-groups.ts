// Which tensors of a prepared model are together in one file of the cache. A file each would be best for sharing: a
// version that differs in one tensor has all others in common with the one before. But a load resolves, checks and opens
// file after file, and a network has dozens of tensors. So neighbours are together, as long as they are few bytes: by
// their sizes and order alone, so that versions of one network are cut at the same places.

/** Of all bytes: what a version that differs in one tensor has for itself, unless that tensor is larger. */
const TOGETHER_SHARE = 1 / 8;

export function groupTensors<Tensor extends { readonly bytes: number }>(
	tensors: readonly Tensor[],
): (readonly Tensor[])[] {
	const total = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
	const limit = total * TOGETHER_SHARE;
	const groups: Tensor[][] = [];
	let bytes = Number.POSITIVE_INFINITY;
	for (const tensor of tensors) {
		bytes += tensor.bytes;
		if (bytes <= limit) groups.at(-1)?.push(tensor);
		else {
			groups.push([tensor]);
			bytes = tensor.bytes;
		}
	}
	return groups;
}
