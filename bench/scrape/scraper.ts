// A scraper on a thread of its own: reads the page whole, keeps nothing of it, and tells when it began and ended.
import { Agent, get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

export interface ScraperData {
	readonly port: number;
	readonly everyMs: number;
}

export interface Scraped {
	/** On the clock that all threads share, in ms. */
	readonly beginMs: number;
	readonly endMs: number;
	readonly bytes: number;
}

const agent = new Agent({ keepAlive: true });
const nowMs = () => performance.timeOrigin + performance.now();

function scrape(port: number): Promise<number> {
	return new Promise((resolve, reject) => {
		get({ port, path: "/metrics", agent }, (answer) => {
			let bytes = 0;
			answer.on("data", (chunk: Buffer) => {
				bytes += chunk.byteLength;
			});
			answer.on("end", () => resolve(bytes));
		}).on("error", reject);
	});
}

const { port, everyMs } = workerData as ScraperData;
for (;;) {
	const beginMs = nowMs();
	const bytes = await scrape(port);
	const scraped: Scraped = { beginMs, endMs: nowMs(), bytes };
	parentPort?.postMessage(scraped);
	await pause(everyMs);
}
