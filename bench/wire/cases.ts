// What `bench wire` measures. Connections and streams as in the experiment that the targets come from.
import type { WorkloadModel } from "../load/workload.ts";

/** `own` is bench/load: whole requests in few large writes, every answer checked. h2load writes 64 KB at most. */
export type Client = "h2load" | "own";

export interface WireCase {
	readonly id: string;
	readonly inputShape: readonly number[];
	readonly connections: number;
	readonly streamsPerConnection: number;
	readonly client: Client;
	/** Each call carries another `grpc-timeout`, so that no header block comes twice in a row. */
	readonly distinctTimeouts: boolean;
	readonly targets: Targets;
}

/** Against node:http2: requests/s at least, CPU a request at most. */
export interface Targets {
	readonly rate: number;
	readonly cpu: number;
	readonly dataEventsRate: number;
}

const SMALL_TARGETS: Targets = { rate: 5, cpu: 1 / 8, dataEventsRate: 2 };
const LARGE_TARGETS: Targets = { rate: 2.5, cpu: 1 / 4, dataEventsRate: 2 };

/** FP32 inputs: 64 values are 256 bytes, and a message of 300. */
const SMALL = [1, 64];
const MEDIUM = [1, 3, 96, 96];
const LARGE = [1, 3, 224, 224];

function wireCase(
	id: string,
	inputShape: readonly number[],
	client: Client,
	distinctTimeouts = false,
): WireCase {
	return {
		id,
		inputShape,
		connections: 4,
		streamsPerConnection: inputShape === LARGE ? 2 : 8,
		client,
		distinctTimeouts,
		targets: inputShape === SMALL ? SMALL_TARGETS : LARGE_TARGETS,
	};
}

const CASES: readonly WireCase[] = [
	wireCase("300B", SMALL, "h2load"),
	wireCase("110KB", MEDIUM, "h2load"),
	wireCase("602KB", LARGE, "h2load"),
	wireCase("300B-changing-headers", SMALL, "own", true),
	// h2load is at its own limit with bodies: the same again from a client that is not, or later.
	wireCase("110KB-large-writes", MEDIUM, "own"),
	wireCase("602KB-large-writes", LARGE, "own"),
];

/** Without h2load its cases are left out, but for the small one, which the own client then loads. */
export function casesFor(pattern: RegExp, withH2load: boolean): WireCase[] {
	const possible = withH2load
		? CASES
		: [
				wireCase("300B", SMALL, "own"),
				...CASES.filter(({ client }) => client === "own"),
			];
	return possible.filter(({ id }) => pattern.test(id));
}

export function modelOf(wire: WireCase): WorkloadModel {
	return {
		name: "model",
		input: "input",
		inputShape: wire.inputShape,
		output: "output",
		outputShape: [1, 10],
	};
}
