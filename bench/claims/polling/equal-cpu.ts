// Where on the curve of a poller its CPU is that of something else. Pure.

export interface CurvePoint {
	readonly cpuShare: number;
	readonly meanResponseMs: number;
}

/**
 * @param curve from the fastest poller to the slowest
 * @returns the mean response of the poller that uses `cpuShare`, between the two that lie about it; that of the fastest
 * or of the slowest where it lies beyond them
 */
export function responseAtCpu(
	curve: readonly CurvePoint[],
	cpuShare: number,
): number {
	// The first that uses no more: all before it use more.
	const at = curve.findIndex((point) => point.cpuShare <= cpuShare);
	if (at < 0) return curve.at(-1)?.meanResponseMs ?? Number.NaN;
	const slower = curve[at]!;
	const faster = curve[at - 1];
	if (faster === undefined) return slower.meanResponseMs;
	const share =
		(cpuShare - slower.cpuShare) / (faster.cpuShare - slower.cpuShare);
	return (
		slower.meanResponseMs +
		share * (faster.meanResponseMs - slower.meanResponseMs)
	);
}
