// furnace-server (https://crates.io/crates/furnace-server) as one of the peers.
import os from "node:os";
import type { Peer, PeerSettings, SetUp, StartOptions } from "../peer.ts";
import { PLAIN } from "../settings.ts";
import { buildFurnace, furnaceVersion } from "./build.ts";
import { startFurnace } from "./process.ts";
import { type FurnaceSettings, furnaceCandidates } from "./settings.ts";

/** furnace-server's own limit. */
const DEFAULT_IN_FLIGHT = 100;
const DEFAULT_WORKERS = 4;

function setUp(): SetUp {
	const build = buildFurnace();
	return build.kind === "missing"
		? build
		: { kind: "ready", version: furnaceVersion() };
}

export function toFurnace(
	{ workers, threads, maxBatch, queueLimit }: PeerSettings,
	cores: number,
): FurnaceSettings {
	return {
		sessions: threads === 0 ? 1 : workers,
		threads: threads === 0 ? cores : threads,
		maxBatch,
		workers,
		maxConcurrent: queueLimit === 0 ? DEFAULT_IN_FLIGHT : queueLimit,
	};
}

async function start({ served, settings }: StartOptions) {
	const build = buildFurnace();
	if (build.kind === "missing") throw new Error(build.reason);
	const { model, file } = served;
	const startedMs = performance.now();
	const server = await startFurnace(
		build.path,
		{ name: model.name, file },
		toFurnace(settings, os.availableParallelism()),
	);
	return {
		port: server.grpcPort,
		readyMs: performance.now() - startedMs,
		pids: () => [server.pid],
		stop: server.stop,
	};
}

export const furnace: Peer = {
	name: "furnace",
	wire: { kind: "grpc" },
	setUp,
	choose: ({ maxBatch, cores }) => ({
		defaults: { ...PLAIN, workers: DEFAULT_WORKERS },
		candidates: furnaceCandidates(maxBatch, cores).map((one) => ({
			...PLAIN,
			workers: one.workers,
			threads: one.threads,
			maxBatch: one.maxBatch,
		})),
	}),
	start,
};
