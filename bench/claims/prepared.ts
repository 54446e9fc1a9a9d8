// Models loaded from the cache of prepared models against the same models loaded as they are: time, memory of a swap,
// memory of several processes, and what 200 loads and unloads leave. The model is a ResNet-50 of 102 MB with random weights, and a second version of it that
// differs in its last layer.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
	closeSync,
	copyFileSync,
	mkdtempSync,
	openSync,
	rmSync,
	statSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeMissingModels, modelFile } from "../serve/models.ts";
import { WORKLOADS } from "../serve/workloads.ts";
import {
	type ClaimModule,
	type ClaimOptions,
	compare,
	type Row,
} from "./claim.ts";
import type {
	CyclesAnswer,
	Form,
	Job,
	LoadsAnswer,
	SwapAnswer,
} from "./prepared/job.ts";
import { proportionalBytes, proportionalBytesOf } from "./prepared/memory.ts";

const LOADS = 9;
const SIBLINGS = 4;
const CYCLES = 200;
/** Until the heap of V8 is as large as it gets, which takes some hundred loads. */
const WARM_UP_CYCLES = 200;
/** What they leave is no matter of a slow minute, and a round takes long. */
const CYCLE_ROUNDS = 3;
const LAST_LAYER_FROM_END = 4 * 1024 * 1024;

const execute = promisify(execFile);
const script = fileURLToPath(
	new URL("prepared/measuring-process.ts", import.meta.url),
);
const NODE_FLAGS = ["--expose-gc", "-C", "source"];

interface Models {
	readonly first: string;
	readonly second: string;
	readonly bytes: number;
	readonly cache: string;
}

export const prepared: ClaimModule = {
	name: "prepared",
	claim:
		"memory of models that are loaded from the cache of prepared models, against loading them as they are",
	run: (options) =>
		withModels(async (models) => [
			...(await swapRows(models, options)),
			...(await siblingRows(models, options)),
		]),
};

export const preparedLoads: ClaimModule = {
	name: "loads",
	claim:
		"time of a load from the cache of prepared models, against loading the model as it is",
	run: (options) => withModels((models) => loadRows(models, options)),
};

export const preparedCycles: ClaimModule = {
	name: "cycles",
	claim: `what ${CYCLES} loads and unloads leave in memory, against onnxruntime-node`,
	run: (options) =>
		withModels(async (models) => [await cyclesRow(models, options)]),
};

