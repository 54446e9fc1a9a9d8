// What `bench serve` measures, and against what. Targets are of the whole 95 % interval.
import type { WorkloadModel } from "../load/workload.ts";

export interface Workload {
	readonly id: string;
	readonly protocol: "grpc" | "http";
	readonly model: WorkloadModel;
	readonly connections: number;
	readonly inFlight: number;
	/**
	 * Ceiling measured beside it: a plain loop through the same C API. `best-batch`: the best of a sweep over
	 * batch sizes, in rows/s; `batch-1`: one run after the other.
	 */
	readonly plainLoop: "best-batch" | "batch-1" | null;
	readonly minPerSecond?: number;
	readonly maxP99Ms?: number;
	/** Of the plain loop. */
	readonly minShare?: number;
	/** Lives outside the project; the row is left out, and said so, where it is absent. */
	readonly external?: string;
}

const mlp: WorkloadModel = {
	name: "mlp",
	input: "input",
	inputShape: [1, 64],
	output: "output",
	outputShape: [1, 10],
};
const fc: WorkloadModel = {
	name: "fc",
	input: "input",
	inputShape: [1, 1024],
	output: "output",
	outputShape: [1, 1000],
};
const smallcnn: WorkloadModel = {
	name: "smallcnn",
	input: "input",
	inputShape: [1, 3, 96, 96],
	output: "output",
	outputShape: [1, 10],
};
const resnet50: WorkloadModel = {
	name: "resnet50",
	input: "input",
	inputShape: [1, 3, 224, 224],
	output: "output",
	outputShape: [1, 1000],
};
const fastestdet: WorkloadModel = {
	name: "fastestdet",
	input: "input.1",
	inputShape: [1, 3, 352, 352],
	output: "758",
	outputShape: [1, 85, 22, 22],
};

export const WORKLOADS: readonly Workload[] = [
	{
		id: "mlp-grpc-64",
		protocol: "grpc",
		model: mlp,
		connections: 4,
		inFlight: 64,
		plainLoop: null,
		minPerSecond: 100_000,
		maxP99Ms: 2,
	},
	{
		id: "mlp-grpc-1",
		protocol: "grpc",
		model: mlp,
		connections: 1,
		inFlight: 1,
		plainLoop: null,
		minPerSecond: 12_000,
	},
	{
		id: "mlp-http-64",
		protocol: "http",
		model: mlp,
		connections: 64,
		inFlight: 64,
		plainLoop: null,
		minPerSecond: 30_000,
	},
	{
		id: "fc-grpc-64",
		protocol: "grpc",
		model: fc,
		connections: 4,
		inFlight: 64,
		plainLoop: "best-batch",
		minShare: 0.85,
	},
	{
		id: "smallcnn-grpc-32",
		protocol: "grpc",
		model: smallcnn,
		connections: 4,
		inFlight: 32,
		plainLoop: "best-batch",
		minPerSecond: 6500,
		maxP99Ms: 10,
	},
	{
		id: "smallcnn-http-32",
		protocol: "http",
		model: smallcnn,
		connections: 32,
		inFlight: 32,
		plainLoop: null,
	},
	{
		id: "resnet50-grpc-8",
		protocol: "grpc",
		model: resnet50,
		connections: 2,
		inFlight: 8,
		plainLoop: "batch-1",
		minShare: 0.97,
	},
	{
		id: "fastestdet-grpc-4",
		protocol: "grpc",
		model: fastestdet,
		connections: 2,
		inFlight: 4,
		plainLoop: "batch-1",
		minShare: 0.8,
		external: "models/fastestdet/FastestDet.onnx",
	},
];
