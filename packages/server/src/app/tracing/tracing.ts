// What traces need, put together: who samples, who composes, who keeps.
import type { Clock } from "../../common/clock.ts";
import type { ServerOptions } from "../../config/options.ts";
import type { TracingOptions } from "../../endpoint/tracing.ts";
import type { ModelTracer } from "../../models/model-events.ts";
import type { TraceSampling } from "../../service/settings.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Exemplar, MetricsRegistry } from "../../telemetry/registry.ts";
import { HeadSampler } from "../../telemetry/tracing/head-sampler.ts";
import {
	ModelSamplers,
	type SamplingChange,
	type SamplingRule,
} from "../../telemetry/tracing/model-sampling.ts";
import { TraceCount } from "../../telemetry/tracing/trace-count.ts";
import type { TraceRecord } from "../../telemetry/tracing/trace-record.ts";
import { TraceRecorder } from "../../telemetry/tracing/trace-recorder.ts";
import {
	KEEP_NOTHING,
	TRACE_STORE_DEFAULTS,
	TraceStore,
} from "../../telemetry/tracing/trace-store.ts";
import { StreamTracer } from "./frame-tracer.ts";
import { RequestTracer } from "./model-tracer.ts";
import type { TracedModel } from "./request-record.ts";

/**
 * Sampling at the head, in each thread that has network connections. Null: nobody traces.
 * @param count of all of them @default new
 */
export function createTracing(
	options: Pick<ServerOptions, "traceStore" | "traceSampleRatio" | "otlp">,
	clock: Clock,
	count: TraceCount = new TraceCount(),
): TracingOptions | null {
	if (!isTraced(options)) return null;
	return {
		sampler: new HeadSampler(options.traceSampleRatio, { count }),
		nowUs: () => clock.nowUs(),
	};
}

function exemplarOf(us: number, record: TraceRecord): Exemplar {
	const { traceId, spanId, startUnixUs, durationUs } = record;
	const unixUs = startUnixUs + durationUs;
	return { value: us / 1e6, traceId, spanId, unixUs };
}

/** Somebody keeps traces, or sends them. */
export function isTraced({
	traceStore,
	otlp,
}: Pick<ServerOptions, "traceStore" | "otlp">): boolean {
	return traceStore || (otlp?.targets.traces ?? null) !== null;
}

/** Triton's settings as they are from the start: on where a share is traced, at its rate. */
export function traceSettings({
	otlp,
	traceSampleRatio,
}: Pick<ServerOptions, "otlp" | "traceSampleRatio">): Record<string, string> {
	return {
		...((otlp?.targets.traces ?? null) !== null && {
			trace_mode: "opentelemetry",
		}),
		...(traceSampleRatio > 0 && {
			trace_level: "TIMESTAMPS",
			trace_rate: String(Math.round(1 / traceSampleRatio)),
		}),
	};
}

function ratioOf({ rate }: SamplingRule): number {
	return rate === 0 ? 0 : 1 / rate;
}

interface TracingSetUp {
	readonly clock: Clock;
	/** Null: they are not sent. */
	readonly export: ((record: TraceRecord) => void) | null;
	readonly log: Pick<Logger, "debug" | "writes">;
	/** Whether they are kept, too. */
	readonly keeps: boolean;
	/** Null: there are no buckets to give examples of. */
	readonly metrics: MetricsRegistry | null;
	readonly ratio: number;
}

export class Tracing {
	readonly store: TraceStore;
	readonly frames: StreamTracer;
	/** Models with trace settings of their own. */
	readonly models = new ModelSamplers();
	readonly #recorder: TraceRecorder;
	readonly #metrics: MetricsRegistry | null;
	readonly #isSent: boolean;
	readonly #configuredRatio: number;
	readonly #frameSampler: HeadSampler;

	constructor(setUp: TracingSetUp) {
		const { clock, metrics, ratio, keeps, log } = setUp;
		this.#metrics = metrics;
		this.#isSent = setUp.export !== null;
		this.store = new TraceStore(keeps ? TRACE_STORE_DEFAULTS : KEEP_NOTHING);
		this.#recorder = new TraceRecorder({
			clock,
			store: this.store,
			export: setUp.export,
			log,
		});
		this.#configuredRatio = ratio;
		this.#frameSampler = new HeadSampler(ratio);
		this.frames = new StreamTracer(
			this.#recorder,
			this.#frameSampler,
			(pipeline, us, record) => {
				if (!this.#isFound(record)) return;
				metrics
					?.histogram(INSTRUMENTS.frameAge, [pipeline])
					.addExemplar(exemplarOf(us, record));
			},
		);
	}

	/**
	 * @param requests who samples requests in this thread, and has the count of all threads
	 * @param onChange told to the others
	 */
	sampling(
		requests: HeadSampler | null,
		onChange: (change: SamplingChange) => void,
	): TraceSampling {
		const { models } = this;
		return {
			sample: (rule) => {
				const ratio = rule === null ? this.#configuredRatio : ratioOf(rule);
				this.#frameSampler.ratio = ratio;
				if (requests === null) return;
				requests.ratio = ratio;
				requests.count.left = rule?.count ?? Number.POSITIVE_INFINITY;
				onChange({ kind: "sample", ratio });
			},
			sampleModel: (model, rule) =>
				onChange({
					kind: "sample-model",
					model,
					rule: models.set(model, rule),
				}),
			leftCount: (model) =>
				model === ""
					? (requests?.count.left ?? null)
					: (models.of(model)?.leftCount ?? null),
		};
	}

	/** Records what has ended and is not recorded yet. */
	settle(): void {
		this.#recorder.settle();
	}

	/** Slow and missed ones that were too many to be recorded. */
	get passedOverCount(): number {
		return this.#recorder.passedOverCount;
	}

	requestsOf(model: TracedModel): ModelTracer {
		const { name, version } = model;
		const labels = [name, version, "request"];
		const times = this.#metrics?.histogram(INSTRUMENTS.stageDuration, labels);
		return new RequestTracer(this.#recorder, model, (us, record) => {
			if (this.#isFound(record)) times?.addExemplar(exemplarOf(us, record));
		});
	}

	/** Whoever follows an exemplar looks where traces are sent, if they are. */
	#isFound({ isSampled, isMissed }: TraceRecord): boolean {
		return !this.#isSent || isSampled || isMissed;
	}
}
