// Starts furnace-server on one model, over the same ONNX Runtime library that the server loads.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { findOrtLibrary } from "../../../packages/server/src/runtime/onnx/library.ts";
import { freePorts, untilReady } from "../../lib/server-process.ts";
import type { FurnaceSettings } from "./settings.ts";

/** Above every workload of a closed loop, so that nothing is refused. */
const MAX_CONCURRENT = 1000;

export interface FurnaceServer {
	readonly pid: number;
	readonly grpcPort: number;
	stop(): Promise<void>;
}

export interface FurnaceModel {
	readonly name: string;
	readonly file: string;
}

export async function startFurnace(
	binary: string,
	model: FurnaceModel,
	settings: FurnaceSettings,
): Promise<FurnaceServer> {
	const [httpPort = 0, grpcPort = 0] = await freePorts(2);
	const child = spawn(
		binary,
		[
			`model=${model.file}`,
			`name=${model.name}`,
			`http-port=${httpPort}`,
			`grpc-port=${grpcPort}`,
			`sessions=${settings.sessions}`,
			`threads=${settings.threads}`,
			`max-batch=${settings.maxBatch}`,
			`workers=${settings.workers}`,
			`max-concurrent=${settings.maxConcurrent ?? MAX_CONCURRENT}`,
		],
		{
			stdio: ["pipe", "ignore", "inherit"],
			env: { ...process.env, ORT_DYLIB_PATH: findOrtLibrary() },
		},
	);
	const exit = once(child, "exit");
	// Not by the end of its standard input: what is still running there would complain while the process tidies up.
	const stop = async () => {
		child.kill("SIGKILL");
		await exit;
	};
	try {
		await untilReady(child, httpPort);
	} catch (error) {
		await stop();
		throw error;
	}
	return { pid: child.pid ?? 0, grpcPort, stop };
}
