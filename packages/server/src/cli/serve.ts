// `saccade serve`: options in, a running server out, SIGTERM drains.
import { readFileSync } from "node:fs";
import { type Addresses, createServer, logLevel } from "../app/server.ts";
import { type Resolved, resolveOptions } from "../config/resolve.ts";
import { createLogger } from "../telemetry/logger.ts";

const USAGE_EXIT = 2;

/** Runs until a signal; returns the exit code. */
export async function serve(args: readonly string[]): Promise<number> {
	const resolved = readOptions(args);
	if (!resolved.ok) {
		for (const problem of resolved.problems)
			console.error(`saccade serve: ${problem}`);
		return USAGE_EXIT;
	}
	const { options } = resolved;
	if (options.modelRepositories.length === 0) {
		console.error(
			"saccade serve: name a model repository, e.g. --model-repository ./models",
		);
		return USAGE_EXIT;
	}
	const log = createLogger(logLevel(options.logVerbose, options.logInfo));
	for (const warning of resolved.warnings) log.warn({}, warning);
	const server = createServer(options, {
		log,
		poolThreads: process.env["UV_THREADPOOL_SIZE"],
	});
	const stopped = untilSignal();
	try {
		announce(await server.listen());
	} catch (error) {
		console.error(
			`saccade serve: ${error instanceof Error ? error.message : error}`,
		);
		await server.close();
		return 1;
	}
	await stopped;
	await server.close();
	return 0;
}

function readOptions(args: readonly string[]): Resolved {
	const rest = [...args];
	let fileText: string | null = null;
	const at = rest.findIndex(
		(arg) => arg === "--config" || arg.startsWith("--config="),
	);
	if (at >= 0) {
		const inline = rest[at]?.split("=")[1];
		const path = inline ?? rest[at + 1] ?? "";
		rest.splice(at, inline === undefined ? 2 : 1);
		try {
			fileText = readFileSync(path, "utf8");
		} catch {
			return {
				ok: false,
				problems: [`the configuration file '${path}' cannot be read`],
			};
		}
	}
	return resolveOptions({ args: rest, env: process.env, fileText });
}

/** The first signal begins the drain; the second ends the process at once. */
function untilSignal(): Promise<void> {
	return new Promise((resolve) => {
		let signalled = false;
		const onSignal = () => {
			if (signalled) process.exit(1);
			signalled = true;
			resolve();
		};
		process.on("SIGTERM", onSignal);
		process.on("SIGINT", onSignal);
	});
}

function announce(addresses: Addresses): void {
	const bound = Object.entries(addresses).flatMap(([name, address]) =>
		address === null ? [] : [`${name} ${address.address}:${address.port}`],
	);
	console.log(`saccade is ready: ${bound.join(", ")}`);
	const isLoopback = Object.values(addresses).every(
		(address) => address === null || address.address.startsWith("127."),
	);
	if (isLoopback)
		console.log(
			"Reachable from this machine only; --http-address, --grpc-address and --metrics-address change that.",
		);
}
