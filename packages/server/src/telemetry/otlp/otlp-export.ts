// Telemetry on its way out, as the server sees it: bounded buffers, one batch of each signal with the thread at most,
// and counts of what was dropped. Whatever becomes of the collector, serving does not wait for it.
//
//   record ─▶ buffer ─every second, or when a batch is full─▶ thread ─▶ collector
//              └ full: dropped, counted                └ given up: dropped, counted
import type { Worker } from "node:worker_threads";
import type { LogLine } from "../logger.ts";
import {
	Histogram,
	type MetricFamily,
	type MetricsRegistry,
} from "../registry.ts";
import type { TraceRecord } from "../tracing/trace-record.ts";
import type {
	FromOtlpThread,
	MetricPart,
	MetricPoint,
	OtlpThreadData,
	ToOtlpThread,
} from "./otlp-messages.ts";
import { type OtlpSettings, SIGNALS, type Signal } from "./otlp-settings.ts";
import { SpanQueue } from "./span-queue.ts";

export interface OtlpExportOptions {
	readonly settings: OtlpSettings;
	readonly scope: { readonly name: string; readonly version: string };
	/** Null: there are no metrics to send. */
	readonly registry: MetricsRegistry | null;
	/** The collector takes nothing any more, or takes it again. @param problem null: it does */
	readonly onChange: (signal: Signal, problem: string | null) => void;
	/** Items kept while the collector is slow. @default 2,048, as OTEL_BSP_MAX_QUEUE_SIZE */
	readonly bufferCount?: number;
	/** @default 512, as OTEL_BSP_MAX_EXPORT_BATCH_SIZE */
	readonly batchCount?: number;
	/** @default 1,000 */
	readonly everyMs?: number;
}

/** Counts of one signal; items are records, lines and points. */
export interface ExportCounts {
	exported: number;
	/** The buffer was full. */
	overflowed: number;
	/** The collector did not take them, or not in time. */
	failed: number;
}

/** How long the loop may be held at once to read the registry. */
const SLICE_MS = 0.2;
/** For the last batch of each signal. */
const END_MS = 3000;

export class OtlpExport {
	readonly counts: Readonly<Record<Signal, ExportCounts>> = {
		traces: { exported: 0, overflowed: 0, failed: 0 },
		metrics: { exported: 0, overflowed: 0, failed: 0 },
		logs: { exported: 0, overflowed: 0, failed: 0 },
	};
	readonly #options: OtlpExportOptions;
	readonly #bufferCount: number;
	readonly #batchCount: number;
	readonly #spans: SpanQueue;
	/** Of the batch of spans that the thread has. */
	#sending: SharedArrayBuffer | null = null;
	#lines: LogLine[] = [];
	/** Of which the thread has a batch. */
	readonly #busy = new Set<Signal>();
	readonly #failing = new Set<Signal>();
	#thread: Worker | null = null;
	#timer: NodeJS.Timeout | null = null;
	#ended: (() => void) | null = null;

	constructor(options: OtlpExportOptions) {
		this.#options = options;
		this.#bufferCount = options.bufferCount ?? 2048;
		this.#batchCount = options.batchCount ?? 512;
		this.#spans = new SpanQueue(this.#batchCount);
	}

