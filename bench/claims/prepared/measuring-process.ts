// One measurement in a process of its own: the job is the argument, the answer is a line of JSON.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createOnnxRuntime } from "../../../packages/server/src/runtime/onnx/onnx-runtime.ts";
import { PreparedModels } from "../../../packages/server/src/runtime/onnx/prepared/prepared-models.ts";
import type { Session } from "../../../packages/server/src/runtime/runtime.ts";
import { median } from "../../lib/stats.ts";
import type {
	CyclesAnswer,
	Form,
	Job,
	LoadsAnswer,
	SwapAnswer,
} from "./job.ts";
import { statusBytes } from "./memory.ts";

const RUNS = 3;
const LOOKS = 5;
/** They bring files into the page cache, and heaps to their size. */
const WARM_UP_LOADS = 3;
const job = JSON.parse(process.argv[2] ?? "") as Job;
const runtime = createOnnxRuntime({ poolThreads: 4, intraOpThreadCount: 2 });
const models = (mode: "on" | "off") =>
	new PreparedModels({
		mode,
		folder: job.cache,
		maxBytes: 2 ** 33,
		runtime,
		libraryPath: null,
		warn: (text) => {
			throw new Error(text);
		},
	});
const prepared = models("on");
const asTheyAre = models("off");
const collect = globalThis.gc as () => void;
const answer = await run(job);
process.stdout.write(`${JSON.stringify(answer)}\n`);
process.exit(0);

function run(asked: Job): Promise<object> {
	switch (asked.kind) {
		case "loads":
			return loads(asked);
		case "swap":
			return swap(asked);
		case "hold":
			return hold(asked);
		case "cycles":
			return cycles(asked);
	}
}

interface Opened {
	run(): void;
	close(): Promise<void>;
}

async function open(form: Form, path: string): Promise<Opened> {
	if (form === "binding") {
		const { InferenceSession } = await import("onnxruntime-node");
		const session = await InferenceSession.create(path, {
			intraOpNumThreads: 2,
		});
		return { run: () => {}, close: () => session.release() };
	}
	const session = await openOurs(form, path);
	return {
		run: () => runOnce(session),
		close: () => {
			session.close();
			return runtime.released();
		},
	};
}

function openOurs(form: Exclude<Form, "binding">, path: string) {
	const from = form === "plain" ? asTheyAre : prepared;
	const weights = form === "packed" ? "packed" : "auto";
	return from.open({ path, bytes: 2 ** 30, options: {}, weights });
}

async function loads(asked: Job & { kind: "loads" }): Promise<LoadsAnswer> {
	const times: number[] = [];
	for (let round = -WARM_UP_LOADS; round < asked.count; round++) {
		const start = performance.now();
		const opened = await open(asked.form, asked.path);
		const tookMs = performance.now() - start;
		if (round >= 0) times.push(tookMs);
		await opened.close();
	}
	return { medianMs: median(times) };
}

async function swap(asked: Job & { kind: "swap" }): Promise<SwapAnswer> {
	const peakKb = new Int32Array(new SharedArrayBuffer(4));
	const watcher = new Worker(new URL("peak-thread.ts", import.meta.url), {
		workerData: peakKb.buffer,
	});
	await once(watcher, "online");
	const first = await open(asked.form, asked.first);
	for (let count = 0; count < RUNS; count++) first.run();
	await runtime.settled();
	collect();
	const before = statusBytes("RssAnon");
	Atomics.store(peakKb, 0, 0);
	const second = await open(asked.form, asked.second);
	for (let count = 0; count < RUNS; count++) second.run();
	const peak = Math.max(1024 * Atomics.load(peakKb, 0), statusBytes("RssAnon"));
	await runtime.settled();
	collect();
	return {
		peakBytes: peak - before,
		afterBytes: statusBytes("RssAnon") - before,
	};
}

async function hold(asked: Job & { kind: "hold" }): Promise<object> {
	process.stdout.write("started\n");
	await once(process.stdin, "data");
	const { run: runOnce } = await open(asked.form, asked.path);
	for (let count = 0; count < RUNS; count++) runOnce();
	await runtime.settled();
	collect();
	process.stdout.write("ready\n");
	process.stdin.resume();
	await once(process.stdin, "end");
	return {};
}

async function cycles(asked: Job & { kind: "cycles" }): Promise<CyclesAnswer> {
	const turn = async () => {
		const session = await open(asked.form, asked.path);
		session.run();
		await session.close();
	};
	/** The least of a few looks: V8's heap breathes, and what stays is in each of them. */
	const resident = async () => {
		const looks: number[] = [];
		for (let look = 0; look < LOOKS; look++) {
			await turn();
			await runtime.settled();
			collect();
			looks.push(statusBytes("VmRSS"));
		}
		return Math.min(...looks);
	};
	for (let count = 0; count < asked.warmUpCount; count++) await turn();
	const residentBefore = await resident();
	for (let count = 0; count < asked.count; count++) await turn();
	return { residentBefore, residentAfter: await resident() };
}

function runOnce(session: Session): void {
	const binding = session.bind({
		inputShapes: session.inputs.map(({ shape }) => shape),
		outputShapes: session.outputs.map(() => null),
	});
	binding.run("inline", (error) => {
		if (error !== null) throw error;
	});
	binding.close();
}
