// What `bench load` measures, by which deadline, and what it is held to.
import { WORKLOADS } from "../../serve/workloads.ts";
import type { WorkloadModel } from "../workload.ts";
import type { GoodputTarget } from "./targets.ts";

export interface GoodputWorkload {
	readonly id: string;
	readonly model: WorkloadModel;
	readonly deadlineMs: number;
	/** The simulated device answers twice the input; the others' answers come from onnxruntime-node. */
	readonly device: "cpu" | "simulated";
	readonly connections: number;
	/** How much longer its windows are than others': few answers a second, or many at once, need more of them. */
	readonly windowFactor: number;
	/** Loads beyond the usual. */
	readonly extremeLoads: readonly number[];
	/** False: one request a run by the model's own configuration, so policy `none` is policy `triton`. */
	readonly isBatched: boolean;
	readonly targets: readonly GoodputTarget[];
}

/**
 * Service times of the simulated device by batch size: 23.8 ms for one row, 38 ms for eight, on one line; rows are
 * cheapest at 16, which is the model's largest batch.
 */
export const SIMULATED_CURVE_MS: Readonly<Record<string, number>> = {
	1: 23.8,
	2: 25.8,
	4: 29.9,
	8: 38,
	16: 54.2,
};
const BEST_BATCH_MS = 54.2;
export const SIMULATED_MAX_BATCH = 16;

const simulated: WorkloadModel = {
	name: "simulated",
	input: "input",
	inputShape: [1, 64],
	output: "output",
	outputShape: [1, 64],
};

function modelOf(id: string): WorkloadModel {
	const found = WORKLOADS.find((workload) => workload.id === id);
	if (found === undefined) throw new Error(`no workload ${id}`);
	return found.model;
}

const NOT_WORSE: readonly GoodputTarget[] = [
	{ kind: "throughput", atLeast: 0.98 },
	{ kind: "p99", atMost: 1.05 },
];
const MEMORY: GoodputTarget = { kind: "memory", atMostMb: 150 };

export const GOODPUT_WORKLOADS: readonly GoodputWorkload[] = [
	{
		id: "simulated",
		model: simulated,
		deadlineMs: Math.round(4 * BEST_BATCH_MS),
		device: "simulated",
		// Of 54 ms a batch: one more or less is 1 % of such a window.
		windowFactor: 4,
		connections: 2,
		extremeLoads: [10],
		isBatched: true,
		targets: [
			{ kind: "goodput", load: 2, atLeast: 0.95 },
			{ kind: "goodput", load: 10, atLeast: 0.9 },
			...NOT_WORSE,
		],
	},
	{
		id: "fc",
		model: modelOf("fc-grpc-64"),
		deadlineMs: 200,
		device: "cpu",
		windowFactor: 1,
		connections: 4,
		extremeLoads: [],
		isBatched: true,
		targets: [
			{ kind: "goodput", load: 2, atLeast: 0.85 },
			MEMORY,
			...NOT_WORSE,
		],
	},
	{
		id: "smallcnn",
		model: modelOf("smallcnn-grpc-32"),
		deadlineMs: 50,
		device: "cpu",
		windowFactor: 1,
		connections: 4,
		extremeLoads: [],
		isBatched: true,
		targets: [{ kind: "goodput", load: 2, atLeast: 0.7 }, MEMORY, ...NOT_WORSE],
	},
	{
		id: "resnet50",
		model: modelOf("resnet50-grpc-8"),
		deadlineMs: 400,
		device: "cpu",
		windowFactor: 1.5,
		connections: 2,
		extremeLoads: [],
		isBatched: false,
		targets: [{ kind: "goodput", load: 2, atLeast: 0.8 }, MEMORY, ...NOT_WORSE],
	},
];
