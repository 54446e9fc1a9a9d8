// Runs the scheduler's batches on the lanes of one model.
import type { ClosedBecause, Executor } from "../scheduling/scheduler.ts";
import type { ModelEntry } from "./entry.ts";
import { Lane, type LaneContext } from "./lane.ts";

export class BatchExecutor implements Executor<ModelEntry> {
	readonly #lanes: readonly Lane[];

	constructor(context: LaneContext, laneCount: number) {
		this.#lanes = Array.from(
			{ length: laneCount },
			(_, index) => new Lane(context, index),
		);
	}

	get laneCount(): number {
		return this.#lanes.length;
	}

	run(
		batch: readonly ModelEntry[],
		closedBecause: ClosedBecause,
		lane: number,
		release: (lane: number) => void,
	): void {
		this.#lanes[lane]!.run(batch, closedBecause, release);
	}

	/** Nobody waits for `entry` any more: stops its run when that holds for the whole batch. */
	abandon(entry: ModelEntry): void {
		for (const lane of this.#lanes)
			if (lane.entries.includes(entry)) lane.stopIfAbandoned();
	}

	/** No lane may be busy. */
	close(): void {
		for (const lane of this.#lanes) lane.close();
	}
}
