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
		close: async () => {
			session.close();
			await runtime.settled();
		},
	};
}

function openOurs(form: Exclude<Form, "binding">, path: string) {
	const from = form === "plain" ? asTheyAre : prepared;
	const weights = form === "packed" ? "packed" : "auto";
	return from.open({ path, bytes: 2 ** 30, options: {}, weights });
}

async function loads(asked: Job & { kind: "loads" }): Promise<LoadsAnswer> {
	const times: Record<"plain" | "prepared", number[]> = {
		plain: [],
		prepared: [],
	};
	for (let round = -1; round < asked.count; round++)
		for (const form of ["plain", "prepared"] as const) {
			const start = performance.now();
			const session = await openOurs(form, asked.path);
			const tookMs = performance.now() - start;
			// The first of each brings files into the page cache.
			if (round >= 0) times[form].push(tookMs);
			session.close();
			await runtime.settled();
		}
	return {
		plainMs: median(times.plain),
		preparedMs: median(times.prepared),
	};
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
	for (let count = 0; count < asked.warmUpCount; count++) await turn();
	collect();
	const residentBefore = statusBytes("VmRSS");
	for (let count = 0; count < asked.count; count++) await turn();
	collect();
	return { residentBefore, residentAfter: statusBytes("VmRSS") };
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
