// Which frames of several sensors belong together, by when they were measured. Pure; who waits for whom, and for how
// long, is said by those who use it.
interface Measured {
	readonly measuredUs: number;
}

/** Oldest first; those of one instant in the order in which they came. */
export function insertByTime<T extends Measured>(list: T[], item: T): void {
	let at = list.length;
	while (at > 0 && list[at - 1]!.measuredUs > item.measuredUs) at--;
	list.splice(at, 0, item);
}

/** Null: none is within the window. */
export function nearestOf<T extends Measured>(
	items: readonly T[],
	atUs: number,
	windowUs: number,
): T | null {
	let best: T | null = null;
	let bestUs = windowUs;
	for (const item of items) {
		const apartUs = Math.abs(item.measuredUs - atUs);
		if (apartUs > bestUs) continue;
		best = item;
		bestUs = apartUs;
	}
	return best;
}