	start(startUnixUs: number): void {
		const { Worker } = process.getBuiltinModule("node:worker_threads");
		const { settings, scope, everyMs = 1000 } = this.#options;
		const isSource = import.meta.url.endsWith(".ts");
		const file = isSource ? "otlp-worker.ts" : "otlp-worker.js";
		const data: OtlpThreadData = { settings, scope, startUnixUs };
		const thread = new Worker(new URL(file, import.meta.url), {
			name: "otlp",
			workerData: data,
			...(isSource && { execArgv: ["--conditions=source"] }),
		});
		thread.on("message", (message: FromOtlpThread) => this.#heard(message));
		thread.on("error", (error) => this.#broke(error.message));
		thread.on("exit", () => this.#broke("its thread ended"));
		// Exporting alone keeps nobody alive.
		thread.unref();
		this.#thread = thread;
		this.#timer = setInterval(() => this.#flush(), everyMs);
		this.#timer.unref();
	}

	trace(record: TraceRecord): void {
		if (!this.#takes("traces", this.#spans.length)) return;
		this.#spans.push(record);
		if (this.#spans.hasFullBatch) this.#flush();
	}

	log(line: LogLine): void {
		if (!this.#takes("logs", this.#lines.length)) return;
		this.#lines.push(line);
		if (this.#lines.length >= this.#batchCount) this.#flush();
	}

	/** Sends what is there, within a few seconds; what is left then is dropped. */
	async close(): Promise<void> {
		if (this.#timer !== null) clearInterval(this.#timer);
		const thread = this.#thread;
		if (thread === null) return;
		this.#flush();
		await new Promise<void>((resolve) => {
			const late = setTimeout(resolve, END_MS);
			this.#ended = () => {
				clearTimeout(late);
				resolve();
			};
			this.#post({ kind: "end" });
		});
		this.#thread = null;
		await thread.terminate();
	}

	/** False: it is not sent, or there is no room for another. */
	#takes(signal: "traces" | "logs", waitingCount: number): boolean {
		if (this.#options.settings.targets[signal] === null) return false;
		if (waitingCount < this.#bufferCount && this.#thread !== null) return true;
		this.counts[signal].overflowed++;
		return false;
	}

	#flush(): void {
		this.#sendSpans();
		this.#sendLines();
	}

	#sendSpans(): void {
		if (this.#busy.has("traces")) return;
		const batch = this.#spans.shift();
		if (batch === null) return;
		this.#busy.add("traces");
		this.#sending = batch.memory;
		this.#post({ kind: "traces", ...batch });
	}

	#sendLines(): void {
		if (this.#busy.has("logs") || this.#lines.length === 0) return;
		this.#busy.add("logs");
		const lines = this.#lines.splice(0, this.#batchCount);
		const json = JSON.stringify(lines);
		this.#post({ kind: "logs", count: lines.length, json });
	}

	#post(message: ToOtlpThread): void {
		this.#thread?.postMessage(message);
	}

	#heard(message: FromOtlpThread): void {
		if (message.kind === "collect") void this.#tellMetrics();
		else if (message.kind === "ended") this.#ended?.();
		else this.#done(message);
	}

	#done({
		signal,
		count,
		problem,
	}: Extract<FromOtlpThread, { kind: "done" }>): void {
		if (problem === null) this.counts[signal].exported += count;
		else this.counts[signal].failed += count;
		this.#busy.delete(signal);
		if (signal === "traces" && this.#sending !== null) {
			this.#spans.giveBack(this.#sending);
			this.#sending = null;
		}
		const isNews = (problem !== null) !== this.#failing.has(signal);
		if (isNews) {
			if (problem === null) this.#failing.delete(signal);
			else this.#failing.add(signal);
			this.#options.onChange(signal, problem);
		}
		this.#flushFull();
	}

	/** More than a batch gathered while the last one was under way. */
	#flushFull(): void {
		if (this.#spans.hasFullBatch || this.#lines.length >= this.#batchCount)
			this.#flush();
	}

	/** Nothing is exported any more; serving goes on. */
	#broke(problem: string): void {
		if (this.#thread === null) return;
		this.#thread = null;
		this.#ended?.();
		for (const signal of SIGNALS)
			if (this.#options.settings.targets[signal] !== null)
				this.#options.onChange(signal, problem);
	}

	/** In slices, so that a server of many models is not held up by its own telemetry. */
	async #tellMetrics(): Promise<void> {
		let parts: MetricPart[] = [];
		let endMs = performance.now() + SLICE_MS;
		const { registry } = this.#options;
		for (const part of registry === null ? [] : partsOf(registry)) {
			if (part !== null) parts.push(part);
			if (performance.now() < endMs) continue;
			this.#post({ kind: "metrics", parts, isLast: false });
			parts = [];
			await new Promise((turn) => setImmediate(turn));
			endMs = performance.now() + SLICE_MS;
		}
		this.#post({ kind: "metrics", parts, isLast: true });
	}
}

/** Series of one family at a time, some of them: each part takes some µs. */
const POINTS_AT_ONCE = 16;

function* partsOf(registry: MetricsRegistry): Generator<MetricPart | null> {
	for (const collect of registry.collectors()) {
		collect();
		yield null;
	}
	for (const family of registry.families()) yield* familyParts(family);
}

function* familyParts(family: MetricFamily): Generator<MetricPart> {
	const { name, kind, help } = family;
	let points: MetricPoint[] = [];
	for (const { names, values, series } of [...family.points]) {
		const attributes = Object.fromEntries(
			names.map((label, at) => [label, values[at] ?? ""]),
		);
		points.push(
			series instanceof Histogram
				? { attributes, value: 0, histogram: histogramOf(series) }
				: { attributes, value: series.value, histogram: null },
		);
		if (points.length < POINTS_AT_ONCE) continue;
		yield { name, kind, help, points };
		points = [];
	}
	if (points.length > 0) yield { name, kind, help, points };
}

function histogramOf(series: Histogram): MetricPoint["histogram"] {
	const { bounds, counts, sum, count, exemplars } = series;
	return {
		bounds,
		counts: [...counts],
		sum,
		count,
		exemplars: (exemplars ?? []).filter((one) => one !== null),
	};
}