/** Both versions are prepared before anything is measured. */
async function withModels(
	use: (models: Models) => Promise<Row[]>,
): Promise<Row[]> {
	const folder = mkdtempSync("/var/tmp/saccade-bench-prepared-");
	try {
		const models = makeModels(folder);
		const { cache } = models;
		const once = { kind: "cycles", warmUpCount: 0, count: 1, cache } as const;
		for (const path of [models.first, models.second])
			for (const form of ["prepared", "packed"] as const)
				await measure<CyclesAnswer>({ ...once, form, path });
		return await use(models);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function makeModels(folder: string): Models {
	const workload = WORKLOADS.find(({ model }) => model.name === "resnet50");
	if (workload === undefined) throw new Error("no workload with ResNet-50");
	makeMissingModels([workload]);
	const first = join(folder, "first.onnx");
	const second = join(folder, "second.onnx");
	for (const path of [first, second]) copyFileSync(modelFile(workload), path);
	const bytes = statSync(first).size;
	// A few weights of the last layer, which are the last of the file.
	const file = openSync(second, "r+");
	writeSync(file, new Float32Array(64), 0, 256, bytes - LAST_LAYER_FROM_END);
	closeSync(file);
	return { first, second, bytes, cache: join(folder, "cache") };
}

async function loadRows(
	{ first, cache }: Models,
	{ rounds, log }: ClaimOptions,
): Promise<Row[]> {
	const forms = ["plain", "binding", "prepared", "packed"] as const;
	const sides = new Map<Form, number[]>(forms.map((form) => [form, []]));
	for (let round = 0; round < rounds; round++)
		for (let i = 0; i < forms.length; i++) {
			const form = forms[(round + i) % forms.length]!;
			const { medianMs } = await measure<LoadsAnswer>({
				...{ kind: "loads", form, path: first, cache },
				count: LOADS,
			});
			sides.get(form)!.push(medianMs);
			log(`  load, ${form}: ${medianMs.toFixed(1)} ms`);
		}
	const side = (form: Form, settings: string) => ({
		settings: `${settings}; median of ${LOADS} a round, one after the other in one process`,
		values: sides.get(form)!,
	});
	const claim = "load of 102 MB, files in the page cache";
	const ours = side("prepared", "from the cache, stamps of its files checked");
	const target = { of: "ratio", atMost: 0.0667 } as const;
	return [
		compare(
			{ claim, unit: "ms" },
			side("plain", "the server with --prepared-models=off"),
			ours,
			target,
		),
		compare(
			{ claim: `${claim}, against onnxruntime-node`, unit: "ms" },
			side("binding", "InferenceSession.create, release"),
			ours,
			target,
		),
		compare(
			{ claim: `${claim}, weights in memory of the process`, unit: "ms" },
			side("plain", "the server with --prepared-models=off"),
			side("packed", "saccade.weights is packed"),
			null,
		),
	];
}

async function swapRows(
	models: Models,
	{ rounds, log }: ClaimOptions,
): Promise<Row[]> {
	const { first, second, cache, bytes } = models;
	const forms = ["plain", "prepared", "packed"] as const;
	const answers: Record<(typeof forms)[number], SwapAnswer[]> = {
		plain: [],
		prepared: [],
		packed: [],
	};
	for (let round = 0; round < rounds; round++)
		for (const form of forms) {
			const answer = await measure<SwapAnswer>({
				...{ kind: "swap", form, first, second, cache },
			});
			answers[form].push(answer);
			log(
				`  second version, ${form}: ${show(answer.peakBytes)} at the peak, ${show(answer.afterBytes)} after`,
			);
		}
	const side = (
		form: (typeof forms)[number],
		key: keyof SwapAnswer,
		settings: string,
	) => ({
		settings,
		values: answers[form].map((answer) => answer[key] / bytes),
	});
	const plainIs = "loaded as it is (--prepared-models=off)";
	const preparedIs = "from the cache, weights as measured";
	const what = (claim: string) => ({ claim, unit: "of the model's size" });
	return [
		compare(
			what("anonymous memory for a second version, at the peak"),
			side("plain", "peakBytes", plainIs),
			side("prepared", "peakBytes", preparedIs),
			{ of: "ours", atMost: 0.4 },
		),
		compare(
			what("the same, of a load as it is"),
			side("plain", "peakBytes", plainIs),
			side("prepared", "peakBytes", preparedIs),
			{ of: "baseline", atMost: 1.25 },
		),
		compare(
			what("the same, with weights in memory of the process"),
			side("plain", "peakBytes", plainIs),
			side("packed", "peakBytes", "saccade.weights is packed"),
			{ of: "ours", atMost: 1.25 },
		),
		compare(
			what("anonymous memory for a second version, once it serves"),
			side("plain", "afterBytes", plainIs),
			side("prepared", "afterBytes", preparedIs),
			null,
		),
	];
}

async function siblingRows(
	{ first, cache, bytes }: Models,
	{ rounds, log }: ClaimOptions,
): Promise<Row[]> {
	const sums: Record<"plain" | "prepared", number[]> = {
		plain: [],
		prepared: [],
	};
	const weights: number[] = [];
	const mapped: number[] = [];
	for (let round = 0; round < rounds; round++)
		for (const form of ["plain", "prepared"] as const) {
			const held = await holdMany(form, first, cache);
			sums[form].push(held.grownBytes / bytes);
			if (form === "plain") weights.push(held.grownBytes / bytes);
			else mapped.push(held.mappedBytes / bytes);
			log(
				`  ${SIBLINGS} processes, ${form}: ${show(held.grownBytes)} in all, of which ${show(held.mappedBytes)} files of the cache`,
			);
		}
	const plainIs = `${SIBLINGS} processes that loaded it as it is and ran it`;
	const oursIs = `${SIBLINGS} processes that opened it from one cache and ran it`;
	return [
		compare(
			{
				claim: `weights that ${SIBLINGS} processes hold together`,
				unit: "of the model's size",
			},
			{ settings: `${plainIs}; growth of Pss`, values: weights },
			{ settings: `${oursIs}; Pss of the cache's files`, values: mapped },
			{ of: "ours", atMost: 1.01 },
		),
		compare(
			{
				claim: `growth of all memory (Pss) of ${SIBLINGS} processes`,
				unit: "of the model's size",
			},
			{ settings: plainIs, values: sums.plain },
			{ settings: oursIs, values: sums.prepared },
			null,
		),
	];
}

/** All of them at once: what they share is counted once among them. */
async function holdMany(form: Form, path: string, cache: string) {
	const job: Job = { kind: "hold", form, path, cache };
	const children = Array.from({ length: SIBLINGS }, () =>
		spawn(process.execPath, [...NODE_FLAGS, script, JSON.stringify(job)], {
			stdio: ["pipe", "pipe", "inherit"],
		}),
	);
	try {
		const pids = children.map(({ pid }) => pid ?? 0);
		const lines = children.map(({ stdout }) =>
			createInterface(stdout)[Symbol.asyncIterator](),
		);
		const next = () => Promise.all(lines.map((line) => line.next()));
		const sum = (of: (pid: number) => number) =>
			pids.reduce((total, pid) => total + of(pid), 0);
		await next();
		const before = sum(proportionalBytes);
		// One after the other: side by side they would wait for cores and nothing else.
		for (const [index, { stdin }] of children.entries()) {
			stdin.write("\n");
			await lines[index]?.next();
		}
		return {
			grownBytes: sum(proportionalBytes) - before,
			mappedBytes: sum((pid) => proportionalBytesOf(pid, cache)),
		};
	} finally {
		const ended = children.map((child) => once(child, "exit"));
		for (const { stdin } of children) stdin.end();
		await Promise.all(ended);
	}
}

async function cyclesRow(
	{ first, cache }: Models,
	{ rounds: asked, log }: ClaimOptions,
): Promise<Row> {
	const rounds = Math.min(asked, CYCLE_ROUNDS);
	const grown: Record<"binding" | "prepared", number[]> = {
		binding: [],
		prepared: [],
	};
	for (let round = 0; round < rounds; round++)
		for (const form of ["binding", "prepared"] as const) {
			const { residentBefore, residentAfter } = await measure<CyclesAnswer>({
				...{ kind: "cycles", form, path: first, cache },
				warmUpCount: WARM_UP_CYCLES,
				count: CYCLES,
			});
			grown[form].push(100 * (residentAfter / residentBefore - 1));
			log(
				`  ${CYCLES} cycles, ${form}: ${show(residentBefore)} → ${show(residentAfter)}`,
			);
		}
	return compare(
		{
			claim: `growth of resident memory over ${CYCLES} loads and unloads`,
			unit: "%",
		},
		{
			settings: `onnxruntime-node: InferenceSession.create, release; after ${WARM_UP_CYCLES} of them; ${rounds} rounds`,
			values: grown.binding,
		},
		{
			settings: `from the cache, one run each; after ${WARM_UP_CYCLES} of them; ${rounds} rounds`,
			values: grown.prepared,
		},
		{ of: "ours", atMost: 2 },
	);
}

async function measure<Answer>(job: Job): Promise<Answer> {
	const { stdout } = await execute(process.execPath, [
		...NODE_FLAGS,
		script,
		JSON.stringify(job),
	]);
	return JSON.parse(stdout) as Answer;
}

function show(bytes: number): string {
	return `${(bytes / 1e6).toFixed(0)} MB`;
}
