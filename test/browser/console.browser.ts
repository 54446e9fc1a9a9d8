// The console in the real chromium, against a server that a simulated vehicle drives with: each view shows live data,
// stays within its budget, asks nothing of anybody else, and takes names of models and sensors for text.
import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { GrpcClient } from "@saccade/client/grpc";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import {
	keepScreenshot,
	type PageFaults,
	PICTURES_FOLDER,
	startBrowser,
	watchPage,
	whyNoBrowser,
} from "./support/browser.ts";
import { type SlowDrive, startSlowDrive } from "./support/slow-drive.ts";

const MODELS = fileURLToPath(
	new URL("../../models/repository", import.meta.url),
);
const TOKEN = "correct-horse-battery-staple";
/** Runs when it is taken for markup. */
const EVIL = '<img src=x onerror="alert(document.domain)">';
const VIEWS = [
	"drive",
	"streams",
	"models",
	"devices",
	"requests",
	"logs",
	"settings",
] as const;
const SLOW = 60_000;
/** Reached by no machine that is merely busy; in the pictures it is that of a LiDAR of 10 Hz. */
const BUDGET_MS = PICTURES_FOLDER === undefined ? 5000 : 100;
/** What the charts of the pictures show: most of a minute. */
const HISTORY_MS = 50_000;

