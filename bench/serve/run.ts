// The whole server under load, as shipped: `npm run bench -- serve [workload-regex] [--rounds 5] [--seconds 2]`.
// Each round measures the plain loop (where a workload has one) and then the server, in fresh processes; ratios are
// taken round by round. At least 64 distinct inputs, every answer checked against onnxruntime-node.
import { execFileSync } from "node:child_process";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchArguments } from "../lib/arguments.ts";
import { residentMb } from "../lib/machine.ts";
import { showInterval, table, writeResults } from "../lib/report.ts";
import { type RunningServer, startServer } from "../lib/server-process.ts";
import { interval, pairedRatio } from "../lib/stats.ts";
import { type MeasuredLoad, measureLoad } from "../load/measure.ts";
import { expectedAnswers } from "./expected.ts";
import { WORKLOADS, type Workload } from "./workloads.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const shared = join(root, "..", "shared");
const cache = join(root, ".cache", "models");

const { pattern } = benchArguments;
const rounds = benchArguments.number("--rounds", 5);
const seconds = benchArguments.number("--seconds", 2);

interface Row {
	readonly workload: Workload;
	readonly loads: MeasuredLoad[];
	readonly plain: number[];
	readonly residentMb: number[];
}

function modelFile(workload: Workload): string {
	if (workload.external !== undefined) return join(shared, workload.external);
	const own = join(
		root,
		"models",
		"repository",
		workload.model.name,
		"1",
		"model.onnx",
	);
	return existsSync(own)
		? own
		: join(cache, workload.model.name, "1", "model.onnx");
}

/** One repository with just this model, as a user would lay it out. */
function repositoryOf(workload: Workload): string {
	const repository = mkdtempSync(join(tmpdir(), "saccade-bench-"));
	const home = join(repository, workload.model.name);
	mkdirSync(join(home, "1"), { recursive: true });
	copyFileSync(modelFile(workload), join(home, "1", "model.onnx"));
	const config = join(dirname(dirname(modelFile(workload))), "config.pbtxt");
	if (existsSync(config)) copyFileSync(config, join(home, "config.pbtxt"));
	return repository;
}

const PLAIN_BATCHES = [1, 8, 32];
/** Threads of a run × runs side by side: the loop is given its best of these. */
const PLAIN_LAYOUTS = [
	[1, 2],
	[2, 1],
] as const;

/** Rows/s of the plain loop at its best setting, found once and then kept. */
class PlainLoop {
	readonly #workload: Workload;
	#best: readonly [batch: number, threads: number, lanes: number] | null = null;

	constructor(workload: Workload) {
		this.#workload = workload;
	}

	measure(): number {
		this.#best ??= this.#sweep();
		return this.#run(...this.#best, seconds);
	}

	get setting(): string {
		const [batch, threads, lanes] = this.#best ?? [0, 0, 0];
		return `batch ${batch}, ${threads} thread(s) x ${lanes} lane(s)`;
	}

	#sweep(): readonly [number, number, number] {
		const batches =
			this.#workload.plainLoop === "best-batch" ? PLAIN_BATCHES : [1];
		const settings = batches.flatMap((batch) =>
			PLAIN_LAYOUTS.map(([threads, lanes]) => [batch, threads, lanes] as const),
		);
		const rates = settings.map((setting) => this.#run(...setting, 1));
		return settings[rates.indexOf(Math.max(...rates))] ?? [1, 1, 1];
	}

	#run(
		batch: number,
		threads: number,
		lanes: number,
		forSeconds: number,
	): number {
		const { inputShape, outputShape } = this.#workload.model;
		const withBatch = (shape: readonly number[]) =>
			[batch, ...shape.slice(1)].join(",");
		const script = join(root, "bench", "serve", "plain-loop.ts");
		const output = execFileSync(
			process.execPath,
			[
				"-C",
				"source",
				script,
				modelFile(this.#workload),
				withBatch(inputShape),
				withBatch(outputShape),
				String(threads),
				String(lanes),
				String(forSeconds),
			],
			{ encoding: "utf8", env: { ...process.env, UV_THREADPOOL_SIZE: "8" } },
		);
		return Number(output.trim());
	}
}

