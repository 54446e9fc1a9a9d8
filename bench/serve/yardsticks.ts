// What a workload is measured beside: each is measured once per round, after the server. Peers come at their best
// settings, found once.

import { measureLoad } from "../load/measure.ts";
import { startEcho } from "../peers/echo/process.ts";
import { startFurnace } from "../peers/furnace/process.ts";
import {
	type FurnaceSettings,
	furnaceCandidates,
	showFurnace,
} from "../peers/furnace/settings.ts";
import { modelFile, modelMaxBatch } from "./models.ts";
import { PlainLoop } from "./plain-loop.ts";
import {
	type AnswerWindow,
	type LoadPlan,
	measureAnswers,
	measureServer,
} from "./server-round.ts";
import type { YardstickName } from "./targets.ts";
import { overGrpc, type YardstickKind } from "./workloads.ts";

/** null: it has no such number. */
export interface YardstickWindow {
	readonly perSecond: number;
	readonly p99Us: number | null;
	readonly serverCpuUs: number | null;
}

export interface Yardstick {
	readonly name: YardstickName;
	/** Stated in the results. */
	readonly setting: string;
	/** @param ours the window of this round */
	measure(ours: AnswerWindow): Promise<YardstickWindow>;
}

export interface YardstickOptions {
	readonly cores: number;
	/** Path of the binary; null: furnace is left out. */
	readonly furnace: string | null;
	/** Bare node:net is measured too. */
	readonly echo: boolean;
}

const SWEEP_SECONDS = 1;

export async function prepareYardsticks(
	plan: LoadPlan,
	options: YardstickOptions,
): Promise<Yardstick[]> {
	const prepared: Yardstick[] = [];
	for (const kind of plan.workload.yardsticks) {
		const yardstick = await prepare(kind, plan, options);
		if (yardstick !== null) prepared.push(yardstick);
	}
	return prepared;
}

/** null: left out by the options. */
async function prepare(
	kind: YardstickKind,
	plan: LoadPlan,
	options: YardstickOptions,
): Promise<Yardstick | null> {
	switch (kind) {
		case "plain-best":
			return plainLoop(plan, "best-batch", options.cores);
		case "plain-1":
			return plainLoop(plan, "batch-1", options.cores);
		case "unbatched":
			return {
				name: "unbatched",
				setting: "this server without dynamic_batching",
				measure: () => measureServer(plan, { batching: false }),
			};
		case "grpc": {
			const workload = overGrpc(plan.workload);
			return {
				name: "gRPC",
				setting: `this server, ${workload.id}`,
				measure: () => measureServer({ ...plan, workload }),
			};
		}
		case "echo":
			return options.echo ? echo(plan) : null;
		case "furnace":
			return options.furnace === null
				? null
				: furnace(plan, options.furnace, options.cores);
	}
}

function plainLoop(
	{ workload, seconds }: LoadPlan,
	batching: "best-batch" | "batch-1",
	cores: number,
): Yardstick {
	const loop = new PlainLoop(workload, batching, cores);
	return {
		name: "plain loop",
		setting: loop.setting,
		measure: async () => ({
			perSecond: loop.measure(seconds),
			p99Us: null,
			serverCpuUs: null,
		}),
	};
}

async function furnace(
	plan: LoadPlan,
	binary: string,
	cores: number,
): Promise<Yardstick> {
	const { workload } = plan;
	const model = { name: workload.model.name, file: modelFile(workload) };
	const measure = async (settings: FurnaceSettings, seconds: number) => {
		const server = await startFurnace(binary, model, settings);
		try {
			const { pid, grpcPort } = server;
			return await measureAnswers(pid, grpcPort, { ...plan, seconds });
		} finally {
			await server.stop();
		}
	};
	const candidates = furnaceCandidates(modelMaxBatch(workload), cores);
	const rates: number[] = [];
	for (const settings of candidates)
		rates.push((await measure(settings, SWEEP_SECONDS)).perSecond);
	const best = candidates[rates.indexOf(Math.max(...rates))]!;
	return {
		name: "furnace",
		setting: showFurnace(best),
		measure: () => measure(best, plan.seconds),
	};
}

function echo({ workload, seconds }: LoadPlan): Yardstick {
	return {
		name: "echo",
		setting: "node:net, as many bytes each way",
		measure: async ({ exchange }) => {
			if (exchange === null)
				throw new Error(`${workload.id}: its generator counts no bytes`);
			const server = await startEcho(exchange);
			try {
				return await measureLoad(server.pid, {
					protocol: "echo",
					host: "127.0.0.1",
					port: server.port,
					model: workload.model,
					connections: workload.connections,
					inFlight: workload.inFlight,
					warmupSeconds: 2,
					seconds,
					expected: [],
					exchange,
				});
			} finally {
				await server.stop();
			}
		},
	};
}