describe("the console in a browser", {
	skip: whyNoBrowser(),
	timeout: 240_000,
}, () => {
	let server: TestServer;
	let origin: string;
	let drive: SlowDrive;
	let browser: Browser;
	let page: Page;
	let faults: PageFaults;
	let grpc: GrpcClient;

	const repository = makeModelRepository({ after }, "simple");

	before(async () => {
		for (const model of ["bev_detector", "camera_detector", "mlp"])
			cpSync(join(MODELS, model), join(repository, model), { recursive: true });
		const file = join(repository, "..", `token-${process.pid}`);
		writeFileSync(file, TOKEN);
		server = await startTestServer(
			repository,
			"--model-control-mode=explicit",
			"--load-model=*",
			`--admin-token-file=${file}`,
		);
		origin = `http://127.0.0.1:${server.http.port}`;
		grpc = new GrpcClient(server.grpcAddress);
		drive = await startSlowDrive(grpc, BUDGET_MS);
		browser = await startBrowser();
		page = await browser.newPage({
			viewport: { width: 1280, height: 720 },
			colorScheme: "dark",
		});
		faults = watchPage(page, origin);
		if (PICTURES_FOLDER !== undefined) {
			await page.goto(`${origin}/#/settings`);
			await sleep(HISTORY_MS);
		}
		await page.goto(`${origin}/#/drive`);
	});
	after(async () => {
		await browser?.close();
		await drive?.stop();
		grpc?.close();
		await server?.close();
	});

	const open = (view: (typeof VIEWS)[number]) =>
		page.click(`.nav a[href="#/${view}"]`);
	const textOf = (selector: string) =>
		page.locator(selector).first().innerText();

	test("the drive shows the sweep, its tracks, the decision and its latency budget", {
		timeout: SLOW,
	}, async () => {
		await page.waitForSelector(".cloud-scene canvas", { timeout: SLOW });
		await page.waitForFunction(
			() =>
				Number(
					document
						.querySelector(".cloud-legend .num")
						?.textContent?.replace(/\D/g, ""),
				) > 1000,
			null,
			{ timeout: SLOW },
		);
		await page.waitForSelector(".decision-action", { timeout: SLOW });
		assert.match(
			await textOf(".decision-action"),
			/^(keep|slow|brake|degrade)$/,
		);
		await page.waitForFunction(
			() => document.querySelectorAll(".cloud-labels span").length >= 3,
			null,
			{ timeout: SLOW },
		);
		assert.match(
			(await page.locator(".budget").getAttribute("aria-label")) ?? "",
			/on the way .*raster .*net .*left /,
		);
		assert.ok((await brightnessOf(page, ".cloud-scene canvas")) > 0.001);
	});

	test("the camera's picture comes with what was found in it", {
		timeout: SLOW,
	}, async () => {
		await page.waitForSelector(".camera", { timeout: SLOW });
		await page.waitForFunction(
			() => document.querySelector<HTMLCanvasElement>(".camera")?.width === 320,
			null,
			{ timeout: SLOW },
		);
		await page.waitForSelector(".camera-box", { timeout: SLOW });
		await keepScreenshot(page, "drive");
	});

	test("streams show outcomes and slack that move, and each sensor's clock", {
		timeout: SLOW,
	}, async () => {
		await open("streams");
		await page.waitForSelector(".stream-table tbody tr", { timeout: SLOW });
		const frames = async () =>
			Number(
				(await textOf(".stream-table tbody tr td:nth-child(8)")).replace(
					/\D/g,
					"",
				),
			);
		const first = await frames();
		await page.waitForFunction(
			(before) =>
				Number(
					document
						.querySelector(".stream-table tbody tr td:nth-child(8)")
						?.textContent?.replace(/\D/g, ""),
				) > before,
			first,
			{ timeout: SLOW },
		);
		const sensors = await page.locator(".sensors-panel tbody").innerText();
		assert.match(sensors, /lidar\s+alive\s+[\d.]+\/4\.0 Hz/);
		assert.ok((await brightnessOf(page, ".outcomes-panel canvas")) > 0.001);
		assert.ok((await brightnessOf(page, ".slack-panel canvas")) > 0.001);
		await keepScreenshot(page, "streams");
	});

	test("models show what they answer, and a picture can be tried", {
		timeout: SLOW,
	}, async () => {
		await open("models");
		await page.click('.models-view tr:has-text("camera_detector")');
		await page.waitForSelector(".bar-column", { timeout: SLOW });
		const grey = { width: 64, height: 40, channels: 3 as const };
		await page.setInputFiles('.drop input[type="file"]', {
			name: "grey.png",
			mimeType: "image/png",
			buffer: await sharp({ create: { ...grey, background: "#808080" } })
				.png()
				.toBuffer(),
		});
		await page.waitForSelector(".try-it table tbody tr", { timeout: SLOW });
		assert.match(
			await page.locator(".try-it table").innerText(),
			/heatmap\s+FP32/,
		);
		await page.locator(".model-detail").evaluate((box) => {
			box.scrollTop = 0;
		});
		await keepScreenshot(page, "models");
	});

	test("devices show runs on lanes as they happen", {
		timeout: SLOW,
	}, async () => {
		await open("devices");
		await page.waitForSelector(
			'.lanes[aria-label*="cpu · bev_detector v1 · lane 0"]',
			{ timeout: SLOW },
		);
		await page.waitForFunction(hasBarInFirstLane, null, { timeout: SLOW });
		if (PICTURES_FOLDER !== undefined) await sleep(5000);
		await keepScreenshot(page, "devices");
	});

	test("the slowest are listed, and where the time of one went is drawn", {
		timeout: SLOW,
	}, async () => {
		await open("requests");
		await page.click(
			'.requests-view tbody tr:has-text("lidar"):has-text("result")',
		);
		await page.waitForSelector('.waterfall-row:has-text("raster")', {
			timeout: SLOW,
		});
		await page.waitForSelector('.decided:has-text("decided")', {
			timeout: SLOW,
		});
		await keepScreenshot(page, "requests");
	});

	test("the log is shown, and found in", { timeout: SLOW }, async () => {
		await open("logs");
		await page.waitForSelector(".log-line", { timeout: SLOW });
		await page.fill('.logs-view input[type="search"]', "bev_detector");
		await page.waitForFunction(() => {
			const lines = [...document.querySelectorAll(".log-line")];
			return (
				lines.length > 0 &&
				lines.every((line) => line.textContent?.includes("bev_detector"))
			);
		});
		await page.fill('.logs-view input[type="search"]', "");
		await keepScreenshot(page, "logs");
	});

	test("without the token nothing can be changed; with it a model is unloaded and loaded, each after it was confirmed", {
		timeout: SLOW,
	}, async () => {
		await open("models");
		await page.click('.models-view tr:has-text("simple")');
		assert.equal(await page.locator("text=Unload").count(), 0);
		await open("settings");
		await page.fill('input[aria-label="Admin token"]', "wrong");
		await page.click("text=Unlock");
		await page.waitForSelector("text=needs the admin token");
		await page.fill('input[aria-label="Admin token"]', TOKEN);
		await page.click("text=Unlock");
		await page.waitForSelector("text=may change");
		await keepScreenshot(page, "settings");
		await open("models");
		await page.click('.models-view tr:has-text("simple")');
		await page.click('.model-detail button:has-text("Unload")');
		await page.click('dialog button:has-text("Cancel")');
		assert.match(await textOf('.models-view tr:has-text("simple")'), /ready/);
		await page.click('.model-detail button:has-text("Unload")');
		await page.click('dialog button:has-text("Unload")');
		await page.waitForSelector(
			'.models-view tr:has-text("simple"):has-text("unloaded")',
		);
		await page.click('.models-view tr:has-text("simple")');
		await page.getByRole("button", { name: "Load", exact: true }).click();
		await page
			.locator("dialog")
			.getByRole("button", { name: "Load", exact: true })
			.click();
		await page
			.waitForSelector("dialog", { state: "detached" })
			.catch(async (error: unknown) => {
				assert.fail(`${error}: ${await page.locator("dialog").textContent()}`);
			});
		await page.waitForSelector(
			'.models-view tr:has-text("simple"):has-text("ready")',
		);
		// What became of it is told with its phases.
		await page.waitForSelector('.swap:has-text("switched")');
		await page.waitForSelector('.swap:has-text("unloaded")');
		await page.locator(".swaps").scrollIntoViewIfNeeded();
		await keepScreenshot(page, "swaps");
		// The refusal of the wrong token is told in the browser's log, too.
		assert.equal(faults.errors.length, 1);
		assert.match(faults.errors.splice(0)[0] ?? "", /401/);
	});

	test("names of models, sensors and streams that are markup are shown as they are", {
		timeout: SLOW,
	}, async () => {
		const model = EVIL.replaceAll("/", "∕");
		const directory = join(repository, model, "1");
		mkdirSync(directory, { recursive: true });
		copyFileSync(
			join(MODELS, "mlp", "1", "model.onnx"),
			join(directory, "model.onnx"),
		);
		const loaded = await fetch(
			`${origin}/v2/repository/models/${encodeURIComponent(model)}/load`,
			{ method: "POST", headers: { authorization: `Bearer ${TOKEN}` } },
		);
		assert.equal(loaded.status, 200, await loaded.text());
		const stream = grpc.openStream(
			{
				name: EVIL,
				pipeline: "scalar",
				safeCommand: { action: "stop", reasons: [], targets: [] },
			},
			{ onOutcome: () => {} },
		);
		await stream.opened;
		let value = 0;
		const timer = setInterval(() => {
			value++;
			stream.send({ timestampNs: BigInt(value * 1e8), deviceId: EVIL, value });
		}, 100);
		try {
			for (const view of VIEWS) {
				await open(view);
				await page.waitForTimeout(700);
				if (view === "models")
					await page.click('.models-view tr:has-text("<img")');
				if (view === "streams")
					await page.waitForSelector(
						'.sensors-panel td:has-text("<img src=x onerror=")',
					);
				assert.equal(await page.locator("img").count(), 0, view);
			}
			assert.deepEqual(faults.dialogs, []);
		} finally {
			clearInterval(timer);
			await stream.close();
		}
	});

	test("every view works by keyboard, on a tablet, in light, and with contrast enough to read", {
		timeout: SLOW,
	}, async () => {
		await page.emulateMedia({ colorScheme: "light" });
		await page.setViewportSize({ width: 1024, height: 768 });
		for (const [i, view] of VIEWS.entries()) {
			await page.keyboard.press(`Alt+Digit${i + 1}`);
			await page.waitForFunction((hash) => location.hash === hash, `#/${view}`);
			await page.waitForTimeout(700);
			const over = await page.evaluate(
				() =>
					document.documentElement.scrollWidth -
					document.documentElement.clientWidth,
			);
			assert.equal(over, 0, `${view} is wider than the tablet`);
			for (const scheme of ["light", "dark"] as const) {
				await page.emulateMedia({ colorScheme: scheme });
				const poor = await page.evaluate(poorContrast);
				assert.deepEqual(poor, [], `${view}, ${scheme}`);
			}
			await page.emulateMedia({ colorScheme: "light" });
			if (view === "drive" || view === "streams")
				await keepScreenshot(page, `${view}-tablet-light`);
		}
		// From the start of the page, Tab reaches the views and then what is in one.
		await page.evaluate(() => {
			document.body.tabIndex = -1;
			document.body.focus();
		});
		const reached: string[] = [];
		for (let i = 0; i < 12; i++) {
			await page.keyboard.press("Tab");
			reached.push(
				await page.evaluate(() => document.activeElement?.tagName ?? ""),
			);
		}
		assert.ok(reached.filter((tag) => tag === "A").length >= VIEWS.length);
		assert.ok(
			reached.some((tag) => tag === "BUTTON" || tag === "INPUT"),
			reached.join(),
		);
		await page.setViewportSize({ width: 1280, height: 720 });
		await page.emulateMedia({ colorScheme: "dark" });
	});

	test("nothing was asked of another machine, and no script failed", () => {
		assert.deepEqual(faults, { errors: [], foreign: [], dialogs: [] });
	});
});

