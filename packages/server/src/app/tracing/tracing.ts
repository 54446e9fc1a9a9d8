// What traces need, put together: who samples, who composes, who keeps.
import type { Clock } from "../../common/clock.ts";
import type { ServerOptions } from "../../config/options.ts";
import type { TracingOptions } from "../../endpoint/tracing.ts";
import type { ModelTracer } from "../../models/model-events.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { Exemplar, MetricsRegistry } from "../../telemetry/registry.ts";
import { HeadSampler } from "../../telemetry/tracing/head-sampler.ts";
import type { TraceRecord } from "../../telemetry/tracing/trace-record.ts";
import { TraceRecorder } from "../../telemetry/tracing/trace-recorder.ts";
import { TraceStore } from "../../telemetry/tracing/trace-store.ts";
import { StreamTracer } from "./frame-tracer.ts";
import { RequestTracer } from "./model-tracer.ts";
import type { TracedModel } from "./request-record.ts";

/** Sampling at the head, in each thread that has network connections. Null: nobody traces. */
export function createTracing(
	options: Pick<ServerOptions, "traceStore" | "traceSampleRatio">,
	clock: Clock,
): TracingOptions | null {
	if (!options.traceStore) return null;
	return {
		sampler: new HeadSampler(options.traceSampleRatio),
		nowUs: () => clock.nowUs(),
	};
}

function exemplarOf(us: number, record: TraceRecord): Exemplar {
	const { traceId, spanId, startUnixUs, durationUs } = record;
	const unixUs = startUnixUs + durationUs;
	return { value: us / 1e6, traceId, spanId, unixUs };
}

interface TracingSetUp {
	readonly clock: Clock;
	/** Null: there are no buckets to give examples of. */
	readonly metrics: MetricsRegistry | null;
	readonly ratio: number;
}

export class Tracing {
	readonly store = new TraceStore();
	readonly frames: StreamTracer;
	readonly #recorder: TraceRecorder;
	readonly #metrics: MetricsRegistry | null;

	constructor({ clock, metrics, ratio }: TracingSetUp) {
		this.#metrics = metrics;
		this.#recorder = new TraceRecorder({
			clock,
			store: this.store,
			export: null,
		});
		this.frames = new StreamTracer(
			this.#recorder,
			new HeadSampler(ratio),
			(pipeline, us, record) =>
				metrics
					?.histogram(INSTRUMENTS.frameAge, [pipeline])
					.addExemplar(exemplarOf(us, record)),
		);
	}

	requestsOf(model: TracedModel): ModelTracer {
		const { name, version } = model;
		const labels = [name, version, "request"];
		const times = this.#metrics?.histogram(INSTRUMENTS.stageDuration, labels);
		return new RequestTracer(this.#recorder, model, (us, record) =>
			times?.addExemplar(exemplarOf(us, record)),
		);
	}
}
