// Counts and durations of one model version, with Triton's meanings: `inferenceCount` counts batch elements,
// `executionCount` runs, `success` requests. https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md
import type { BatchTimes } from "../model-events.ts";

export interface Duration {
	count: number;
	us: number;
}

export interface BatchSizeStatistics {
	readonly batchSize: number;
	readonly computeInput: Duration;
	readonly computeInfer: Duration;
	readonly computeOutput: Duration;
}

const duration = (): Duration => ({ count: 0, us: 0 });

function add(to: Duration, count: number, us: number): void {
	to.count += count;
	to.us += us * count;
}

export class VersionStatistics {
	lastInferenceMs = 0;
	inferenceCount = 0;
	executionCount = 0;
	readonly success = duration();
	readonly fail = duration();
	readonly queue = duration();
	readonly computeInput = duration();
	readonly computeInfer = duration();
	readonly computeOutput = duration();
	readonly #batches = new Map<number, BatchSizeStatistics>();

	/** By batch size, ascending. */
	batches(): BatchSizeStatistics[] {
		return [...this.#batches.values()].sort(
			(a, b) => a.batchSize - b.batchSize,
		);
	}

	batchFinished(requestCount: number, rows: number, stamps: BatchTimes): void {
		this.executionCount++;
		this.inferenceCount += rows;
		this.lastInferenceMs = Date.now();
		const inputUs = stamps.runStartUs - stamps.gatherStartUs;
		const inferUs = stamps.runEndUs - stamps.runStartUs;
		const outputUs = stamps.splitEndUs - stamps.runEndUs;
		// Every request of a batch is charged the batch's time, as Triton does it.
		add(this.computeInput, requestCount, inputUs);
		add(this.computeInfer, requestCount, inferUs);
		add(this.computeOutput, requestCount, outputUs);
		const batch = this.#batchOf(rows);
		add(batch.computeInput, 1, inputUs);
		add(batch.computeInfer, 1, inferUs);
		add(batch.computeOutput, 1, outputUs);
	}

	succeeded(queueUs: number, totalUs: number): void {
		add(this.success, 1, totalUs);
		add(this.queue, 1, queueUs);
	}

	failed(totalUs: number): void {
		add(this.fail, 1, totalUs);
	}

	#batchOf(rows: number): BatchSizeStatistics {
		let batch = this.#batches.get(rows);
		if (batch === undefined) {
			batch = {
				batchSize: rows,
				computeInput: duration(),
				computeInfer: duration(),
				computeOutput: duration(),
			};
			this.#batches.set(rows, batch);
		}
		return batch;
	}
}
