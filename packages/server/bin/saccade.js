#!/usr/bin/env node
// The launcher: plain JavaScript for any Node 20+. Under Node 24 it goes on in place; under an older one it starts
// the Node 24 that comes with the `node` package, hands signals on and ends with it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NEEDED_MAJOR = 24;
// Runs wait on libuv's pool, beside files, DNS and zlib; Node reads the size when the pool first starts.
process.env.UV_THREADPOOL_SIZE ??= "16";

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(home, "dist", "cli", "main.js");
const sources = join(home, "src", "cli", "main.ts");
// A checkout is run from its sources, an installed package from what was built.
const isCheckout =
	existsSync(join(home, "..", "..", "tsconfig.base.json")) &&
	existsSync(sources);
const entry = isCheckout && process.env.SACCADE_DIST !== "1" ? sources : built;
const condition = entry === sources ? ["--conditions=source"] : [];

// A child whose launcher is gone, even by SIGKILL, ends as on a signal.
if (process.channel !== undefined) {
	process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
	// The channel alone keeps nobody alive.
	process.channel.unref();
}

const major = Number(process.versions.node.split(".")[0]);
const hasCondition = condition.every((flag) => process.execArgv.includes(flag));
if (major >= NEEDED_MAJOR && hasCondition) {
	await import(pathToFileURL(entry).href);
} else {
	runChild(major >= NEEDED_MAJOR ? process.execPath : packagedNode());
}

function packagedNode() {
	try {
		const require = createRequire(import.meta.url);
		return join(dirname(require.resolve("node/package.json")), "bin", "node");
	} catch {
		console.error(
			`saccade needs Node ${NEEDED_MAJOR}; this is ${process.version}, and the package "node" that brings it is not installed. Install with scripts allowed, or use Node ${NEEDED_MAJOR}.`,
		);
		process.exit(1);
	}
}

function runChild(node) {
	const child = spawn(
		node,
		[...condition, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
		{
			stdio: ["inherit", "inherit", "inherit", "ipc"],
		},
	);
	for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"])
		process.on(signal, () => child.kill(signal));
	child.on("error", (error) => {
		console.error(`saccade: ${node} cannot be started: ${error.message}`);
		process.exit(1);
	});
	child.on("exit", (code, signal) => {
		process.exitCode = code ?? (signal === "SIGKILL" ? 137 : 1);
	});
}