async function measureServer(
	workload: Workload,
	expected: readonly string[],
): Promise<{ load: MeasuredLoad; resident: number }> {
	const repository = repositoryOf(workload);
	let server: RunningServer | null = null;
	try {
		server = await startServer([repository]);
		const { model, protocol, connections, inFlight } = workload;
		const port = protocol === "grpc" ? server.grpcPort : server.httpPort;
		const job = {
			protocol,
			host: "127.0.0.1",
			port,
			model,
			connections,
			inFlight,
			warmupSeconds: 1,
			seconds,
			expected,
		};
		const load = await measureLoad(server.pid, job);
		return { load, resident: residentMb(server.pid) };
	} finally {
		await server?.stop();
		rmSync(repository, { recursive: true, force: true });
	}
}

function ensureModels(workloads: readonly Workload[]): void {
	const missing = workloads.filter(
		(workload) =>
			workload.external === undefined && !existsSync(modelFile(workload)),
	);
	if (missing.length === 0) return;
	const names = [...new Set(missing.map(({ model }) => model.name))].join(",");
	execFileSync(
		process.execPath,
		[
			"-C",
			"source",
			join(root, "scripts/fixtures/make-models.ts"),
			"--out",
			cache,
			"--only",
			names,
		],
		{ stdio: "inherit" },
	);
}

const chosen = WORKLOADS.filter(({ id, external }) => {
	if (!pattern.test(id)) return false;
	if (external === undefined || existsSync(join(shared, external))) return true;
	console.log(`${id}: left out, ${external} is not here`);
	return false;
});
ensureModels(chosen);
const rows: Row[] = [];
for (const workload of chosen) {
	const expected = await expectedAnswers(modelFile(workload), workload.model);
	const row: Row = { workload, loads: [], plain: [], residentMb: [] };
	const plain = workload.plainLoop === null ? null : new PlainLoop(workload);
	for (let round = 0; round < rounds; round++) {
		if (plain !== null) row.plain.push(plain.measure());
		const { load, resident } = await measureServer(workload, expected);
		row.loads.push(load);
		row.residentMb.push(resident);
	}
	rows.push(row);
	console.log(
		`${workload.id}: ${showInterval(interval(row.loads.map(({ perSecond }) => perSecond)))}/s${plain === null ? "" : `; plain loop ${plain.setting}`}`,
	);
}

const summary = rows.map(({ workload, loads, plain, residentMb: resident }) => {
	const perSecond = interval(loads.map((load) => load.perSecond));
	const share =
		plain.length === 0
			? null
			: pairedRatio(
					loads.map((load) => load.perSecond),
					plain,
				);
	const p99Ms = interval(loads.map((load) => load.p99Us / 1000));
	return {
		id: workload.id,
		connections: workload.connections,
		inFlight: workload.inFlight,
		perSecond,
		p50Ms: interval(loads.map((load) => load.p50Us / 1000)),
		p99Ms,
		serverCpuUs: interval(loads.map((load) => load.serverCpuUs)),
		clientCores: interval(loads.map((load) => load.clientCores)),
		residentMb: interval(resident),
		plainPerSecond: plain.length === 0 ? null : interval(plain),
		shareOfPlain: share,
		answersChecked: loads.reduce((sum, load) => sum + load.answered, 0),
		target: {
			minPerSecond: workload.minPerSecond ?? null,
			maxP99Ms: workload.maxP99Ms ?? null,
			minShare: workload.minShare ?? null,
		},
		met:
			perSecond.low >= (workload.minPerSecond ?? 0) &&
			p99Ms.high <= (workload.maxP99Ms ?? Number.POSITIVE_INFINITY) &&
			(share?.low ?? 1) >= (workload.minShare ?? 0),
	};
});
console.log(
	table(
		[
			"workload",
			"answers/s [95 %]",
			"p50 ms",
			"p99 ms",
			"CPU µs/answer",
			"of plain loop",
			"target met",
		],
		summary.map((row) => [
			row.id,
			showInterval(row.perSecond),
			row.p50Ms.median.toFixed(2),
			showInterval(row.p99Ms, 2),
			row.serverCpuUs.median.toFixed(1),
			row.shareOfPlain === null ? "" : showInterval(row.shareOfPlain, 2),
			row.met ? "yes" : "no",
		]),
	),
);
console.log(
	writeResults(
		"serve",
		`npm run bench -- serve --rounds ${rounds} --seconds ${seconds}`,
		{ rounds, seconds, workloads: summary },
	),
);
