// One round: a fresh server with many models, inferences one after the other, without scrapes and then with them.
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { ModelMetrics } from "../../packages/server/src/app/model-metrics.ts";
import type { ModelVersion } from "../../packages/server/src/models/model-version.ts";
import { PageComposer } from "../../packages/server/src/telemetry/page.ts";
import { prometheusText } from "../../packages/server/src/telemetry/prometheus-text.ts";
import { MetricsRegistry } from "../../packages/server/src/telemetry/registry.ts";
import { addFakeModel } from "../../test/support/fake-model.ts";
import { startServer } from "../lib/server-process.ts";
import type { Scraped, ScraperData } from "./scraper.ts";

const MODEL_COUNT = 200;
const SCRAPE_EVERY_MS = 100;
const WARM_UP_MS = 1000;

export interface ScrapeRound {
	readonly scrapeMs: readonly number[];
	readonly pageBytes: number;
	/** Of inferences without scrapes, and of those during which one was under way. */
	readonly plainMs: readonly number[];
	readonly scrapedMs: readonly number[];
}

export async function measureRound(seconds: number): Promise<ScrapeRound> {
	const repository = mkdtempSync(join(tmpdir(), "saccade-scrape-"));
	for (let i = 0; i < MODEL_COUNT; i++) addFakeModel(repository, `model_${i}`);
	const server = await startServer([repository]);
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	const infer = () => inferOnce(server.httpPort, agent);
	try {
		await inferFor(WARM_UP_MS, infer);
		const plain = await inferFor(seconds * 1000, infer);
		const scrapes: Scraped[] = [];
		const scraper = startScraper(server.metricsPort, scrapes);
		await inferFor(WARM_UP_MS, infer);
		scrapes.length = 0;
		const mixed = await inferFor(seconds * 1000, infer);
		await scraper.terminate();
		return {
			scrapeMs: scrapes.map(({ beginMs, endMs }) => endMs - beginMs),
			pageBytes: scrapes.at(-1)?.bytes ?? 0,
			plainMs: plain.map(lastedMs),
			scrapedMs: mixed
				.filter((one) => scrapes.some((scrape) => overlap(one, scrape)))
				.map(lastedMs),
		};
	} finally {
		agent.destroy();
		await server.stop();
		rmSync(repository, { recursive: true, force: true });
	}
}

interface Span {
	readonly beginMs: number;
	readonly endMs: number;
}

const lastedMs = ({ beginMs, endMs }: Span): number => endMs - beginMs;

function overlap(one: Span, other: Span): boolean {
	return one.beginMs < other.endMs && other.beginMs < one.endMs;
}

async function inferFor(
	ms: number,
	infer: () => Promise<void>,
): Promise<Span[]> {
	const spans: Span[] = [];
	const nowMs = () => performance.timeOrigin + performance.now();
	for (const endMs = nowMs() + ms; nowMs() < endMs; ) {
		const beginMs = nowMs();
		await infer();
		spans.push({ beginMs, endMs: nowMs() });
	}
	return spans;
}

const BODY = JSON.stringify({
	inputs: [{ name: "INPUT0", datatype: "FP32", shape: [1, 1], data: [1] }],
});

function inferOnce(port: number, agent: Agent): Promise<void> {
	return new Promise((resolve, reject) => {
		const path = "/v2/models/model_7/infer";
		request({ port, path, method: "POST", agent }, (answer) => {
			if (answer.statusCode !== 200)
				reject(new Error(`inference failed: ${answer.statusCode}`));
			answer.resume().on("end", resolve);
		})
			.on("error", reject)
			.end(BODY);
	});
}

function startScraper(port: number, scrapes: Scraped[]): Worker {
	const workerData: ScraperData = { port, everyMs: SCRAPE_EVERY_MS };
	const worker = new Worker(new URL("scraper.ts", import.meta.url), {
		workerData,
	});
	worker.on("message", (scraped: Scraped) => scrapes.push(scraped));
	worker.on("error", (error) => {
		throw error;
	});
	return worker;
}

export interface HoldRound {
	/** From a turn of the event loop to the next, while a page is composed. */
	readonly holdUs: readonly number[];
	readonly pageMs: number;
}

/** Pages of many models in this process, so that nothing but the page is in the turns. */
export async function measureHolds(pageCount: number): Promise<HoldRound> {
	const registry = new MetricsRegistry();
	for (let i = 0; i < MODEL_COUNT; i++)
		new ModelMetrics(registry, plainModel(`model_${i}`));
	const holdUs: number[] = [];
	let beginMs = 0;
	const composer = new PageComposer({
		parts: () => prometheusText(registry),
		nextTurn: async () => {
			holdUs.push((performance.now() - beginMs) * 1000);
			await new Promise((turn) => setImmediate(turn));
			beginMs = performance.now();
		},
	});
	const pageMs: number[] = [];
	for (let page = -WARM_UP_PAGES; page < pageCount; page++) {
		if (page === 0) holdUs.length = 0;
		const startMs = performance.now();
		beginMs = startMs;
		(await composer.compose()).release();
		if (page >= 0) pageMs.push(performance.now() - startMs);
	}
	return { holdUs, pageMs: pageMs.reduce((a, b) => a + b, 0) / pageCount };
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
