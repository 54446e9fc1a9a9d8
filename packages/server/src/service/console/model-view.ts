// Models as a console shows them: the index, and counts and times of what serves. Percentiles are those of the requests
// since the look before, from the buckets that the metrics keep anyway: requests pay nothing for it.
import { OUTCOMES } from "@saccade/protocol";
import type { ModelEntry, TensorEntry } from "@saccade/protocol/console";
import { CLOSED_BECAUSE } from "../../scheduling/scheduler.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type {
	DurationStat,
	MetadataService,
	ModelStatistics,
	RepositoryService,
} from "../services.ts";
import { BucketWatch } from "./bucket-watch.ts";
import { round } from "./stream-pulse.ts";

export interface ModelViewOptions {
	readonly metadata: MetadataService;
	readonly repository: RepositoryService;
	/** Null: metrics are off. */
	readonly metrics: MetricsRegistry | null;
}

type Serving = NonNullable<ModelEntry["serving"]>;

export class ModelView {
	readonly #options: ModelViewOptions;
	/** By name and version. */
	readonly #latencies = new Map<string, BucketWatch>();

	constructor(options: ModelViewOptions) {
		this.#options = options;
	}

	*entries(): Iterable<readonly [string, ModelEntry]> {
		const { repository, metadata } = this.#options;
		const statistics = new Map(
			metadata
				.statistics("", "")
				.map((one) => [`${one.name}/${one.version}`, one]),
		);
		for (const key of this.#latencies.keys())
			if (!statistics.has(key)) this.#latencies.delete(key);
		for (const entry of repository.index(false)) {
			const { name, version = "", state = "", reason = "" } = entry;
			const key = `${name}/${version}`;
			const counted = statistics.get(key);
			yield [
				key,
				{
					name,
					version,
					state,
					reason,
					serving: counted === undefined ? null : this.#serving(key, counted),
				},
			];
		}
	}

	#serving(key: string, counted: ModelStatistics): Serving | null {
		const { metadata } = this.#options;
		const { name, version } = counted;
		try {
			const { platform, inputs, outputs } = metadata.model(name, version);
			return {
				platform,
				inputs: inputs.map(tensor),
				outputs: outputs.map(tensor),
				...countsOf(counted),
				...this.#metered(key, name, version),
			};
		} catch {
			// It was unloaded between the two looks.
			return null;
		}
	}

	#metered(key: string, name: string, version: string) {
		const { metrics } = this.#options;
		if (metrics === null)
			return { latencyMs: null, closedBecause: {}, outcomes: {}, pending: 0 };
		const labels = [name, version];
		let watch = this.#latencies.get(key);
		if (watch === undefined) {
			watch = new BucketWatch();
			this.#latencies.set(key, watch);
		}
		const durations = metrics.histogram(INSTRUMENTS.stageDuration, [
			...labels,
			"request",
		]);
		const value = (
			instrument: "batches" | "outcomes" | "pendingRequests",
			...more: string[]
		) => metrics.counter(INSTRUMENTS[instrument], [...labels, ...more]).value;
		const counts = (
			instrument: "batches" | "outcomes",
			of: readonly string[],
		) => Object.fromEntries(of.map((one) => [one, value(instrument, one)]));
		return {
			latencyMs: watch.since(durations, 1000),
			closedBecause: counts("batches", CLOSED_BECAUSE),
			outcomes: counts("outcomes", OUTCOMES),
			pending: value("pendingRequests"),
		};
	}
}

function tensor({ name, dtype, shape }: TensorSpec): TensorEntry {
	return { name, datatype: dtype, shape };
}

function countsOf(counted: ModelStatistics) {
	const us = ({ ns }: DurationStat) => Math.round(ns / 1000);
	const mean = ({ ns, count }: DurationStat) =>
		round(ns / 1000 / Math.max(1, count));
	return {
		requests: counted.success.count,
		failures: counted.fail.count,
		rows: counted.inferenceCount,
		runs: counted.executionCount,
		lastMs: counted.lastInferenceMs,
		queueUs: mean(counted.queue),
		inputUs: mean(counted.computeInput),
		inferUs: mean(counted.computeInfer),
		outputUs: mean(counted.computeOutput),
		totalUs: mean(counted.success),
		batches: counted.batchStats.map(
			({ batchSize, computeInfer }) =>
				[batchSize, computeInfer.count, us(computeInfer)] as const,
		),
	};
}
