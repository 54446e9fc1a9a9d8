// The settings that peers are given to choose from: each is measured with its defaults and at its best.
import type { ModelLimits, PeerSettings } from "./peer.ts";

/** One worker that runs each request alone: what most peers do where nobody chose. */
export const PLAIN: PeerSettings = {
	workers: 1,
	threads: 0,
	maxBatch: 1,
	delayMs: 0,
	queueLimit: 0,
};

/**
 * One worker over all cores, or one with a single thread per core; with batches as large as the model takes them where
 * it takes any, and without. @param delayMs that a batch may wait to fill
 */
export function layouts(
	{ maxBatch, cores }: ModelLimits,
	delayMs: number,
): PeerSettings[] {
	const wide: PeerSettings = { ...PLAIN, threads: cores };
	const narrow: PeerSettings = { ...PLAIN, workers: cores, threads: 1 };
	const batched =
		maxBatch < 2
			? []
			: [wide, narrow].map((layout) => ({ ...layout, maxBatch, delayMs }));
	return unique([...batched, narrow]);
}

// A client that was answered sends its next request before a server has let go of the last one.
const ON_THEIR_WAY = 1.25;

/**
 * What a server may hold so that the last of it is still answered in half its deadline, and never less than what a
 * closed loop keeps in flight and on its way.
 */
export function queueLimitFor(
	perSecond: number,
	deadlineMs: number,
	inFlight: number,
): number {
	return Math.max(
		Math.ceil(ON_THEIR_WAY * inFlight),
		Math.ceil((perSecond * deadlineMs) / 2 / 1000),
	);
}

export function unique(settings: readonly PeerSettings[]): PeerSettings[] {
	const shown = settings.map(showSettings);
	return settings.filter((_, at) => shown.indexOf(shown[at] ?? "") === at);
}

export function showSettings(settings: PeerSettings): string {
	const { workers, threads, maxBatch, delayMs, queueLimit } = settings;
	const threadsShown = threads === 0 ? "ORT's choice of" : String(threads);
	const batch =
		maxBatch > 1 ? `batch ${maxBatch}, waits ${delayMs} ms` : "no batches";
	const limit = queueLimit === 0 ? "" : `, at most ${queueLimit} requests`;
	return `${workers} worker(s) x ${threadsShown} thread(s), ${batch}${limit}`;
}
