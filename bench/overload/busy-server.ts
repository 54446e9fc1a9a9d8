// The shipped server with one simulated device that runs one request at a time, and takes as long as
// the bench says. Requests are of a given size.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningServer, startServer } from "../lib/server-process.ts";
import type { WorkloadModel } from "../load/workload.ts";

/** A tensor of so many FP32, in a model whose runs take `runMs`. */
export async function startBusyServer(
	model: WorkloadModel,
	runMs: number,
	more: readonly string[] = [],
): Promise<RunningServer> {
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
	const server = await startServer([repository], more);
	return {
		...server,
		stop: async () => {
			rmSync(repository, { recursive: true, force: true });
			return server.stop();
		},
	};
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
