// One window of load on one server.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { residentMb } from "../lib/machine.ts";
import { startServer } from "../lib/server-process.ts";
import { measureH2load } from "../load/h2load.ts";
import { type LoadWindow, measureLoad } from "../load/measure.ts";
import type { ExchangeBytes } from "../load/process.ts";
import { encodeGrpc, makeInputs } from "../load/workload.ts";
import { makeRepository } from "./models.ts";
import type { Workload } from "./workloads.ts";

const HOST = "127.0.0.1";
/** Long enough for hot code to be compiled. */
const WARMUP_SECONDS = 2;

/** A workload, the answers that its requests must get, and for how long. */
export interface LoadPlan {
	readonly workload: Workload;
	/** One base64 FP32 tensor per distinct input. */
	readonly expected: readonly string[];
	readonly seconds: number;
}

export interface AnswerWindow extends LoadWindow {
	/** null from a generator that tells no latencies. */
	readonly p50Us: number | null;
	readonly p99Us: number | null;
	readonly exchange: ExchangeBytes | null;
}

export interface ServerWindow extends AnswerWindow {
	readonly residentMb: number;
}

/** Our server, started as shipped for this window alone. */
export async function measureServer(
	plan: LoadPlan,
	{ batching }: { readonly batching: boolean } = { batching: true },
): Promise<ServerWindow> {
	const { workload } = plan;
	const repository = makeRepository(workload, { batching });
	try {
		const server = await startServer([repository]);
		try {
			const port =
				workload.protocol === "grpc" ? server.grpcPort : server.httpPort;
			const window = await measureAnswers(server.pid, port, plan);
			return { ...window, residentMb: residentMb(server.pid) };
		} finally {
			await server.stop();
		}
	} finally {
		rmSync(repository, { recursive: true, force: true });
	}
}

/** Any server that speaks the workload's protocol. */
export async function measureAnswers(
	pid: number,
	port: number,
	{ workload, expected, seconds }: LoadPlan,
): Promise<AnswerWindow> {
	if (workload.generator === "h2load") {
		const window = await byH2load(pid, port, workload, seconds);
		return { ...window, p50Us: null, p99Us: null, exchange: null };
	}
	const { model, protocol, connections, inFlight } = workload;
	return measureLoad(pid, {
		protocol,
		host: HOST,
		port,
		model,
		connections,
		inFlight,
		warmupSeconds: WARMUP_SECONDS,
		seconds,
		expected,
	});
}

async function byH2load(
	pid: number,
	port: number,
	{ model, connections, inFlight }: Workload,
	seconds: number,
): Promise<LoadWindow> {
	const home = mkdtempSync(join(tmpdir(), "saccade-serve-"));
	const bodyFile = join(home, "body");
	const [input = new Float32Array(0)] = makeInputs(model, 1);
	writeFileSync(bodyFile, encodeGrpc(model, input));
	try {
		return await measureH2load(pid, {
			url: `http://${HOST}:${port}/inference.GRPCInferenceService/ModelInfer`,
			connections,
			streamsPerConnection: inFlight / connections,
			bodyFile,
			warmupSeconds: WARMUP_SECONDS,
			seconds,
		});
	} finally {
		rmSync(home, { recursive: true });
	}
}
