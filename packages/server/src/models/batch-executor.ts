// Runs the scheduler's batches on the lanes of one model.
import type { ClosedBecause, Executor } from "../scheduling/scheduler.ts";
import type { ModelEntry } from "./entry.ts";
import { Lane, type LaneContext } from "./lane.ts";

export class BatchExecutor implements Executor<ModelEntry> {
	readonly laneCount: number;
	readonly #idle: Lane[];
	readonly #busy = new Set<Lane>();
	readonly #all: readonly Lane[];

	constructor(context: LaneContext, laneCount: number) {
		this.laneCount = laneCount;
		this.#all = Array.from(
			{ length: laneCount },
			() =>
				new Lane(context, (lane) => {
					this.#busy.delete(lane);
					this.#idle.push(lane);
				}),
		);
		this.#idle = [...this.#all];
	}

	run(
		batch: readonly ModelEntry[],
		closedBecause: ClosedBecause,
		release: () => void,
	): void {
		const lane = this.#idle.pop()!;
		this.#busy.add(lane);
		lane.run(batch, closedBecause, release);
	}

	/** Nobody waits for `entry` any more: stops its run when that holds for the whole batch. */
	abandon(entry: ModelEntry): void {
		for (const lane of this.#busy)
			if (lane.entries.includes(entry)) lane.stopIfAbandoned();
	}

	/** No lane may be busy. */
	close(): void {
		for (const lane of this.#all) lane.close();
	}
}
