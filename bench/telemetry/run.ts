// What telemetry costs; see usage.ts.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, table, writeResults } from "../lib/report.ts";
import {
	type RunningServer,
	startScript,
	startServer,
} from "../lib/server-process.ts";
import { type Interval, interval, pairedRatio } from "../lib/stats.ts";
import { type LoadWindow, measureLoad } from "../load/measure.ts";
import { expectedAnswers } from "../serve/expected.ts";
import { makeRepository, modelFile } from "../serve/models.ts";
import { WORKLOADS } from "../serve/workloads.ts";
import {
	measureSwitched,
	type SliceCost,
	type SwitchedCosts,
} from "./switched.ts";

const ROUNDS = 8;
const SECONDS = 0.5;
/** Of each server in a round. */
const WINDOWS = 2;
const WARM_UP_SECONDS = 0.7;
/** Slices with tracing and without in one process, a server. */
const PAIRS = 20;
const SLICE_MS = 700;
const SWITCHED_SERVERS = 2;
/** Of the rate without telemetry; the whole interval has to reach it. */
const LEAST_SHARE = 0.95;
const rounds = benchArguments.number("--rounds", ROUNDS);
const seconds = benchArguments.number("--seconds", SECONDS);
/** Another version of the server. */
const beside = benchArguments.text("--beside");

interface Variant {
	readonly name: string;
	readonly args: readonly string[];
	/** Another checkout's; null: this one's. */
	readonly script: string | null;
	/** Of each round, the mean over its windows. */
	readonly rounds: Cost[];
}

type Cost = Pick<LoadWindow, "perSecond" | "serverCpuUs">;

const workload = WORKLOADS.find(({ id }) => id === "mlp-grpc-64")!;
const expected = await expectedAnswers(modelFile(workload), workload.model);
const repository = makeRepository(workload, { batching: true });
const collector = fork(new URL("collector.ts", import.meta.url));
const { port } = await answerOf<{ readonly port: number }>(collector);
const sent = [`--otlp-endpoint=http://127.0.0.1:${port}`];
const variants: readonly Variant[] = (
	[
		["off", ["--trace-store=false"]],
		["off again", ["--trace-store=false"]],
		["kept", []],
		["sent", sent],
		...(beside === null ? [] : ([["beside", sent]] as const)),
	] as const
).map(([name, args]) => ({
	name,
	args,
	script:
		name === "beside"
			? join(beside ?? "", "packages/server/bin/saccade.js")
			: null,
	rounds: [],
}));
try {
	if (benchArguments.oneOf("--compare", ["servers", "switched"]) === "switched")
		reportSwitched(await measureAllSwitched());
	else {
		for (let round = 0; round < rounds; round++) await measureRound(round);
		collector.send("bytes");
		const { bytes } = await answerOf<{ readonly bytes: number }>(collector);
		report(bytes);
	}
} finally {
	collector.kill();
	rmSync(repository, { recursive: true, force: true });
}

/** New processes: each learns how large a batch pays, and equal ones settle differently. */
async function measureRound(round: number): Promise<void> {
	const running: { variant: Variant; server: RunningServer }[] = [];
	const windows = new Map<Variant, LoadWindow[]>();
	try {
		for (const variant of variants) {
			const { script, args } = variant;
			const server =
				script === null
					? await startServer([repository], args)
					: await startScript([script], [repository], args);
			running.push({ variant, server });
			windows.set(variant, []);
			await measure(server, WARM_UP_SECONDS);
		}
		for (let turn = 0; turn < WINDOWS * running.length; turn++) {
			const { variant, server } = running[(round + turn) % running.length]!;
			windows.get(variant)!.push(await measure(server, seconds));
		}
	} finally {
		for (const { server } of running) await server.stop();
	}
	for (const [variant, measured] of windows)
		variant.rounds.push({
			perSecond: mean(measured.map(({ perSecond }) => perSecond)),
			serverCpuUs: mean(measured.map(({ serverCpuUs }) => serverCpuUs)),
		});
}

