#!/usr/bin/env node
// The launcher: plain JavaScript for any Node 20+. Under Node 24 it goes on in place; under an older one it starts
// the Node 24 that comes with the `node` package, hands signals on and ends with it.
import { existsSync } from "node:fs";
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

// A child whose launcher is gone, even by SIGKILL, ends as on a signal.
if (process.channel !== undefined) {
	process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
	// The channel alone keeps nobody alive.
	process.channel.unref();
}

if (Number(process.versions.node.split(".")[0]) >= NEEDED_MAJOR) {
	if (entry === sources) await resolveToSources();
	await import(pathToFileURL(entry).href);
} else {
	await runUnder(await packagedNode());
}

/** As `--conditions=source`, for a process that already runs. */
async function resolveToSources() {
	if (process.execArgv.includes("--conditions=source")) return;
	const { registerHooks } = await import("node:module");
	registerHooks({
		resolve: (specifier, context, next) =>
			next(specifier, {
				...context,
				conditions: [...context.conditions, "source"],
			}),
	});
}

async function packagedNode() {
	const { createRequire } = await import("node:module");
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

async function runUnder(node) {
	const { spawn } = await import("node:child_process");
	const child = spawn(
		node,
		[fileURLToPath(import.meta.url), ...process.argv.slice(2)],
		{ stdio: ["inherit", "inherit", "inherit", "ipc"] },
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
