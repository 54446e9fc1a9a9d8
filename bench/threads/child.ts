// One way to run models, measured in a process of its own; prints JSON.
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { OrtEnvironment } from "../../packages/server/src/runtime/onnx/environment.ts";
import { findOrtLibrary } from "../../packages/server/src/runtime/onnx/library.ts";
import { loadOrtApi } from "../../packages/server/src/runtime/onnx/native.ts";
import { createOnnxRuntime } from "../../packages/server/src/runtime/onnx/onnx-runtime.ts";
import type { OnnxSession } from "../../packages/server/src/runtime/onnx/session.ts";
import { median } from "../lib/stats.ts";
import { type BenchModel, type Lane, MODELS } from "./lane.ts";
import { poolLane, type Sessions, workerLane } from "./lanes.ts";
import { runAsyncLanes } from "./run-async.ts";
import type { ThreadsReport, Variant } from "./variants.ts";

const HOPS = 3000;
const PROBES = 30;
const BETWEEN_PROBES_MS = 25;

const [variantText = "", repository = "", laneText = "0"] =
	process.argv.slice(2);
const variant = JSON.parse(variantText) as Variant;
const laneCount = Number(laneText);

const libraryPath = findOrtLibrary();
const runtime = createOnnxRuntime({
	libraryPath,
	poolThreads: variant.gateThreads,
	intraOpThreadCount: variant.kind === "run-async" ? laneCount + 1 : 1,
});
const sessions = Object.fromEntries(
	await Promise.all(
		MODELS.map(async (model) => [model, await load(model)] as const),
	),
) as Sessions;

async function load(model: BenchModel): Promise<OnnxSession> {
	const path =
		model === "slow"
			? `${repository}/slow/1/model.onnx`
			: fileURLToPath(
					new URL(
						`../../models/repository/${model}/1/model.onnx`,
						import.meta.url,
					),
				);
	return (await runtime.load({ kind: "file", path }, {})) as OnnxSession;
}

async function makeLanes(): Promise<Lane[]> {
	switch (variant.kind) {
		case "pool":
			return Array.from({ length: laneCount }, () => poolLane(sessions));
		case "workers":
			return Promise.all(
				Array.from({ length: laneCount }, () => workerLane(sessions)),
			);
		case "run-async": {
			const env = new OrtEnvironment(loadOrtApi(libraryPath));
			return runAsyncLanes(env, sessions, libraryPath, laneCount);
		}
	}
}

async function hopUs(lane: Lane): Promise<number> {
	const times: number[] = [];
	for (let i = 0; i < HOPS; i++) {
		const start = performance.now();
		await lane.run("mlp");
		times.push((performance.now() - start) * 1000);
	}
	return median(times);
}

async function probe(action: () => Promise<unknown>): Promise<number[]> {
	const times: number[] = [];
	for (let i = 0; i < PROBES; i++) {
		const start = performance.now();
		await action();
		times.push(performance.now() - start);
		await pause(BETWEEN_PROBES_MS);
	}
	return times.sort((a, b) => a - b);
}

// A pending RunAsync does not keep the event loop alive.
const keepAlive = setInterval(() => {}, 60_000);
const rssBefore = process.memoryUsage.rss();
const startMs = performance.now();
const lanes = await makeLanes();
const setUpMs = performance.now() - startMs;
const hop = await hopUs(lanes[0]!);
const laneMiB = (process.memoryUsage.rss() - rssBefore) / laneCount / 2 ** 20;

let isOver = false;
let slowRuns = 0;
const busy = lanes.map(async (lane) => {
	while (!isOver) {
		await lane.run("slow");
		slowRuns++;
	}
});
await pause(200);
const file = await probe(() => readFile(import.meta.filename));
const zip = await probe(() => promisify(gzip)(Buffer.alloc(10_000)));
const turn = await probe(() => new Promise(setImmediate));
isOver = true;
await Promise.all(busy);
const report: ThreadsReport = {
	setUpMs,
	hopUs: hop,
	laneMiB,
	slowRuns,
	fileMs: file,
	gzipMs: zip,
	turnMs: turn,
};
process.stdout.write(JSON.stringify(report));
await Promise.all(lanes.map((lane) => lane.close()));
runtime.close();
clearInterval(keepAlive);