async function measureAllSwitched(): Promise<SwitchedCosts> {
	const traced: SliceCost[] = [];
	const untraced: SliceCost[] = [];
	for (let i = 0; i < SWITCHED_SERVERS; i++) {
		const server = await startServer([repository], sent);
		try {
			const costs = await measureSwitched({
				server,
				collectorPid: collector.pid!,
				job: jobOf(server),
				pairs: PAIRS,
				sliceMs: SLICE_MS,
			});
			traced.push(...costs.traced);
			untraced.push(...costs.untraced);
		} finally {
			await server.stop();
		}
	}
	return { traced, untraced };
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function measure(server: RunningServer, windowSeconds: number) {
	return measureLoad(server.pid, {
		...jobOf(server),
		warmupSeconds: 0.3,
		seconds: windowSeconds,
	});
}

function jobOf({ grpcPort: port }: RunningServer) {
	const { model, protocol, connections, inFlight } = workload;
	const host = "127.0.0.1";
	return { protocol, host, port, model, connections, inFlight, expected };
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
	const [answer] = (await once(child, "message")) as [T];
	return answer;
}

interface Row {
	readonly name: string;
	readonly args: readonly string[];
	readonly perSecond: Interval;
	readonly cpuUsPerRequest: Interval;
	/** Of `off`, round by round. */
	readonly rateShare: Interval;
	readonly cpuRatio: Interval;
}

function report(collectedBytes: number): void {
	const [off] = variants;
	const rateOf = ({ rounds: measured }: { readonly rounds: readonly Cost[] }) =>
		measured.map(({ perSecond }) => perSecond);
	const cpuOf = ({ rounds: measured }: { readonly rounds: readonly Cost[] }) =>
		measured.map(({ serverCpuUs }) => serverCpuUs);
	const rows: Row[] = variants.map((variant) => ({
		name: variant.name,
		args: variant.args.map((arg) => arg.replace(String(port), "PORT")),
		perSecond: interval(rateOf(variant)),
		cpuUsPerRequest: interval(cpuOf(variant)),
		rateShare: pairedRatio(rateOf(variant), rateOf(off!)),
		cpuRatio: pairedRatio(cpuOf(variant), cpuOf(off!)),
	}));
	console.log(
		table(
			["telemetry", "requests/s", "of off", "CPU µs/request", "of off", "met"],
			rows.map((row) => [
				row.name,
				showInterval(row.perSecond),
				showInterval(row.rateShare, 3),
				showInterval(row.cpuUsPerRequest, 2),
				showInterval(row.cpuRatio, 3),
				row.name.startsWith("sent") || row.name === "kept"
					? row.rateShare.low >= LEAST_SHARE
						? `yes (≥ ${LEAST_SHARE})`
						: `no (≥ ${LEAST_SHARE})`
					: "",
			]),
		),
	);
	console.log(`the collector took ${(collectedBytes / 1e6).toFixed(1)} MB`);
	if (rounds === ROUNDS && seconds === SECONDS && beside === null)
		console.log(
			writeResults("telemetry", "npm run bench -- telemetry", {
				rounds,
				seconds,
				workload: workload.id,
				leastShare: LEAST_SHARE,
				collectedBytes,
				rows,
			}),
		);
}

function reportSwitched({ traced, untraced }: SwitchedCosts): void {
	const rows = (
		[
			["requests/s", "perSecond"],
			["CPU of the server, µs/request", "serverCpuUs"],
			["of it: event loop", "loopCpuUs"],
			["of it: thread that exports", "exportCpuUs"],
			["of it: V8's helpers", "helpersCpuUs"],
			["CPU of the load generator, µs/request", "generatorCpuUs"],
			["CPU of the collector, µs/request", "collectorCpuUs"],
		] as const
	).map(([name, key]) => {
		const on = traced.map((slice) => slice[key]);
		const off = untraced.map((slice) => slice[key]);
		return {
			name,
			traced: interval(on),
			untraced: interval(off),
			// A thread that had nothing to do has no ratio.
			ratio: off.includes(0) ? null : pairedRatio(on, off),
			more: interval(on.map((value, i) => value - (off[i] ?? Number.NaN))),
			target: key === "perSecond" ? LEAST_SHARE : null,
		};
	});
	console.log(
		table(
			["of one server", "1 % traced", "none", "ratio", "more", "met"],
			rows.map(({ name, traced: on, untraced: off, ratio, more, target }) => [
				name,
				showInterval(on, 2),
				showInterval(off, 2),
				ratio === null ? "" : showInterval(ratio, 3),
				showInterval(more, 3),
				target === null || ratio === null
					? ""
					: `${ratio.low >= target ? "yes" : "no"} (≥ ${target})`,
			]),
		),
	);
	console.log(
		writeResults("tracing", "npm run bench -- telemetry --compare switched", {
			pairs: PAIRS * SWITCHED_SERVERS,
			sliceMs: SLICE_MS,
			workload: workload.id,
			rows,
		}),
	);
}
