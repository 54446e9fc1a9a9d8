// Ways to hear of changes; see usage.ts.
import { spawnSync } from "node:child_process";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, table } from "../lib/report.ts";
import { interval } from "../lib/stats.ts";
import { CHANGES, type Change } from "./changes.ts";
import { type Watcher, watchersFrom } from "./watchers.ts";

const here = import.meta.dirname;
const modules = join(here, "../../.cache/watchers");
/** Nobody is later; who has not told by then has missed it. */
const WAIT_MS = 1000;
/** Between steps, and before the first: what went before is over. */
const CALM_MS = 150;

const rounds = benchArguments.number("--rounds", 10);
install();
const watchers = watchersFrom(modules);
const rows: string[][] = [];
for (const change of CHANGES) {
	const cells: string[] = [];
	for (const [, watcher] of watchers)
		cells.push(
			await cellOf(watcher, change).catch(
				(error: Error) => `fails: ${error.message.split(":")[0]}`,
			),
		);
	rows.push([change.what, ...cells]);
}
console.log(
	`ms from the change to the first event, ${rounds} times each\n\n${table(["", ...watchers.map(([name]) => name)], rows)}`,
);

async function cellOf(watcher: Watcher, change: Change): Promise<string> {
	const timesMs: number[] = [];
	for (let round = 0; round < rounds; round++) {
		const tookMs = await measure(watcher, change);
		if (tookMs !== null) timesMs.push(tookMs);
	}
	const missed = rounds - timesMs.length;
	if (timesMs.length === 0) return "missed";
	const told = missed > 0 ? `, ${missed} missed` : "";
	return `${showInterval(interval(timesMs), 1)}${told}`;
}

/** Null: it was missed. */
async function measure(
	watcher: Watcher,
	change: Change,
): Promise<number | null> {
	const home = mkdtempSync(join(tmpdir(), "saccade-watchers-"));
	const { repository, steps } = change.prepare(home);
	let heard: () => void = () => {};
	const watching = await watcher(repository, () => heard());
	try {
		await delay(CALM_MS);
		let tookMs: number | null = null;
		for (const step of steps) {
			const startMs = performance.now();
			const event = new Promise<void>((resolve) => {
				heard = resolve;
			});
			step();
			tookMs = await Promise.race([
				event.then(() => performance.now() - startMs),
				delay(WAIT_MS, null),
			]);
			heard = () => {};
			await delay(CALM_MS);
		}
		return tookMs;
	} finally {
		await watching.close();
		rmSync(home, { recursive: true, force: true });
	}
}

function install(): void {
	if (existsSync(join(modules, "node_modules", "chokidar"))) return;
	mkdirSync(modules, { recursive: true });
	for (const file of ["package.json", "package-lock.json"])
		copyFileSync(join(here, file), join(modules, file));
	const { status, stderr } = spawnSync(
		"npm",
		["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
		{ cwd: modules, encoding: "utf8" },
	);
	if (status !== 0) throw new Error(`npm ci: ${stderr}`);
}
