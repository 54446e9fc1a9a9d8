// One round: a fresh server with many models, inferences in it without scrapes, and then with them.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import koffi from "koffi";
import { ModelMetrics } from "../../packages/server/src/app/model-metrics.ts";
import type { ModelVersion } from "../../packages/server/src/models/model-version.ts";
import { PageComposer } from "../../packages/server/src/telemetry/page.ts";
import { prometheusText } from "../../packages/server/src/telemetry/prometheus-text.ts";
import { MetricsRegistry } from "../../packages/server/src/telemetry/registry.ts";
import { type Inferences, MODEL_COUNT, type Ready } from "./server-process.ts";

const SCRAPE_EVERY_MS = 100;
const WARM_UP_MS = 1000;

export interface ScrapeRound {
	readonly scrapeMs: readonly number[];
	readonly pageBytes: number;
	/** Of inferences without scrapes, and of those during which one was under way. */
	readonly plainMs: readonly number[];
	readonly scrapedMs: readonly number[];
}

interface Scraped {
	readonly beginMs: number;
	readonly endMs: number;
	readonly bytes: number;
}

export async function measureRound(seconds: number): Promise<ScrapeRound> {
	const path = fileURLToPath(new URL("server-process.ts", import.meta.url));
	const child = fork(path, { execArgv: ["--conditions=source"] });
	const [ready] = (await once(child, "message")) as [Ready];
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	const during = async (ms: number) => {
		const scrapes: Scraped[] = [];
		const inferences = ask(child, ms);
		let isOver = false;
		const done = inferences.then(() => {
			isOver = true;
		});
		while (!isOver) {
			scrapes.push(await scrape(ready.metricsPort, agent));
			await Promise.race([pause(SCRAPE_EVERY_MS), done]);
		}
		return { spans: (await inferences).spans, scrapes };
	};
	try {
		await ask(child, WARM_UP_MS);
		const plain = await ask(child, seconds * 1000);
		await during(WARM_UP_MS);
		const { spans, scrapes } = await during(seconds * 1000);
		return {
			scrapeMs: scrapes.map(({ beginMs, endMs }) => endMs - beginMs),
			pageBytes: scrapes.at(-1)?.bytes ?? 0,
			plainMs: plain.spans.map(([dueMs, endMs]) => endMs - dueMs),
			scrapedMs: spans
				.filter(([dueMs, endMs]) =>
					scrapes.some(
						(scrape) => scrape.beginMs < endMs && dueMs < scrape.endMs,
					),
				)
				.map(([dueMs, endMs]) => endMs - dueMs),
		};
	} finally {
		agent.destroy();
		const ended = once(child, "exit");
		child.disconnect();
		await ended;
	}
}

async function ask(child: ChildProcess, ms: number): Promise<Inferences> {
	child.send({ ms });
	const [inferences] = (await once(child, "message")) as [Inferences];
	return inferences;
}

function scrape(port: number, agent: Agent): Promise<Scraped> {
	const nowMs = () => performance.timeOrigin + performance.now();
	const beginMs = nowMs();
	return new Promise((resolve, reject) => {
		get({ port, path: "/metrics", agent }, (answer) => {
			let bytes = 0;
			answer.on("data", (chunk: Buffer) => {
				bytes += chunk.byteLength;
			});
			answer.on("end", () => resolve({ beginMs, endMs: nowMs(), bytes }));
		}).on("error", reject);
	});
}

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
