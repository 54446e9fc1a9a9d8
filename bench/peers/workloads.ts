// What every peer is measured on: models and numbers in flight of `bench/serve`, and what a row is held to.
import { WORKLOADS, type Workload } from "../serve/workloads.ts";

export interface PeerWorkload {
	readonly served: Workload;
	/** What sets the rate: the wire and the batches, or the model's own work. */
	readonly dominatedBy: "wire" | "compute";
	/** Of each request when twice the capacity is offered; null: that is not measured. */
	readonly deadlineMs: number | null;
	/** How much longer its windows are than others': some 25 answers a second say little about a p99. */
	readonly windowFactor: number;
}

function workload(id: string): Workload {
	const found = WORKLOADS.find((one) => one.id === id);
	if (found === undefined) throw new Error(`no workload ${id}`);
	return found;
}

export const PEER_WORKLOADS: readonly PeerWorkload[] = [
	{
		served: workload("mlp-grpc-64"),
		dominatedBy: "wire",
		deadlineMs: null,
		windowFactor: 1,
	},
	{
		served: workload("fc-grpc-64"),
		dominatedBy: "wire",
		deadlineMs: 200,
		windowFactor: 1,
	},
	{
		served: workload("smallcnn-grpc-32"),
		dominatedBy: "wire",
		deadlineMs: 50,
		windowFactor: 1,
	},
	{
		served: workload("resnet50-grpc-8"),
		dominatedBy: "compute",
		deadlineMs: 400,
		windowFactor: 3,
	},
	{
		served: workload("fastestdet-grpc-4"),
		dominatedBy: "compute",
		deadlineMs: null,
		windowFactor: 2,
	},
];

/** `fc, 64 in flight` */
export function nameOf({ served }: PeerWorkload): string {
	return `${served.model.name}, ${served.inFlight} in flight`;
}
