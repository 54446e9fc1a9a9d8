// Runs the scheduler's batches on the lanes of one model: those of its first instance, then those of the next.
import type { ClosedBecause, Executor } from "../../scheduling/scheduler.ts";
import type { ModelEntry } from "../entry.ts";
import { Lane, type LaneContext } from "./lane.ts";

export interface DeviceLanes {
	readonly context: LaneContext;
	readonly laneCount: number;
}

export class BatchExecutor implements Executor<ModelEntry> {
	readonly deviceLanes: readonly number[];
	readonly #lanes: readonly Lane[];

	/** One of each device. */
	constructor(devices: readonly DeviceLanes[]) {
		this.deviceLanes = devices.map(({ laneCount }) => laneCount);
		this.#lanes = devices
			.flatMap(({ context, laneCount }) =>
				new Array<LaneContext>(laneCount).fill(context),
			)
			.map((context, index) => new Lane(context, index));
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