/** Share of a canvas's pixels that differ from its corner: 0 for one on which nothing is drawn. */
function brightnessOf(page: Page, selector: string): Promise<number> {
	return page
		.locator(selector)
		.first()
		.screenshot()
		.then((png) =>
			page.evaluate(async (base64) => {
				const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
				const bitmap = await createImageBitmap(new Blob([bytes]));
				const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
				const context = canvas.getContext("2d");
				if (context === null) return 0;
				context.drawImage(bitmap, 0, 0);
				const { data } = context.getImageData(
					0,
					0,
					bitmap.width,
					bitmap.height,
				);
				let other = 0;
				for (let i = 0; i < data.length; i += 4)
					if (Math.abs(data[i]! - data[0]!) > 12) other++;
				return (4 * other) / data.length;
			}, png.toString("base64")),
		);
}

/** (in the page) Whether a run is drawn: the colour of the first row's swatch, x 10 to 18 below the head, in its plot. */
function hasBarInFirstLane(): boolean {
	const canvas = document.querySelector<HTMLCanvasElement>("canvas.lanes");
	const context = canvas?.getContext("2d");
	if (!canvas || !context) return false;
	const ratio = devicePixelRatio;
	const y = Math.round((22 + 24 / 2) * ratio);
	const { data } = context.getImageData(0, y, canvas.width, 1);
	const colourAt = (x: number) => data.slice(4 * x, 4 * x + 3).join();
	const colour = colourAt(Math.round(14 * ratio));
	for (let x = Math.round(222 * ratio); x < canvas.width; x++)
		if (colourAt(x) === colour) return true;
	return false;
}

