import type { SegmentResult, SegmentRun } from "../hosts/step-thread.ts";
import type { Unit } from "./place.ts";

/** The threads of a pipeline, for one of its streams. */
export interface StreamThreads {
	run(
		unit: Unit,
		run: Pick<SegmentRun, "workspace" | "inputs" | "frame" | "signal">,
	): Promise<SegmentResult>;
	close(): void;
}
