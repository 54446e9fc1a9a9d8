// One round: a fresh server with many models, inferences in it without scrapes, with them, and while the scraper reads
// as large a page of somebody else.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { PageReady } from "./page-process.ts";
import type { Inferences, Ready, Span } from "./server-process.ts";

const SCRAPE_EVERY_MS = 50;
const WARM_UP_MS = 1000;

/**
 * `plain`: nobody scrapes. `scraped`: the spans during which a scrape was under way. `beside`: likewise, while the scraper
 * read a page as large of another process.
 */
export type WindowKind = "plain" | "scraped" | "beside";

const KINDS: readonly WindowKind[] = ["plain", "scraped", "beside"];

interface Scraped {
	readonly beginMs: number;
	readonly endMs: number;
	readonly bytes: number;
}

export interface Window extends Inferences {
	readonly scrapes: readonly Scraped[];
}

/** @param round another kind of window comes first in each */
export async function measureRound(
	seconds: number,
	round: number,
): Promise<Readonly<Record<WindowKind, Window>>> {
	const server = forkBeside("server-process.ts", []);
	const [{ metricsPort }] = (await once(server, "message")) as [Ready];
	try {
		await ask(server, WARM_UP_MS);
		const { scrapes } = await during(server, metricsPort, WARM_UP_MS);
		const page = forkBeside("page-process.ts", [`${scrapes.at(-1)?.bytes}`]);
		const [{ port }] = (await once(page, "message")) as [PageReady];
		const ms = seconds * 1000;
		const measured: Partial<Record<WindowKind, Window>> = {};
		try {
			for (const index of KINDS.keys()) {
				const kind = KINDS[(round + index) % KINDS.length]!;
				measured[kind] =
					kind === "plain"
						? { ...(await ask(server, ms)), scrapes: [] }
						: await during(server, kind === "scraped" ? metricsPort : port, ms);
			}
		} finally {
			await end(page);
		}
		return measured as Record<WindowKind, Window>;
	} finally {
		await end(server);
	}
}

function forkBeside(name: string, args: readonly string[]): ChildProcess {
	const path = fileURLToPath(new URL(name, import.meta.url));
	return fork(path, args, { execArgv: ["--conditions=source"] });
}

async function end(child: ChildProcess): Promise<void> {
	const ended = once(child, "exit");
	child.disconnect();
	await ended;
}

/** Scrapes of `port` one after the other, with a pause between, for as long as the inferences go on. */
async function during(
	server: ChildProcess,
	port: number,
	ms: number,
): Promise<Window> {
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	const scrapes: Scraped[] = [];
	let isOver = false;
	const asked = ask(server, ms);
	const done = asked.then(() => {
		isOver = true;
	});
	while (!isOver) {
		scrapes.push(await scrape(port, agent));
		await Promise.race([pause(SCRAPE_EVERY_MS), done]);
	}
	agent.destroy();
	const { spans, pausesMs } = await asked;
	const isScraped = ({ dueMs, endMs }: Span) =>
		scrapes.some((scrape) => scrape.beginMs < endMs && dueMs < scrape.endMs);
	return { spans: spans.filter(isScraped), pausesMs, scrapes };
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
