// The servers of one workload, one per policy, all up during the whole measurement: an idle one uses no CPU, and
// windows of different policies then follow each other within a second.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningServer, startServer } from "../../lib/server-process.ts";
import { expectedAnswers } from "../../serve/expected.ts";
import {
	makeMissingModels,
	makeRepository,
	modelFile,
	readConfig,
} from "../../serve/models.ts";
import { WORKLOADS, type Workload } from "../../serve/workloads.ts";
import { bytesOf, makeInputs } from "../workload.ts";
import { configOf, type PolicyName, serverArguments } from "./policies.ts";
import {
	type GoodputWorkload,
	SIMULATED_CURVE_MS,
	SIMULATED_MAX_BATCH,
} from "./workloads.ts";

export interface PolicyServer extends RunningServer {
	readonly policy: PolicyName;
}

export async function startPolicyServer(
	workload: GoodputWorkload,
	policy: PolicyName,
	capacityPerSecond: number,
): Promise<PolicyServer> {
	const server = await startConfigured(
		workload,
		(config) => configOf(policy, config, workload, capacityPerSecond),
		serverArguments(policy),
	);
	return { ...server, policy };
}

/** A server of the workload's model alone. @param edit its `config.pbtxt` */
export async function startConfigured(
	workload: GoodputWorkload,
	edit: (config: string) => string,
	serverArguments: readonly string[],
): Promise<RunningServer> {
	const repository = repositoryOf(workload);
	try {
		const file = join(repository, workload.model.name, "config.pbtxt");
		writeFileSync(file, edit(readConfig(file)));
		const server = await startServer([repository], serverArguments);
		const stop = async () => {
			rmSync(repository, { recursive: true, force: true });
			return server.stop();
		};
		return { ...server, stop };
	} catch (error) {
		rmSync(repository, { recursive: true, force: true });
		throw error;
	}
}

/** Base64 of what each distinct input must get. */
export async function answersOf(workload: GoodputWorkload): Promise<string[]> {
	if (workload.device === "simulated")
		return makeInputs(workload.model).map((input) =>
			Buffer.from(bytesOf(input.map((value) => 2 * value))).toString("base64"),
		);
	const served = servedAs(workload);
	makeMissingModels([served]);
	return expectedAnswers(modelFile(served), workload.model);
}

function repositoryOf(workload: GoodputWorkload): string {
	return workload.device === "simulated"
		? simulatedRepository(workload)
		: makeRepository(servedAs(workload), { batching: true });
}

function servedAs({ model }: GoodputWorkload): Workload {
	const workload = WORKLOADS.find((one) => one.model === model);
	if (workload === undefined) throw new Error(`${model.name} is not served`);
	return workload;
}

/** One device, one run at a time. */
function simulatedRepository({ model }: GoodputWorkload): string {
	const repository = mkdtempSync(join(tmpdir(), "saccade-bench-"));
	const home = join(repository, model.name);
	const tensor = (name: string, shape: readonly number[]) => ({
		name,
		dtype: "FP32",
		shape: [-1, ...shape.slice(1)],
	});
	mkdirSync(join(home, "1"), { recursive: true });
	writeFileSync(
		join(home, "1", "model.json"),
		JSON.stringify({
			inputs: [tensor(model.input, model.inputShape)],
			outputs: [tensor(model.output, model.outputShape)],
			compute: "double",
			curveMs: SIMULATED_CURVE_MS,
		}),
	);
	writeFileSync(
		join(home, "config.pbtxt"),
		`name: "${model.name}"
backend: "fake"
max_batch_size: ${SIMULATED_MAX_BATCH}
instance_group [ { count: 1 kind: KIND_CPU } ]
parameters { key: "saccade.run_mode" value { string_value: "offload" } }
dynamic_batching { }
`,
	);
	return repository;
}
