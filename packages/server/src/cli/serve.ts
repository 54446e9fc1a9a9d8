// `saccade serve`: options in, a running server out, SIGTERM drains.
import { readFileSync } from "node:fs";
import { logLevel } from "../app/log-level.ts";
import { type Addresses, createServer, type Server } from "../app/server.ts";
import { collectGarbage } from "../common/collect-garbage.ts";
import type { ServerOptions } from "../config/options.ts";
import { type Resolved, resolveOptions } from "../config/resolve.ts";
import { createLogger, writeToStandardError } from "../telemetry/logger.ts";

const FAILED = 1;
const USAGE = 2;
/** One Ctrl-C arrives up to three times: from the terminal, from npm and from the launcher. */
const ECHO_MS = 250;
/** For what is left to do when the time for requests is over. */
const OVERDUE_MS = 2000;

/** Runs until a signal; returns the exit code. */
export async function serve(args: readonly string[]): Promise<number> {
	const asJson = args.includes("--json");
	const resolved = readOptions(args.filter((arg) => arg !== "--json"));
	if (!resolved.ok) {
		for (const problem of resolved.problems)
			console.error(`saccade serve: ${problem}`);
		return USAGE;
	}
	const { options, warnings } = resolved;
	if (options.modelRepositories.length === 0) {
		console.error(
			"saccade serve: name a model repository, e.g. --model-repository ./models",
		);
		return USAGE;
	}
	return runServer(options, warnings, asJson);
}

/** Lives as long as the server serves. */
export interface Companion {
	close(): Promise<void>;
}

/**
 * Runs until a signal; returns the exit code.
 * @param accompany starts what goes with it once the ports are open
 * @param writeLog as `createLogger` takes it
 */
export async function runServer(
	options: ServerOptions,
	warnings: readonly string[],
	asJson: boolean,
	accompany: (addresses: Addresses) => Companion | null = () => null,
	writeLog: Parameters<typeof createLogger>[1] = writeToStandardError,
): Promise<number> {
	const level = logLevel(options.logVerbose, options.logInfo);
	const log = createLogger(level, writeLog);
	for (const warning of warnings) log.warn({}, warning);
	const stopped = untilSignal();
	let server: Server | null = null;
	let companion: Companion | null = null;
	try {
		server = createServer(options, {
			log,
			poolThreads: process.env["UV_THREADPOOL_SIZE"],
			beforePortsOpen: collectGarbage,
		});
		const addresses = await server.listen();
		announce(addresses, server, asJson);
		companion = accompany(addresses);
	} catch (error) {
		console.error(
			`saccade serve: ${error instanceof Error ? error.message : error}`,
		);
		await server?.close();
		return FAILED;
	}
	await stopped;
	await companion?.close();
	log.info({}, "draining: not ready, and nothing new is taken");
	endWhenOverdue(options.exitTimeoutS);
	await server.close();
	return 0;
}

function readOptions(args: readonly string[]): Resolved {
	const rest = [...args];
	let fileText: string | null = null;
	let fileName = "";
	const at = rest.findIndex(
		(arg) => arg === "--config" || arg.startsWith("--config="),
	);
	if (at >= 0) {
		const arg = rest[at] ?? "";
		const isInline = arg.includes("=");
		const path = isInline ? arg.slice("--config=".length) : rest[at + 1];
		fileName = path ?? "";
		rest.splice(at, isInline ? 1 : 2);
		try {
			fileText = readFileSync(path ?? "", "utf8");
		} catch {
			const problem = `the configuration file '${path ?? ""}' cannot be read`;
			return { ok: false, problems: [problem] };
		}
	}
	return resolveOptions({ args: rest, env: process.env, fileText, fileName });
}

/** The first signal begins the drain; a later one ends the process at once. */
function untilSignal(): Promise<void> {
	return new Promise((resolve) => {
		let firstMs: number | null = null;
		const onSignal = () => {
			const nowMs = performance.now();
			firstMs ??= nowMs;
			if (nowMs - firstMs > ECHO_MS) process.exit(FAILED);
			resolve();
		};
		process.on("SIGTERM", onSignal);
		process.on("SIGINT", onSignal);
	});
}

/** Cut connections end their work, except a run that hangs in the library. */
function endWhenOverdue(exitTimeoutS: number): void {
	const end = () => {
		console.error(
			`saccade serve: work is still under way ${exitTimeoutS} s after the signal (--exit-timeout-secs); ending`,
		);
		process.exit(FAILED);
	};
	setTimeout(end, exitTimeoutS * 1000 + OVERDUE_MS).unref();
}

function announce(addresses: Addresses, server: Server, asJson: boolean): void {
	const models = server.services.repository.index(false);
	if (asJson) {
		console.log(JSON.stringify({ addresses, models }));
		return;
	}
	const served = Object.entries(addresses).flatMap(([name, address]) =>
		address === null ? [] : [`${name} ${address.address}:${address.port}`],
	);
	for (const { name, version = "-", state = "not loaded" } of models)
		console.log(`  ${name} ${version} ${state}`);
	console.log(`saccade is ready: ${served.join(", ")}`);
	const isLoopback = Object.values(addresses).every(
		(address) => address === null || address.address.startsWith("127."),
	);
	if (isLoopback)
		console.log(
			"Reachable from this machine only; --http-address, --grpc-address and --metrics-address change that.",
		);
}
