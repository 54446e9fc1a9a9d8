// How far the axis of a waterfall goes. A deadline that is far beyond all stages would squeeze them to nothing: it is
// marked at the edge then.
import type { TraceRecord } from "./trace.ts";

/** The stages have a third of the axis at least. */
const MOST_BEYOND = 3;

type Timed = Pick<TraceRecord, "startUnixUs" | "durationUs" | "deadlineUs">;

/** In µs from the start of the first of them. */
export function axisEndUs(records: readonly Timed[]): number {
	const [first] = records;
	if (first === undefined) return 1;
	const endsUs = records.map(
		({ startUnixUs, durationUs }) =>
			startUnixUs - first.startUnixUs + durationUs,
	);
	const lastUs = Math.max(...endsUs, 1);
	const deadlineUs = first.deadlineUs ?? 0;
	return deadlineUs > MOST_BEYOND * lastUs
		? lastUs
		: Math.max(lastUs, deadlineUs);
}