/** (in the page) Texts whose contrast with what is behind them is less than WCAG AA asks for: 4.5, large ones 3. */
function poorContrast(): string[] {
	const parse = (text: string): [number, number, number, number] => {
		const canvas = document.createElement("canvas");
		canvas.width = 1;
		canvas.height = 1;
		const context = canvas.getContext("2d", { willReadFrequently: true });
		if (context === null) return [0, 0, 0, 1];
		context.fillStyle = text;
		context.fillRect(0, 0, 1, 1);
		const [r = 0, g = 0, b = 0, a = 0] = context.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = (
		top: readonly number[],
		below: readonly number[],
	): [number, number, number] => {
		const a = top[3] ?? 1;
		const mix = (i: number) => (top[i] ?? 0) * a + (below[i] ?? 0) * (1 - a);
		return [mix(0), mix(1), mix(2)];
	};
	const luminance = (rgb: readonly number[]) => {
		const [r = 0, g = 0, b = 0] = rgb.map((value) => {
			const share = value / 255;
			return share <= 0.03928
				? share / 12.92
				: ((share + 0.055) / 1.055) ** 2.4;
		});
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = (element: Element | null): [number, number, number] => {
		if (element === null) return [255, 255, 255];
		const own = parse(getComputedStyle(element).backgroundColor);
		return own[3] === 1
			? [own[0], own[1], own[2]]
			: over(own, behind(element.parentElement));
	};
	const poor = new Set<string>();
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
		const element = node.parentElement;
		const text = node.textContent?.trim() ?? "";
		if (element === null || text === "" || !element.checkVisibility()) continue;
		const style = getComputedStyle(element);
		const below = behind(element);
		const [light, dark] = [over(parse(style.color), below), below]
			.map(luminance)
			.sort((a, b) => b - a) as [number, number];
		const ratio = (light + 0.05) / (dark + 0.05);
		const size = Number.parseFloat(style.fontSize);
		const isLarge =
			size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
		if (ratio < (isLarge ? 3 : 4.5) - 0.01)
			poor.add(`${ratio.toFixed(2)} ${style.color} '${text.slice(0, 30)}'`);
	}
	return [...poor];
}
