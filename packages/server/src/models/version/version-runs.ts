// What becomes of the runs of a version: they end and are learnt from, requests in them are late, or they are lost with
// their device, and whoever still waits runs again on another one.
import type { Clock } from "../../common/clock.ts";
import type { LossReason } from "../../devices/device-health.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { ModelConfig } from "../../repository/model-config.ts";
import type { ClosedBecause, Scheduler } from "../../scheduling/scheduler.ts";
import type { ModelEntry } from "../entry.ts";
import type { DeviceLanes } from "../execution/batch-executor.ts";
import type { LaneContext } from "../execution/lane.ts";
import { outputLayouts } from "../execution/output-layout.ts";
import type { ShapeFit } from "../execution/shape-fit.ts";
import type { BatchStamps } from "../model-events.ts";
import type { ModelInstance } from "./model-instance.ts";
import type { Outcomes } from "./outcomes.ts";
import type { VersionDevices } from "./version-devices.ts";

/** A request whose runs were lost so often fails: it may be what makes them fail. */
const MAX_LOST_RUNS = 2;

export interface VersionRunsOptions {
	readonly config: ModelConfig;
	readonly clock: Clock;
	readonly devices: VersionDevices;
	/** Of a model with shape buckets; null: it has none. */
	readonly fit: ShapeFit | null;
	readonly outcomes: Outcomes;
	/** Where batches came from; it exists when the first of them runs. */
	readonly scheduler: () => Pick<
		Scheduler<ModelEntry>,
		"giveUp" | "putBack" | "stats"
	>;
	/** A model that cannot run while it is warmed is no sign against the device. */
	readonly isWarming: () => boolean;
}

export class VersionRuns {
	readonly #options: VersionRunsOptions;

	constructor(options: VersionRunsOptions) {
		this.#options = options;
	}

	/** Lanes of each instance. */
	lanes(): DeviceLanes[] {
		return this.#options.devices.instances.map((instance) => ({
			context: this.#contextOf(instance),
			laneCount: instance.laneCount,
		}));
	}

	#contextOf(instance: ModelInstance): LaneContext {
		const { config, clock, devices, fit, outcomes } = this.#options;
		const { session, runMode, device } = instance;
		const { observers } = outcomes;
		const isWatched = devices.hasSeveral || device.device.kind !== "cpu";
		return {
			session,
			device: device.name,
			clock,
			batched: config.maxBatchSize > 0,
			outputs: outputLayouts(config, session),
			fit,
			runMode,
			load: device.load,
			watch: isWatched
				? {
						limitUs: (rows) => instance.limitUs(rows),
						lost: (lane, batch, because, error) => {
							if (because === "hung") this.#options.scheduler().giveUp(lane);
							this.#lost(instance, batch, because, error);
						},
					}
				: null,
			deadlinePassed: (entry) =>
				outcomes.endedEarly(entry, stoppedAtDeadline(entry, clock.nowUs())),
			padded: (usedElements, paddingElements) =>
				observers.listener?.inputsPadded(usedElements, paddingElements),
			batchFinished: (batch, rows, closedBecause, stamps, error) =>
				this.#finished(instance, batch, rows, closedBecause, stamps, error),
		};
	}

	#finished(
		instance: ModelInstance,
		batch: readonly ModelEntry[],
		rows: number,
		closedBecause: ClosedBecause,
		stamps: BatchStamps,
		error: SaccadeError | null,
	): void {
		const { devices, outcomes, scheduler } = this.#options;
		const times = instance.cost;
		outcomes.batchFinished(batch, rows, closedBecause, stamps, error, times);
		const endUs = stamps.splitEndUs;
		const laneUs = endUs - stamps.gatherStartUs;
		if (error === null) instance.answered(batch[0]!, rows, laneUs, endUs);
		else instance.stopped(rows, laneUs, endUs);
		if (devices.layouts !== null)
			devices.batchEnded(rows, scheduler().stats().queuedRows, endUs);
	}

	#lost(
		instance: ModelInstance,
		batch: readonly ModelEntry[],
		because: LossReason,
		error: SaccadeError,
	): void {
		const { outcomes, scheduler, isWarming } = this.#options;
		const isServing = !isWarming();
		if (isServing) instance.device.health.runLost(because);
		let movedCount = 0;
		for (const entry of batch) {
			entry.lostRuns++;
			if (entry.endedAs !== null) {
				entry.state = "done";
				entry.releaseBytes();
			} else if (isServing && entry.lostRuns < MAX_LOST_RUNS) {
				movedCount++;
				scheduler().putBack(entry);
			} else outcomes.failed(entry, error);
		}
		outcomes.observers.listener?.runLost(because, movedCount);
	}
}

function stoppedAtDeadline(entry: ModelEntry, nowUs: number): SaccadeError {
	const totalMs = ((nowUs - entry.receivedUs) / 1000).toFixed(1);
	return new SaccadeError(
		"DEADLINE_EXCEEDED",
		`the deadline passed after ${totalMs} ms, while the model ran`,
	);
}
