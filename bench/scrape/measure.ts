// One round: a fresh server with many models, inferences in it without scrapes, and then with them.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
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
