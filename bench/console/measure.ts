// One round: a server in its own process, what there is to look at, and a browser that looks.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GrpcClient } from "@saccade/client/grpc";
import type { Browser, Page } from "playwright-core";
import { startBrowser } from "../../test/browser/support/browser.ts";
import { serve } from "../../test/e2e/support/command.ts";
import { addBlindDetectors } from "../../test/support/blind-detectors.ts";
import { feedCloud, feedTen } from "./feed-streams.ts";

const POINTS = 100_000;
const SIZE = { width: 1280, height: 720 };

export async function measureRound(
	seconds: number,
): Promise<ReadonlyMap<string, number>> {
	const values = new Map<string, number>();
	const cleanings: (() => void)[] = [];
	const repository = mkdtempSync(join(tmpdir(), "saccade-console-"));
	addBlindDetectors(repository);
	const serving = await serve({ after: (clean) => cleanings.push(clean) }, [
		"--model-repository",
		repository,
	]);
	const client = new GrpcClient(serving.grpc);
	const browser = await startBrowser();
	try {
		const origin = `http://${serving.http}`;
		await measureLoad(browser, origin, values);
		const page = await browser.newPage({ viewport: SIZE });
		await measureDrawing(page, "blank", seconds, values);
		const ten = await feedTen(client);
		await page.goto(`${origin}/#/streams`);
		await page.waitForSelector(".stream-table tbody tr:nth-child(10)");
		await measureDrawing(page, "streams", seconds, values);
		await ten.stop();
		const cloud = await feedCloud(client, POINTS);
		await page.goto(`${origin}/#/drive`);
		await page.waitForFunction(
			(points) =>
				Number(
					document
						.querySelector(".cloud-legend .num")
						?.textContent?.replace(/\D/g, ""),
				) === points,
			POINTS,
		);
		await measureDrawing(page, "cloud-still", seconds, values);
		await measureDrawing(page, "cloud", seconds, values, true);
		await cloud.stop();
	} finally {
		await browser.close();
		client.close();
		for (const clean of cleanings) clean();
		await serving.exited;
		rmSync(repository, { recursive: true });
	}
	return values;
}

/** A context of its own has no cache. */
async function measureLoad(
	browser: Browser,
	origin: string,
	values: Map<string, number>,
): Promise<void> {
	const context = await browser.newContext({ viewport: SIZE });
	const page = await context.newPage();
	const beginMs = performance.now();
	await page.goto(`${origin}/#/streams`, { waitUntil: "commit" });
	// Names of the server come over the WebSocket.
	await page.waitForSelector(".nav footer");
	values.set("load/time", performance.now() - beginMs);
	const bytes = await page.evaluate(() =>
		[
			...performance.getEntriesByType("navigation"),
			...performance.getEntriesByType("resource"),
		].reduce(
			(sum, entry) =>
				sum + (entry as PerformanceResourceTiming).encodedBodySize,
			0,
		),
	);
	values.set("load/transferred", bytes / 1000);
	await context.close();
}

/** @param turns whether the wheel moves the camera in every frame, so that every frame is drawn anew */
async function measureDrawing(
	page: Page,
	id: string,
	seconds: number,
	values: Map<string, number>,
	turns = false,
): Promise<void> {
	const { fps, missed } = await page.evaluate(
		async ({ forMs, turning }) => {
			const canvas = document.querySelector(".cloud-scene canvas");
			const frame = () => new Promise<number>(requestAnimationFrame);
			const periodMs = 1000 / 60;
			let atMs = await frame();
			const beginMs = atMs;
			let frames = 0;
			let lost = 0;
			while (atMs - beginMs < forMs) {
				if (turning)
					canvas?.dispatchEvent(
						new WheelEvent("wheel", {
							deltaY: frames % 100 < 50 ? 2 : -2,
							bubbles: true,
							cancelable: true,
						}),
					);
				const nextMs = await frame();
				frames++;
				lost += Math.max(0, Math.round((nextMs - atMs) / periodMs) - 1);
				atMs = nextMs;
			}
			return {
				fps: (1000 * frames) / (atMs - beginMs),
				missed: (1000 * lost) / (atMs - beginMs),
			};
		},
		{ forMs: seconds * 1000, turning: turns },
	);
	values.set(`fps/${id}`, fps);
	values.set(`missed/${id}`, missed);
}
