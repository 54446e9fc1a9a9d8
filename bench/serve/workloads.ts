// What `bench serve` measures, beside what, and what it is held to.
import type { WorkloadModel } from "../load/workload.ts";
import type { Target } from "./targets.ts";

export interface Workload {
	readonly id: string;
	readonly protocol: "grpc" | "http";
	/** h2load checks statuses only; `own` is bench/load, which checks every answer. */
	readonly generator: "own" | "h2load";
	readonly model: WorkloadModel;
	readonly connections: number;
	readonly inFlight: number;
	readonly yardsticks: readonly YardstickKind[];
	readonly targets: readonly Target[];
	/** Lives outside the project; the row is left out, and said so, where it is absent. */
	readonly external?: string;
}

/** `plain-best`: the best of a sweep over batch sizes; `plain-1`: batches of one. */
export type YardstickKind =
	| "plain-best"
	| "plain-1"
	| "furnace"
	| "echo"
	| "unbatched"
	| "grpc";

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

/**
 * Where the absolute targets come from, furnace-server answered this many. On another machine, or a busier one, the
 * ratio of the two is what is left of the target.
 */
const FURNACE_THEN = { mlp64: 45_100, mlp1: 6_500, smallcnn32: 5_150 };

function rateTargets(perSecond: number, furnaceThen: number): Target[] {
	return [
		{ kind: "rate", atLeast: perSecond },
		{ kind: "ratio", to: "furnace", atLeast: perSecond / furnaceThen },
	];
}

const mlp64: Workload = {
	id: "mlp-grpc-64",
	protocol: "grpc",
	generator: "own",
	model: mlp,
	connections: 4,
	inFlight: 64,
	yardsticks: ["furnace"],
	targets: [
		...rateTargets(100_000, FURNACE_THEN.mlp64),
		{ kind: "p99", atMostMs: 2 },
	],
};

const smallcnn32: Workload = {
	id: "smallcnn-grpc-32",
	protocol: "grpc",
	generator: "own",
	model: smallcnn,
	connections: 4,
	inFlight: 32,
	yardsticks: ["furnace", "plain-best"],
	targets: [
		...rateTargets(6_500, FURNACE_THEN.smallcnn32),
		{ kind: "p99", atMostMs: 10 },
	],
};

export const WORKLOADS: readonly Workload[] = [
	mlp64,
	{
		...mlp64,
		id: "mlp-grpc-64-h2load",
		generator: "h2load",
		targets: rateTargets(100_000, FURNACE_THEN.mlp64),
	},
	{
		id: "mlp-grpc-1",
		protocol: "grpc",
		generator: "own",
		model: mlp,
		connections: 1,
		inFlight: 1,
		yardsticks: ["furnace", "echo"],
		targets: rateTargets(12_000, FURNACE_THEN.mlp1),
	},
	{
		id: "mlp-http-64",
		protocol: "http",
		generator: "own",
		model: mlp,
		connections: 64,
		inFlight: 64,
		yardsticks: [],
		targets: [{ kind: "rate", atLeast: 30_000 }],
	},
	{
		id: "fc-grpc-64",
		protocol: "grpc",
		generator: "own",
		model: fc,
		connections: 4,
		inFlight: 64,
		yardsticks: ["plain-best", "unbatched", "furnace"],
		targets: [
			{ kind: "ratio", to: "plain loop", atLeast: 0.85 },
			{ kind: "ratio", to: "unbatched", atLeast: 7 },
		],
	},
	smallcnn32,
	{
		...smallcnn32,
		id: "smallcnn-http-32",
		protocol: "http",
		connections: 32,
		yardsticks: ["grpc"],
		targets: [{ kind: "ratio", to: "gRPC", atLeast: 0.9 }],
	},
	{
		id: "resnet50-grpc-8",
		protocol: "grpc",
		generator: "own",
		model: resnet50,
		connections: 2,
		inFlight: 8,
		yardsticks: ["plain-1", "furnace"],
		targets: [{ kind: "ratio", to: "plain loop", atLeast: 0.97 }],
	},
	{
		id: "fastestdet-grpc-4",
		protocol: "grpc",
		generator: "own",
		model: fastestdet,
		connections: 2,
		inFlight: 4,
		// Not furnace: bench/load sends a request as a whole, and this one is larger than the HTTP/2 window it grants.
		yardsticks: ["plain-1"],
		targets: [{ kind: "ratio", to: "plain loop", atLeast: 0.8 }],
		external: "models/fastestdet/FastestDet.onnx",
	},
];

/** The same model over gRPC, as the workload of that name measures it. */
export function overGrpc(workload: Workload): Workload {
	const twin = WORKLOADS.find(
		({ protocol, model, inFlight }) =>
			protocol === "grpc" &&
			model === workload.model &&
			inFlight === workload.inFlight,
	);
	if (twin === undefined)
		throw new Error(`${workload.id} has no gRPC counterpart`);
	return twin;
}
