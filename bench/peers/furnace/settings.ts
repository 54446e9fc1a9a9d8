// What furnace-server is given to choose from: it is measured at its best.

export interface FurnaceSettings {
	readonly sessions: number;
	/** Of one run. */
	readonly threads: number;
	/** 1: each request runs alone, and at once. */
	readonly maxBatch: number;
	/** Batches that run side by side. */
	readonly workers: number;
	/** In flight; more are refused. @default 1000 */
	readonly maxConcurrent?: number;
}

/**
 * Few wide runs or many narrow ones, in batches as large as the model takes them, in half of that, and in none.
 * @param maxBatch the model's own limit; below 2, it takes none
 */
export function furnaceCandidates(
	maxBatch: number,
	cores: number,
): FurnaceSettings[] {
	const layouts = [
		{ sessions: 1, threads: cores, workers: 1 },
		{ sessions: cores, threads: 1, workers: cores },
		{ sessions: 1, threads: 1, workers: 1 },
	];
	const batches = maxBatch < 2 ? [1] : [maxBatch, Math.ceil(maxBatch / 2), 1];
	const all = batches.flatMap((size) =>
		layouts.map((layout) => ({ ...layout, maxBatch: size })),
	);
	// On one core all layouts are one.
	return all.filter(
		(one, at) =>
			all.findIndex((other) => showFurnace(other) === showFurnace(one)) === at,
	);
}

export function showFurnace(settings: FurnaceSettings): string {
	const { sessions, threads, maxBatch, workers } = settings;
	return `${sessions} session(s) x ${threads} thread(s), batch ${maxBatch}, ${workers} worker(s)`;
}
