// All windows of one workload: search for the capacity, then interleaved rounds. In each round the windows of a load
// follow each other with the same arrivals, one policy after the other, and another policy goes first each time.
import { residentMb } from "../../lib/machine.ts";
import { Generator, type Window } from "./generator.ts";
import {
	isDense,
	type PolicyName,
	policiesOf,
	SPARSE_LOADS,
} from "./policies.ts";
import { findCapacity, type Probe } from "./search.ts";
import { answersOf, type PolicyServer, startPolicyServer } from "./servers.ts";
import type { Sample } from "./summary.ts";
import type { GoodputWorkload } from "./workloads.ts";

export interface MeasurePlan {
	readonly rounds: number;
	readonly seconds: number;
	readonly loads: readonly number[];
	/** Policies `deadline` and `triton` alone. */
	readonly denseOnly: boolean;
}

export interface Measurement {
	readonly searched: number;
	readonly samples: readonly Sample[];
}

const LEAD_DEADLINES = 1.5;
const MAX_LEAD_DEADLINES = 5.5;
const MIN_LEAD_MS = 250;
const WARM_UP = { seconds: 1.5, load: 0.7 } as const;
const SEARCH_SECONDS = 0.8;
/** Far more than any policy here lets wait; the generator's memory is bounded by it. */
const MAX_OUTSTANDING = 20_000;
const SEARCH_SEED = 7;

export async function measureGoodput(
	workload: GoodputWorkload,
	plan: MeasurePlan,
): Promise<Measurement> {
	const expected = await answersOf(workload);
	const generator = new Generator({ model: workload.model, expected });
	const servers: PolicyServer[] = [];
	const start = async (policy: PolicyName, capacityPerSecond: number) => {
		const server = await startPolicyServer(workload, policy, capacityPerSecond);
		servers.push(server);
		return server;
	};
	const measure = (
		server: PolicyServer,
		load: { readonly ratePerSecond: number; readonly load?: number },
		seconds: number,
		seed: number,
	): Promise<Window> =>
		generator.measure(
			{ pids: [server.pid], port: server.grpcPort },
			{
				connections: workload.connections,
				ratePerSecond: load.ratePerSecond,
				seed,
				deadlineMs: workload.deadlineMs,
				leadMs: leadMs(load.load ?? 1, workload.deadlineMs),
				windowMs: seconds * workload.windowFactor * 1000,
				maxOutstanding: MAX_OUTSTANDING,
			},
		);
	const probeOf =
		(server: PolicyServer): Probe =>
		async (ratePerSecond) => {
			const { goodputPerSecond, outcomes, scheduled } = await measure(
				server,
				{ ratePerSecond },
				SEARCH_SECONDS,
				SEARCH_SEED,
			);
			const shareInTime = outcomes.inTime / Math.max(scheduled, 1);
			return { goodputPerSecond, shareInTime };
		};
	try {
		const ours = await start("deadline", 0);
		const triton = await start("triton", 0);
		const searched = await findCapacity([probeOf(ours), probeOf(triton)]);
		if (!plan.denseOnly)
			for (const policy of policiesOf(workload))
				if (!isDense(policy)) await start(policy, searched);
		const warmMb = new Map<PolicyServer, number>();
		for (const server of servers) {
			await measure(
				server,
				{ ratePerSecond: searched * WARM_UP.load },
				WARM_UP.seconds,
				SEARCH_SEED,
			);
			warmMb.set(server, residentMb(server.pid));
		}
		const samples: Sample[] = [];
		const loads = [...plan.loads, ...workload.extremeLoads];
		for (let round = 0; round < plan.rounds; round++)
			for (const [at, load] of loads.entries())
				for (const server of rotated(servers, round + at)) {
					if (!isDense(server.policy) && !SPARSE_LOADS.includes(load)) continue;
					const seed = 1 + round * loads.length + at;
					const offered = {
						ratePerSecond: searched * load,
						load,
					};
					const window = await measure(server, offered, plan.seconds, seed);
					const { policy } = server;
					const growthMb = window.residentMb - (warmMb.get(server) ?? 0);
					samples.push({ round, policy, load, window, growthMb });
				}
		return { searched, samples };
	} finally {
		for (const server of servers) await server.stop();
		await generator.close();
	}
}

/**
 * Of load before a window, so that queues are as long as they get: what arrives while one still fills is
 * answered beyond the capacity. It fills by what exceeds the capacity, up to what is served within a deadline.
 */
export function leadMs(load: number, deadlineMs: number): number {
	const fills = load > 1 ? 1 / (load - 1) : 0;
	const deadlines = Math.min(LEAD_DEADLINES + fills, MAX_LEAD_DEADLINES);
	return Math.max(MIN_LEAD_MS, deadlines * deadlineMs);
}

function rotated<T>(values: readonly T[], by: number): T[] {
	const at = by % values.length;
	return [...values.slice(at), ...values.slice(0, at)];
}
