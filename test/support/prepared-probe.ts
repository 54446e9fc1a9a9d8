// A process of its own that opens a model by the cache of prepared models. Prints what came of it as a line of JSON.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { statusBytes } from "../../bench/claims/prepared/memory.ts";
import { createOnnxRuntime } from "../../packages/server/src/runtime/onnx/onnx-runtime.ts";
import { PreparedModels } from "../../packages/server/src/runtime/onnx/prepared/prepared-models.ts";
import { answerOf } from "../../packages/server/src/runtime/onnx/prepared/testing/dense-model.ts";
import { until } from "./until.ts";

export interface ProbeRequest {
	/**
	 * `ask`: once, and end. `hold`: once, and stay until the input ends. `cycles`: again and again. `plain`: as it is,
	 * and what that leaves.
	 */
	readonly kind: "ask" | "hold" | "cycles" | "plain";
	readonly cache: string;
	readonly path: string;
	/** Cycles before each look at memory. */
	readonly counts?: readonly number[];
}

export interface ProbeAnswer {
	readonly answer: readonly number[];
	readonly warnings: readonly string[];
	readonly phases: readonly string[];
	/** After each of the `counts` of cycles; before a load as it is, at its peak, and when it is unloaded. */
	readonly residentBytes: readonly number[];
}

const LOOKS = 5;
const PEAK_THREAD = new URL(
	"../../bench/claims/prepared/peak-thread.ts",
	import.meta.url,
);
const request = JSON.parse(process.argv[2] ?? "") as ProbeRequest;
const runtime = createOnnxRuntime({ poolThreads: 4, intraOpThreadCount: 1 });
const warnings: string[] = [];
const phases: string[] = [];
const models = new PreparedModels({
	mode: request.kind === "plain" ? "off" : "on",
	folder: request.cache,
	maxBytes: 2 ** 30,
	runtime,
	libraryPath: null,
	warn: (text) => warnings.push(text),
});
const residentBytes: number[] = [];
if (request.kind === "cycles")
	for (const count of request.counts ?? []) {
		await turn(count);
		residentBytes.push(await leastResident());
	}
phases.length = 0;
if (request.kind === "plain") {
	const peakKb = new Int32Array(new SharedArrayBuffer(4));
	const watcher = new Worker(PEAK_THREAD, { workerData: peakKb.buffer });
	await until("it looks", () => Atomics.load(peakKb, 0) > 0);
	residentBytes.push(statusBytes("RssAnon"));
	const session = await open();
	residentBytes.push(1024 * Atomics.load(peakKb, 0));
	await watcher.terminate();
	session.close();
	await runtime.settled();
	residentBytes.push(statusBytes("RssAnon"));
	tell([]);
	process.exit(0);
}
const session = await open();
tell(answerOf(session));
if (request.kind === "hold") {
	process.stdin.resume();
	await once(process.stdin, "end");
}
session.close();
models.close();
runtime.close();

async function turn(count: number): Promise<void> {
	for (let done = 0; done < count; done++) {
		const session = await open();
		answerOf(session);
		session.close();
		await runtime.released();
	}
}

/** Of a few looks: V8's heap breathes by megabytes, and what stays is in each of them. */
async function leastResident(): Promise<number> {
	let least = Number.POSITIVE_INFINITY;
	for (let look = 0; look < LOOKS; look++) {
		await turn(LOOKS);
		await runtime.settled();
		(globalThis.gc as () => void)();
		least = Math.min(least, statusBytes("VmRSS"));
	}
	return least;
}

function tell(answer: readonly number[]): void {
	const told: ProbeAnswer = { answer, warnings, phases, residentBytes };
	process.stdout.write(`${JSON.stringify(told)}\n`);
}

function open() {
	return models.open({
		path: request.path,
		bytes: 2 ** 30,
		options: {},
		weights: "mapped",
		phase: (phase) => phases.push(phase),
	});
}
