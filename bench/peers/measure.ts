// All servers on one workload: each peer's settings are swept, all are started, and in each round one window of each
// follows the other, another one first each time. Then, in rounds again, twice what each one answered is offered.
import os from "node:os";
import { totalResidentMb } from "../lib/process-tree.ts";
import { median } from "../lib/stats.ts";
import { Generator } from "../load/goodput/generator.ts";
import { leadMs } from "../load/goodput/measure.ts";
import { expectedAnswers } from "../serve/expected.ts";
import { modelFile, modelMaxBatch } from "../serve/models.ts";
import { PlainLoop } from "../serve/plain-loop.ts";
import {
	type Contender,
	measureRate,
	startOurs,
	startPeer,
	untilIdle,
} from "./contender.ts";
import type { Peer, PeerSettings, ServedModel } from "./peer.ts";
import { queueLimitFor } from "./settings.ts";
import type { PeerWorkload } from "./workloads.ts";

export interface MeasurePlan {
	readonly rounds: number;
	/** Of a window, before the workload's factor. */
	readonly seconds: number;
	/** How far it is: a workload takes 10 to 20 minutes. */
	readonly log: (text: string) => void;
}

export interface Measurement {
	readonly contenders: readonly Contender[];
	/** Rows a second of a plain loop over ONNX Runtime, round by round. */
	readonly plain: readonly number[];
	readonly plainSetting: string;
}

const WARM_UP_SECONDS = 1;
/** What is warm is looked at first: its answers are compared before anything counts. */
const LOOK_SECONDS = 1;
/** Of a server that was warm and then stopped. */
const AGAIN_SECONDS = 0.3;
const SWEEP_SECONDS = 0.7;
const OVERLOAD = 2;
const MAX_OUTSTANDING = 20_000;

export async function measurePeers(
	workload: PeerWorkload,
	peers: readonly Peer[],
	{ rounds, seconds: baseSeconds, log }: MeasurePlan,
): Promise<Measurement> {
	const { served } = workload;
	const plan = { rounds, seconds: workload.windowFactor * baseSeconds, log };
	const file = modelFile(served);
	const expected = await expectedAnswers(file, served.model);
	const kind = workload.dominatedBy === "compute" ? "batch-1" : "best-batch";
	const loop = new PlainLoop(served, kind, os.availableParallelism());
	const contenders: Contender[] = [];
	try {
		contenders.push(await startOurs(workload));
		for (const peer of peers) {
			const both = await startBoth(workload, peer, expected);
			contenders.push(...both);
			log(`${peer.name}: ${both.map(({ settings }) => settings).join("; ")}`);
		}
		const window = (one: Contender, warmupSeconds: number, seconds: number) =>
			one.attempt(async (server) => {
				const job = { expected, warmupSeconds, seconds };
				const result = await measureRate(server, one.wire, workload, job);
				one.windows.push(result);
			});
		for (const one of contenders) {
			await window(one, WARM_UP_SECONDS, LOOK_SECONDS);
			one.windows.length = 0;
		}
		const plain: number[] = [];
		for (let round = 0; round < plan.rounds; round++) {
			log(`round ${round + 1} of ${plan.rounds}`);
			plain.push(loop.measure(plan.seconds));
			for (const one of rotated(contenders, round))
				await window(one, AGAIN_SECONDS, plan.seconds);
		}
		await overload(workload, contenders, expected, plan);
		return { contenders, plain, plainSetting: loop.setting };
	} finally {
		for (const one of contenders) await one.stop();
	}
}

async function startBoth(
	workload: PeerWorkload,
	peer: Peer,
	expected: readonly string[],
): Promise<Contender[]> {
	const { served, deadlineMs } = workload;
	const model: ServedModel = {
		model: served.model,
		file: modelFile(served),
		maxBatch: modelMaxBatch(served),
	};
	const cores = os.availableParallelism();
	const { defaults, candidates } = peer.choose({
		maxBatch: model.maxBatch,
		cores,
	});
	const { settings, perSecond } = await bestOf(candidates, (one) =>
		rateOf(workload, peer, model, one, expected),
	);
	const queueLimit =
		deadlineMs === null
			? 0
			: queueLimitFor(perSecond, deadlineMs, served.inFlight);
	return [
		await startPeer(peer, model, defaults, "defaults"),
		await startPeer(peer, model, { ...settings, queueLimit }, "tuned"),
	];
}

async function bestOf(
	candidates: readonly PeerSettings[],
	rate: (settings: PeerSettings) => Promise<number>,
): Promise<{ settings: PeerSettings; perSecond: number }> {
	const [first] = candidates;
	if (first === undefined) throw new Error("nothing to choose from");
	let best = { settings: first, perSecond: 0 };
	for (const settings of candidates) {
		const perSecond = await rate(settings);
		if (perSecond > best.perSecond) best = { settings, perSecond };
	}
	return best;
}

/** 0 where it does not work with these settings. */
async function rateOf(
	workload: PeerWorkload,
	peer: Peer,
	served: ServedModel,
	settings: PeerSettings,
	expected: readonly string[],
): Promise<number> {
	const contender = await startPeer(peer, served, settings, "tuned");
	let perSecond = 0;
	await contender.attempt(async (server) => {
		const seconds = SWEEP_SECONDS;
		const job = { expected, warmupSeconds: seconds, seconds };
		const result = await measureRate(server, peer.wire, workload, job);
		perSecond = result.perSecond;
	});
	await contender.stop();
	return perSecond;
}

async function overload(
	{ served, deadlineMs }: PeerWorkload,
	contenders: readonly Contender[],
	expected: readonly string[],
	plan: MeasurePlan,
): Promise<void> {
	if (deadlineMs === null) return;
	const generator = new Generator({ model: served.model, expected });
	const warmMb = new Map<Contender, number>();
	try {
		for (let round = 0; round < plan.rounds; round++) {
			plan.log(`round ${round + 1} of ${plan.rounds}, overloaded`);
			for (const one of rotated(contenders, round))
				await one.attempt(async (server) => {
					const pids = server.pids();
					const startMb = warmMb.get(one) ?? totalResidentMb(pids);
					warmMb.set(one, startMb);
					const window = await generator.measure(
						{ pids, port: server.port },
						{
							connections: served.connections,
							ratePerSecond: OVERLOAD * capacityOf(one),
							seed: 1 + round,
							deadlineMs,
							leadMs: leadMs(OVERLOAD, deadlineMs),
							windowMs: plan.seconds * 1000,
							maxOutstanding: MAX_OUTSTANDING,
							// Over HTTP there is no header for it that they know.
							tellsDeadline: one.wire.kind === "grpc",
							...(one.wire.kind === "http" && { route: one.wire.route }),
						},
					);
					const { offeredPerSecond, goodputPerSecond, residentMb } = window;
					const growthMb = residentMb - startMb;
					one.overload.push({ offeredPerSecond, goodputPerSecond, growthMb });
					await untilIdle(server);
				});
		}
	} finally {
		await generator.close();
	}
}

/** What it answered to the closed loop of this run. */
export function capacityOf({ windows }: Pick<Contender, "windows">): number {
	return median(windows.map(({ perSecond }) => perSecond));
}

function rotated<T>(values: readonly T[], by: number): T[] {
	const at = by % values.length;
	return [...values.slice(at), ...values.slice(0, at)];
}
