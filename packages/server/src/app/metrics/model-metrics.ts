// Counts what models tell: one listener a version, with its series resolved once.
import {
	OUTCOMES,
	type Outcome,
	REFUSAL_REASONS,
	type RefusalReason,
} from "@saccade/protocol";
import type { LossReason } from "../../devices/device-health.ts";
import type { BatchStamps, ModelListener } from "../../models/model-events.ts";
import type { ModelVersion } from "../../models/model-version.ts";
import {
	CLOSED_BECAUSE,
	type ClosedBecause,
} from "../../scheduling/scheduler.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type {
	Counter,
	Histogram,
	MetricsRegistry,
} from "../../telemetry/registry.ts";
import { LlmMetrics, type TokenThroughput } from "./llm-metrics.ts";

/** Triton's reasons for failed requests. */
const FAILURE_REASON: Readonly<Record<Outcome, string>> = {
	RESULT: "OTHER",
	SUPERSEDED: "OTHER",
	EXPIRED: "REJECTED",
	SHED: "REJECTED",
	BREAKER_OPEN: "REJECTED",
	INVALID: "OTHER",
	CANCELLED: "CANCELED",
	FAILED: "BACKEND",
};

const US_TO_S = 1e-6;

export class ModelMetrics implements ModelListener {
	readonly #success: Counter;
	readonly #inferences: Counter;
	readonly #executions: Counter;
	readonly #durations: readonly Counter[];
	readonly #queue: Histogram;
	readonly #request: Histogram;
	readonly #gather: Histogram;
	readonly #run: Histogram;
	readonly #split: Histogram;
	readonly #batchSize: Histogram;
	readonly #outcomes = new Map<Outcome, Counter>();
	readonly #failures = new Map<Outcome, Counter>();
	readonly #refused = new Map<RefusalReason, Counter>();
	readonly #closed = new Map<ClosedBecause, Counter>();
	readonly #moved: Readonly<Record<LossReason, Counter>>;

	/** Null: the model has no shape buckets. */
	readonly #padded: {
		readonly used: Counter;
		readonly padding: Counter;
	} | null;

	/** Stops reading the model, which is gone. */
	readonly close: () => void;

	/** Null: the model does not generate. */
	readonly llm: LlmMetrics | null;

	/** @param throughput of all models together @default null: tokens are not counted */
	constructor(
		registry: MetricsRegistry,
		model: ModelVersion,
		throughput: TokenThroughput | null = null,
	) {
		this.llm =
			model.config.saccade.generative !== null && throughput !== null
				? new LlmMetrics(registry, throughput, model.config.name)
				: null;
		const labels = [model.config.name, model.versionText];
		const counter = (name: keyof typeof INSTRUMENTS) =>
			registry.counter(INSTRUMENTS[name], labels);
		const stage = (name: string) =>
			registry.histogram(INSTRUMENTS.stageDuration, [...labels, name]);
		this.#success = counter("requestSuccess");
		this.#inferences = counter("inferenceCount");
		this.#executions = counter("executionCount");
		this.#durations = [
			counter("requestDuration"),
			counter("queueDuration"),
			counter("computeInputDuration"),
			counter("computeInferDuration"),
			counter("computeOutputDuration"),
		];
		this.#queue = stage("queue");
		this.#request = stage("request");
		this.#gather = stage("gather");
		this.#run = stage("run");
		this.#split = stage("split");
		this.#batchSize = registry.histogram(INSTRUMENTS.batchSize, labels);
		for (const outcome of OUTCOMES) {
			this.#outcomes.set(
				outcome,
				registry.counter(INSTRUMENTS.outcomes, [...labels, outcome]),
			);
			this.#failures.set(
				outcome,
				registry.counter(INSTRUMENTS.requestFailure, [
					...labels,
					FAILURE_REASON[outcome],
				]),
			);
		}
		for (const because of REFUSAL_REASONS)
			this.#refused.set(
				because,
				registry.counter(INSTRUMENTS.refused, [...labels, because]),
			);
		for (const because of CLOSED_BECAUSE)
			this.#closed.set(
				because,
				registry.counter(INSTRUMENTS.batches, [...labels, because]),
			);
		const elements = (part: string) =>
			registry.counter(INSTRUMENTS.paddedElements, [...labels, part]);
		this.#padded =
			model.config.shapeBuckets === null
				? null
				: { used: elements("used"), padding: elements("padding") };
		const moved = (because: LossReason) =>
			registry.counter(INSTRUMENTS.movedRequests, [...labels, because]);
		this.#moved = { failed: moved("failed"), hung: moved("hung") };
		counter("loadDuration").value = model.loadedInUs * US_TO_S;
		const pending = counter("pendingRequests");
		this.close = registry.onCollect(() => {
			pending.value = model.isReady ? model.queueStats().queuedCount : 0;
		});
	}

	batchFinished(
		requestCount: number,
		rows: number,
		closedBecause: ClosedBecause,
		stamps: BatchStamps,
		failed: boolean,
	): void {
		const gatherUs = stamps.runStartUs - stamps.gatherStartUs;
		const runUs = stamps.runEndUs - stamps.runStartUs;
		const splitUs = stamps.splitEndUs - stamps.runEndUs;
		this.#closed.get(closedBecause)?.add();
		this.#batchSize.record(rows);
		this.#gather.record(gatherUs * US_TO_S);
		this.#run.record(runUs * US_TO_S);
		this.#split.record(splitUs * US_TO_S);
		if (failed) return;
		this.#executions.add();
		this.#inferences.add(rows);
		this.#durations[2]?.add(gatherUs * requestCount);
		this.#durations[3]?.add(runUs * requestCount);
		this.#durations[4]?.add(splitUs * requestCount);
	}

	inputsPadded(usedElements: number, paddingElements: number): void {
		this.#padded?.used.add(usedElements);
		this.#padded?.padding.add(paddingElements);
	}

	runLost(because: LossReason, movedCount: number): void {
		this.#moved[because].add(movedCount);
	}

	requestFinished(
		outcome: Outcome,
		queueUs: number,
		totalUs: number,
		because: RefusalReason | null,
	): void {
		this.llm?.requestFinished(outcome === "RESULT", totalUs);
		this.#outcomes.get(outcome)?.add();
		if (because !== null) this.#refused.get(because)?.add();
		this.#queue.record(queueUs * US_TO_S);
		this.#request.record(totalUs * US_TO_S);
		if (outcome !== "RESULT") {
			this.#failures.get(outcome)?.add();
			return;
		}
		this.#success.add();
		this.#durations[0]?.add(totalUs);
		this.#durations[1]?.add(queueUs);
	}
}
