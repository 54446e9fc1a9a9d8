// Starts the shipped server as a user would, in a process of its own, and ends exactly that process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const ATTEMPTS = 3;
const READY_WITHIN_MS = 60_000;

export interface RunningServer {
	readonly pid: number;
	readonly httpPort: number;
	readonly grpcPort: number;
	readonly metricsPort: number;
	/** From spawn to the first 200 of `/v2/health/ready`. */
	readonly readyMs: number;
	stop(): Promise<number>;
}

const SACCADE = [join(root, "packages/server/bin/saccade.js")] as const;

/** @param code `built`: from dist/, as an installed package runs; `npm run build` makes it */
export function startServer(
	repositories: readonly string[],
	extraArguments: readonly string[] = [],
	code: "sources" | "built" = "sources",
): Promise<RunningServer> {
	return startScript(SACCADE, repositories, extraArguments, code);
}

/** A process that takes what `saccade` takes. @param script and arguments before those of `saccade` */
export async function startScript(
	...start: Parameters<typeof startOnFreePorts>
): Promise<RunningServer> {
	for (let attempt = 1; ; attempt++)
		try {
			return await startOnFreePorts(...start);
		} catch (error) {
			// Somebody else got a port that was free a moment ago.
			if (attempt === ATTEMPTS || !String(error).includes("EADDRINUSE"))
				throw error;
		}
}

async function startOnFreePorts(
	script: readonly string[],
	repositories: readonly string[],
	extraArguments: readonly string[] = [],
	code: "sources" | "built" = "sources",
): Promise<RunningServer> {
	const [httpPort, grpcPort, metricsPort] = await freePorts(3);
	const startedMs = performance.now();
	const child = spawn(
		process.execPath,
		[
			...(code === "sources" ? ["--conditions=source"] : []),
			...script,
			"serve",
			...repositories.flatMap((path) => ["--model-repository", path]),
			`--http-port=${httpPort}`,
			`--grpc-port=${grpcPort}`,
			`--metrics-port=${metricsPort}`,
			...extraArguments,
		],
		{
			stdio: ["ignore", "ignore", "pipe"],
			env: { ...process.env, ...(code === "built" && { SACCADE_DIST: "1" }) },
		},
	);
	let errors = "";
	child.stderr?.on("data", (text: Buffer) => {
		errors = (errors + text.toString()).slice(-4000);
	});
	try {
		await untilReady(child, httpPort ?? 0);
	} catch (error) {
		child.kill("SIGKILL");
		throw new Error(
			`${error instanceof Error ? error.message : error}\n${errors}`,
		);
	}
	return {
		pid: child.pid ?? 0,
		httpPort: httpPort ?? 0,
		grpcPort: grpcPort ?? 0,
		metricsPort: metricsPort ?? 0,
		readyMs: performance.now() - startedMs,
		stop: async () => {
			if (child.exitCode !== null || child.signalCode !== null)
				throw new Error(`the server ended by itself\n${errors}`);
			const exit = once(child, "exit");
			child.kill("SIGTERM");
			const [code] = (await exit) as [number | null];
			return code ?? 1;
		},
	};
}

/** Until `path` says 200. Throws when the process ends before that. */
export async function untilReady(
	child: ChildProcess,
	port: number,
	path = "/v2/health/ready",
): Promise<void> {
	const giveUp = AbortSignal.timeout(READY_WITHIN_MS);
	while (!giveUp.aborted) {
		if (child.exitCode !== null)
			throw new Error(
				`the server ended with ${child.exitCode} before it was ready`,
			);
		const ok = await isReady(port, path);
		if (ok) return;
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
	throw new Error(`the server was not ready within ${READY_WITHIN_MS} ms`);
}

/** By node:http: a failing fetch takes milliseconds of the cores that the server starts on. */
function isReady(port: number, path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const request = get(
			{ port, host: "127.0.0.1", path, agent: false },
			(answer) => {
				answer.resume();
				resolve(answer.statusCode === 200);
			},
		);
		request.on("error", () => resolve(false));
	});
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
	const servers = await Promise.all(
		Array.from({ length: count }, async () => {
			const server = createServer().listen(0, "127.0.0.1");
			await once(server, "listening");
			return server;
		}),
	);
	const ports = servers.map((server) => {
		const address = server.address();
		return typeof address === "object" && address !== null ? address.port : 0;
	});
	await Promise.all(
		servers.map((server) => new Promise((resolve) => server.close(resolve))),
	);
	return ports;
}
