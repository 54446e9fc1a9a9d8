// The order in which suppression looks at boxes.

/**
 * Fills `order` with the indices of the first `count` scores, best first; equal scores keep their order.
 * A heap sort: no comparator closure and no scratch, unlike `subarray().sort()`.
 */
export function sortByScore(
	order: Int32Array,
	scores: Float32Array,
	count: number,
): void {
	for (let i = 0; i < count; i++) order[i] = i;
	for (let root = (count >> 1) - 1; root >= 0; root--)
		siftDown(order, scores, root, count);
	for (let end = count - 1; end > 0; end--) {
		const worst = order[0]!;
		order[0] = order[end]!;
		order[end] = worst;
		siftDown(order, scores, 0, end);
	}
}

/** Restores the heap, whose root is the worst entry, below `root`. */
function siftDown(
	order: Int32Array,
	scores: Float32Array,
	root: number,
	end: number,
): void {
	const moving = order[root]!;
	let hole = root;
	for (let child = 2 * hole + 1; child < end; child = 2 * hole + 1) {
		const right = child + 1;
		if (right < end && isWorse(scores, order[right]!, order[child]!))
			child = right;
		if (!isWorse(scores, order[child]!, moving)) break;
		order[hole] = order[child]!;
		hole = child;
	}
	order[hole] = moving;
}

function isWorse(scores: Float32Array, a: number, b: number): boolean {
	const scoreA = scores[a]!;
	const scoreB = scores[b]!;
	return scoreA < scoreB || (scoreA === scoreB && a > b);
}
