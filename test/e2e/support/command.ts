// The `saccade` command as a user runs it: a process of its own, through the launcher.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

const root = join(import.meta.dirname, "..", "..", "..");
export const LAUNCHER: string = join(root, "packages/server/bin/saccade.js");

/** What servers of these tests keep: the user's own is not theirs. */
const STATE_DIR = mkdtempSync(join(tmpdir(), "saccade-state-"));
process.once("exit", () => rmSync(STATE_DIR, { recursive: true, force: true }));

/** A command that hangs fails its test by this, and is gone afterwards. */
const WITHIN_MS = 60_000;

export interface CommandOptions {
	/** @default this process' own Node */
	readonly node?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** Is ended after so long. @default 60,000 */
	readonly withinMs?: number;
}

export interface Finished {
	/** Null when a signal ended it. */
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs to its end. */
export async function saccade(
	args: readonly string[],
	options: CommandOptions = {},
): Promise<Finished> {
	const child = start(args, options);
	assert.ok(child.stdout !== null && child.stderr !== null);
	const [stdout, stderr, [code]] = await Promise.all([
		text(child.stdout),
		text(child.stderr),
		once(child, "exit") as Promise<[number | null]>,
	]);
	return { code, stdout, stderr };
}

export interface Serving {
	readonly process: ChildProcess;
	/** `host:port` */
	readonly http: string;
	readonly grpc: string;
	readonly metrics: string;
	/** What it has said on standard error so far. */
	readonly errors: () => string;
	/** Of the process that was started: the launcher. Null when a signal ended it. */
	readonly exited: Promise<number | null>;
	/** Resolves when no process holds its standard output any more. */
	readonly silent: Promise<void>;
}

/** `saccade serve` on free ports, ready; it is gone when the test ends. */
export async function serve(
	test: { readonly after: (clean: () => void) => void },
	args: readonly string[],
	options: CommandOptions = {},
): Promise<Serving> {
	const ports = ["http", "grpc", "metrics"].map((name) => `--${name}-port=0`);
	const child = start(["serve", "--json", ...ports, ...args], options);
	test.after(() => child.kill("SIGKILL"));
	assert.ok(child.stdout !== null && child.stderr !== null);
	let errors = "";
	child.stderr.on("data", (chunk: Buffer) => {
		errors += chunk.toString();
	});
	const exited = once(child, "exit").then(([code]) => code as number | null);
	const silent = once(child.stdout, "close").then(() => {});
	const lines = createInterface({ input: child.stdout });
	const line = await Promise.race([
		once(lines, "line").then(([first]) => String(first)),
		exited.then((code) => assert.fail(`ended with ${code}: ${errors}`)),
	]);
	const { addresses } = JSON.parse(line);
	const at = (name: string) =>
		`${addresses[name].address}:${addresses[name].port}`;
	return {
		process: child,
		http: at("http"),
		grpc: at("grpc"),
		metrics: at("metrics"),
		errors: () => errors,
		exited,
		silent,
	};
}

function start(
	args: readonly string[],
	{ node = process.execPath, env = {}, withinMs = WITHIN_MS }: CommandOptions,
): ChildProcess {
	return spawn(node, [LAUNCHER, ...args], {
		env: { ...process.env, SACCADE_STATE_DIR: STATE_DIR, ...env },
		stdio: ["ignore", "pipe", "pipe"],
		timeout: withinMs,
		killSignal: "SIGKILL",
	});
}

/** A Node of this machine that is older than the one Saccade needs; null when there is none. */
export async function findOlderNode(): Promise<string | null> {
	for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
		const node = join(directory, "node");
		if (directory.includes("node_modules") || !existsSync(node)) continue;
		const child = spawn(node, ["-p", "process.versions.node"]);
		const major = Number.parseInt(await text(child.stdout), 10);
		if (major >= 20 && major < 24) return node;
	}
	return null;
}
