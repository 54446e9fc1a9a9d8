// Who watches a version of a model while it serves: metrics, traces, recordings, consoles and the log.
import type { ModelVersion } from "../models/model-version.ts";
import type { ConsoleTaps } from "../service/console/console-taps.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { MetricsRegistry } from "../telemetry/registry.ts";
import type { TokenThroughput } from "./metrics/llm-metrics.ts";
import { ModelMetrics } from "./metrics/model-metrics.ts";
import type { Recordings } from "./recordings.ts";
import type { Tracing } from "./tracing/tracing.ts";

export interface VersionObserversOptions {
	/** Null: there are none. */
	readonly metrics: MetricsRegistry | null;
	/** Null: there are no metrics. */
	readonly throughput: TokenThroughput | null;
	/** Null: nobody explains, and nobody exports. */
	readonly tracing: Tracing | null;
	readonly recordings: Recordings;
	readonly taps: ConsoleTaps;
	readonly log: Logger;
}

export class VersionObservers {
	readonly #options: VersionObserversOptions;
	readonly #metrics = new WeakMap<ModelVersion, ModelMetrics>();

	constructor(options: VersionObserversOptions) {
		this.#options = options;
	}

	attach(model: ModelVersion): void {
		const { metrics, throughput, tracing, recordings, taps, log } =
			this.#options;
		const { name } = model.config;
		const counted =
			metrics === null ? null : new ModelMetrics(metrics, model, throughput);
		if (counted !== null) this.#metrics.set(model, counted);
		const recorded = { name, version: model.versionText };
		const { observers } = model;
		observers.tokens = counted?.llm ?? null;
		observers.tracer = tracing?.requestsOf(recorded) ?? null;
		observers.listener = taps.lanes.listenerOf(
			recorded,
			recordings.listenerOf(recorded, counted),
		);
		const loadMs = Math.round(model.loadedInUs / 1000);
		log.info({ model: name, version: model.version, loadMs }, "model ready");
	}

	/** @param isReplaced a reload of the same version goes on counting in the same series */
	detach(model: ModelVersion, isReplaced: boolean): void {
		const { metrics, log } = this.#options;
		const { name } = model.config;
		this.#metrics.get(model)?.close();
		if (!isReplaced) metrics?.remove([name, model.versionText]);
		log.info({ model: name, version: model.version }, "model unloaded");
	}
}
