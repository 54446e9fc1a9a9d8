// `saccade demo`: the bundled models, a simulated vehicle that they drive, and what they promise.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "../app/server.ts";
import { resolveOptions } from "../config/resolve.ts";
import { BUNDLED_MODELS, bundledNetworks } from "../demo/bundled-networks.ts";
import { driveVirtually } from "../demo/virtual-drives.ts";
import { createLogger, writeToStandardError } from "../telemetry/logger.ts";
import { positiveCount, positiveNumber, wholeSeed } from "./demo/flags.ts";
import { renderVirtual } from "./demo/render.ts";
import { openLocalTarget } from "./infer/local-target.ts";
import { runServer } from "./serve.ts";
import { UsageError } from "./usage-error.ts";

export interface DemoFlags {
	readonly modelRepository: string;
	readonly seed: string;
	readonly seconds?: string;
	readonly drives: string;
	readonly rate: string;
	readonly headless?: true;
	readonly virtual?: true;
	readonly json?: true;
	readonly httpPort: string;
	readonly grpcPort: string;
	readonly metricsPort: string;
	readonly foxglove?: true;
}

const FAILED = 1;
const DEFAULT_SECONDS = 20;
const HOME = join(import.meta.dirname, "..", "..");

/** Exit code 1 when a promise was not held. */
export async function demo(flags: DemoFlags): Promise<void> {
	if (flags.virtual === true && flags.headless !== true)
		throw new UsageError(
			"--virtual goes with --headless: there is nothing to look at",
		);
	if (flags.headless !== true) return liveDemo(flags);
	assertModels(flags.modelRepository);
	return flags.virtual === true ? virtualDemo(flags) : headlessDemo(flags);
}

async function virtualDemo(flags: DemoFlags): Promise<void> {
	const seed = wholeSeed(flags.seed);
	const driveCount = positiveCount("--drives", flags.drives);
	const target = await openLocalTarget(
		[flags.modelRepository],
		Object.values(BUNDLED_MODELS),
	);
	try {
		const report = await driveVirtually({
			seed,
			driveCount,
			...bundledNetworks(async (model, input) => {
				const { outputs } = await target.infer(model, "", [input]);
				return outputs;
			}),
			onDrive: (count) => {
				if (process.stderr.isTTY)
					process.stderr.write(`\rdrive ${count} of ${driveCount}`);
			},
		});
		if (process.stderr.isTTY) process.stderr.write("\n");
		console.log(
			flags.json === true
				? JSON.stringify(report, null, 2)
				: renderVirtual(report),
		);
		if (report.promises.some(({ held }) => !held)) process.exitCode = FAILED;
	} finally {
		await target.close();
	}
}

/** In real time: the numbers of the vehicle, as the vehicle has them. */
async function headlessDemo(flags: DemoFlags): Promise<void> {
	const seconds = positiveNumber(
		"--seconds",
		flags.seconds ?? String(DEFAULT_SECONDS),
	);
	const seed = wholeSeed(flags.seed);
	const { options } = serverOptions([
		`--model-repository=${flags.modelRepository}`,
		"--model-control-mode=explicit",
		...Object.values(BUNDLED_MODELS).map((model) => `--load-model=${model}`),
		...["http", "grpc", "metrics"].map((name) => `--${name}-port=0`),
		"--audit=false",
	]);
	const server = createServer(options, {
		log: createLogger("warn"),
		poolThreads: process.env["UV_THREADPOOL_SIZE"],
	});
	try {
		const { grpc } = await server.listen();
		const vehicle = startVehicle(grpc, [
			`--seed=${seed}`,
			`--seconds=${seconds}`,
			`--rate=${positiveNumber("--rate", flags.rate)}`,
			...(flags.json === true ? ["--json"] : []),
		]);
		for (const name of ["SIGINT", "SIGTERM"] as const)
			process.on(name, () => vehicle.kill("SIGTERM"));
		const [code] = (await once(vehicle, "exit")) as [number | null];
		process.exitCode = code ?? FAILED;
	} finally {
		await server.close();
	}
}

/** Until a signal: the server, its page, and a vehicle to look at. */
async function liveDemo(flags: DemoFlags): Promise<void> {
	const seed = wholeSeed(flags.seed);
	const absent = absentModels(flags.modelRepository);
	const { options, warnings } = serverOptions([
		`--model-repository=${flags.modelRepository}`,
		`--http-port=${flags.httpPort}`,
		`--grpc-port=${flags.grpcPort}`,
		`--metrics-port=${flags.metricsPort}`,
		...(flags.foxglove === true ? ["--foxglove"] : []),
	]);
	process.exitCode = await runServer(
		options,
		warnings,
		flags.json === true,
		({ http, grpc }) => {
			if (http !== null && flags.json !== true)
				console.log(
					`Look at it on http://${http.address}:${http.port}/ (Ctrl-C ends it).`,
				);
			if (absent.includes(BUNDLED_MODELS.bev)) {
				console.error(
					`saccade demo: no vehicle drives, since ${flags.modelRepository} has no ${BUNDLED_MODELS.bev}`,
				);
				return null;
			}
			const vehicle = startVehicle(grpc, [
				`--seed=${seed}`,
				...(absent.includes(BUNDLED_MODELS.camera) ? ["--no-camera"] : []),
			]);
			const ended = once(vehicle, "exit");
			vehicle.on("exit", (code) => {
				if (code !== 0 && code !== null && !vehicle.killed)
					console.error(
						`saccade demo: the vehicle ended with ${code}; the server goes on`,
					);
			});
			return {
				close: async () => {
					vehicle.kill("SIGTERM");
					await ended;
				},
			};
		},
		// A person reads the address and what went wrong; the console has every line.
		flags.json === true
			? writeToStandardError
			: (line, level) => {
					if (level === "warn" || level === "error") writeToStandardError(line);
				},
	);
}

/** A process of its own: it knows the server by its port alone. */
function startVehicle(
	grpc: AddressInfo | null,
	args: readonly string[],
): ChildProcess {
	if (grpc === null) throw new Error("the gRPC port is closed");
	const launcher = join(HOME, "bin", "saccade.js");
	return spawn(
		process.execPath,
		[launcher, "drive", `--url=${grpc.address}:${grpc.port}`, ...args],
		// With the channel it ends when this process does, however that happens.
		{ stdio: ["ignore", "inherit", "inherit", "ipc"] },
	);
}

function serverOptions(args: readonly string[]) {
	const resolved = resolveOptions({ args, env: process.env, fileText: null });
	if (!resolved.ok) throw new UsageError(resolved.problems.join("; "));
	return resolved;
}

function absentModels(repository: string): string[] {
	return Object.values(BUNDLED_MODELS).filter(
		(model) => !existsSync(join(repository, model)),
	);
}

function assertModels(repository: string): void {
	const absent = absentModels(repository);
	if (absent.length > 0)
		throw new UsageError(
			`the drive needs ${absent.join(" and ")}, which ${repository} does not have; --model-repository names the directory of the bundled models`,
		);
}
