// The real chromium, for pages as people see them. Where there is none, tests say why they are left out.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const CANDIDATES = [
	"/usr/bin/chromium",
	"/usr/bin/chromium-browser",
	"/usr/bin/google-chrome",
];

/** Why browser tests are left out; false: they run. With SACCADE_REQUIRE_TOOLS=1 they are not. */
export function whyNoBrowser(): string | false {
	if (executable() !== null) return false;
	const why = `no chromium: ${CANDIDATES.join(", ")}`;
	assert.ok(process.env["SACCADE_REQUIRE_TOOLS"] !== "1", why);
	return why;
}

function executable(): string | null {
	return CANDIDATES.find((path) => existsSync(path)) ?? null;
}

export async function startBrowser(): Promise<Browser> {
	return chromium.launch({
		executablePath: executable() ?? assert.fail("no chromium"),
		args: [
			// In containers root runs it, and has no namespaces of its own.
			"--no-sandbox",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-dev-shm-usage",
			// 3D without a graphics card.
			"--use-angle=swiftshader-webgl",
			"--enable-unsafe-swiftshader",
		],
	});
}

/** Everything that a page did which it must not. */
export interface PageFaults {
	readonly errors: string[];
	/** Requests to other origins than the server's. */
	readonly foreign: string[];
	/** Dialogs that a script opened. */
	readonly dialogs: string[];
}

export function watchPage(page: Page, origin: string): PageFaults {
	const faults: PageFaults = { errors: [], foreign: [], dialogs: [] };
	page.on("pageerror", (error) => faults.errors.push(error.message));
	page.on("console", (message) => {
		if (message.type() === "error") faults.errors.push(message.text());
	});
	page.on("request", (request) => {
		const { protocol, origin: asked } = new URL(request.url());
		if (protocol !== "blob:" && protocol !== "data:" && asked !== origin)
			faults.foreign.push(request.url());
	});
	page.on("dialog", (dialog) => {
		faults.dialogs.push(dialog.message());
		void dialog.dismiss();
	});
	return faults;
}

/** Where the pictures of the documents are renewed, by `SACCADE_SCREENSHOTS=docs/console`; else undefined. */
export const PICTURES_FOLDER: string | undefined =
	process.env["SACCADE_SCREENSHOTS"];
const FOLDER =
	PICTURES_FOLDER ??
	join(import.meta.dirname, "..", "..", "..", ".cache", "screenshots");

/** Kept as output of CI. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
	await mkdir(FOLDER, { recursive: true });
	await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}
