// The shipped server with one simulated device that runs one request at a time, and takes as long as
// the bench says. Requests are of a given size.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import { createEndpoints } from "../../packages/server/src/endpoint/endpoints.ts";
import { openContext } from "../../packages/server/src/endpoint/middleware.ts";
import {
	createLogger,
	createServer,
	resolveOptions,
} from "../../packages/server/src/index.ts";
import { SlotPool } from "../../packages/server/src/tensor/slot-pool.ts";
import { createGrpcTransport } from "../../packages/server/src/transport/grpc/server.ts";
import { type RunningServer, startServer } from "../lib/server-process.ts";
import type { WorkloadModel } from "../load/workload.ts";

const POOL_BYTES = 64 * 1024 * 1024;

/** In a process of its own. */
export async function startBusyServer(
	model: WorkloadModel,
	runMs: number,
	more: readonly string[] = [],
): Promise<RunningServer> {
	const repository = writeBusyModel(model, runMs);
	const server = await startServer([repository], more);
	return {
		...server,
		stop: async () => {
			rmSync(repository, { recursive: true, force: true });
			return server.stop();
		},
	};
}

/**
 * In this process, and without its other ports.
 * @param taken told the deadline of each request as the server knows it, when it has read it
 */
export async function startBusyServerHere(
	model: WorkloadModel,
	runMs: number,
	policy: string,
	taken: (deadlineUs: number) => void,
): Promise<{ readonly grpcPort: number; stop(): Promise<void> }> {
	const repository = writeBusyModel(model, runMs);
	const resolved = resolveOptions({
		args: [
			`--model-repository=${repository}`,
			`--scheduling-policy=${policy}`,
			"--allow-grpc=false",
			"--prepared-models=off",
			"--allow-http=false",
			"--allow-metrics=false",
			"--exit-timeout-secs=1",
			"--audit=false",
		],
		env: {},
		fileText: null,
	});
	if (!resolved.ok) throw new Error(resolved.problems.join("\n"));
	const server = createServer(resolved.options, { log: createLogger("error") });
	await server.listen();
	const endpoints = createEndpoints(server.services, openContext);
	const draining = new AbortController();
	const transport = createGrpcTransport({
		endpoints: {
			...endpoints,
			infer: {
				...endpoints.infer,
				run: (context, request, reply) => {
					taken(context.deadlineUs);
					return endpoints.infer.run(context, request, reply);
				},
			},
		},
		pool: new SlotPool(POOL_BYTES),
		clock: systemClock,
		draining: draining.signal,
		server: {},
	});
	const address = await transport.listen({ host: "127.0.0.1", port: 0 });
	return {
		grpcPort: typeof address === "string" ? 0 : address.port,
		stop: async () => {
			rmSync(repository, { recursive: true, force: true });
			draining.abort();
			transport.destroy();
			await server.close();
		},
	};
}

/** A tensor of so many FP32, in a model whose runs take `runMs`. Returns its repository. */
function writeBusyModel(model: WorkloadModel, runMs: number): string {
	const repository = mkdtempSync(join(tmpdir(), "saccade-bench-"));
	const home = join(repository, model.name);
	const tensor = (name: string, shape: readonly number[]) => ({
		name,
		dtype: "FP32",
		shape: [...shape],
	});
	mkdirSync(join(home, "1"), { recursive: true });
	writeFileSync(
		join(home, "1", "model.json"),
		JSON.stringify({
			inputs: [tensor(model.input, model.inputShape)],
			outputs: [tensor(model.output, model.outputShape)],
			curveMs: { 1: runMs },
		}),
	);
	writeFileSync(
		join(home, "config.pbtxt"),
		`name: "${model.name}"
backend: "fake"
max_batch_size: 0
instance_group [ { count: 1 kind: KIND_CPU } ]
parameters { key: "saccade.run_mode" value { string_value: "offload" } }
`,
	);
	return repository;
}

export function modelOfBytes(byteLength: number): WorkloadModel {
	const shape = [1, byteLength / Float32Array.BYTES_PER_ELEMENT];
	return {
		name: "busy",
		input: "INPUT0",
		inputShape: shape,
		output: "OUTPUT0",
		outputShape: shape,
	};
}
