// How long a page holds the event loop at a time, in CPU time.
import koffi from "koffi";
import { ModelMetrics } from "../../packages/server/src/app/metrics/model-metrics.ts";
import type { ModelVersion } from "../../packages/server/src/models/model-version.ts";
import { PageComposer } from "../../packages/server/src/telemetry/page.ts";
import { prometheusText } from "../../packages/server/src/telemetry/prometheus-text.ts";
import { MetricsRegistry } from "../../packages/server/src/telemetry/registry.ts";
import { MODEL_COUNT } from "./model-count.ts";

export interface HoldRound {
	/** CPU time of this thread from a turn of the event loop to the next, while a page is composed. */
	readonly holdUs: readonly number[];
	/** Of a page, likewise. */
	readonly pageUs: readonly number[];
}

/**
 * Pages of many models, each of which answered a batch since the page before. In this process, so that nothing but the
 * page is in the turns; and in CPU time, so that nothing but it is in the numbers.
 */
export async function measureHolds(pageCount: number): Promise<HoldRound> {
	const registry = new MetricsRegistry();
	const models = Array.from(
		{ length: MODEL_COUNT },
		(_, i) => new ModelMetrics(registry, plainModel(`model_${i}`)),
	);
	const holdUs: number[] = [];
	let beginUs = 0;
	const endHold = () => holdUs.push(threadUs() - beginUs);
	const composer = new PageComposer({
		parts: () => prometheusText(registry),
		nextTurn: async () => {
			endHold();
			await new Promise((turn) => setImmediate(turn));
			beginUs = threadUs();
		},
	});
	const pageUs: number[] = [];
	for (let page = -WARM_UP_PAGES; page < pageCount; page++) {
		if (page === 0) holdUs.length = 0;
		for (const model of models) answer(model);
		const startUs = threadUs();
		beginUs = startUs;
		const composed = await composer.compose();
		endHold();
		composed.release();
		if (page >= 0) pageUs.push(threadUs() - startUs);
	}
	return { holdUs, pageUs };
}

const CLOCK_THREAD_CPUTIME_ID = 3;
const clockGetTime = koffi
	.load("libc.so.6")
	.func("clock_gettime", "int", ["int", "void *"]);
/** `struct timespec`. */
const timespec = new BigInt64Array(2);

/** Of the thread that asks; what Node tells of it comes in steps of 4 ms. */
function threadUs(): number {
	clockGetTime(CLOCK_THREAD_CPUTIME_ID, timespec);
	const [seconds = 0n, ns = 0n] = timespec;
	return Number(seconds) * 1e6 + Number(ns) / 1000;
}

/** Every histogram of a model changes, and most of its counters. */
function answer(model: ModelMetrics): void {
	model.requestFinished("RESULT", 20, 120, null);
	model.batchFinished(
		1,
		1,
		"full",
		{ gatherStartUs: 0, runStartUs: 5, runEndUs: 90, splitEndUs: 100 } as never,
		false,
	);
}

const WARM_UP_PAGES = 20;

/** What metrics read of a model. */
function plainModel(name: string): ModelVersion {
	return {
		config: { name, shapeBuckets: null, saccade: { generative: null } },
		versionText: "1",
		loadedInUs: 1000,
		isReady: false,
	} as unknown as ModelVersion;
}
