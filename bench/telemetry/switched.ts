// One server under a steady load, with tracing and without by turns. Nothing but Triton's trace settings changes between
// two slices: what another process would have learnt about batches, and where the system put it, is the same in both.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { scrape } from "../lib/scrape.ts";
import type { RunningServer } from "../lib/server-process.ts";
import type { LoadJob } from "../load/process.ts";

/** One request of so many is traced, as shipped. */
const RATE = 100;
/** V8 has compiled what a traced request needs by then. */
const WARM_UP_MS = 4000;
/** After a switch: what was recorded before it is sent meanwhile. */
const SETTLE_MS = 250;
/** More than the switches and the readings of a slice take. */
const SPARE_MS = 100;

/** Of a slice; CPU is a request's share of it. */
export interface SliceCost {
	readonly perSecond: number;
	/** Of all threads of the server, and of some of them. */
	readonly serverCpuUs: number;
	readonly loopCpuUs: number;
	/** The thread that exports. */
	readonly exportCpuUs: number;
	/** V8's helpers: they compile, and collect garbage. */
	readonly helpersCpuUs: number;
	/** Of the processes that share the cores with the server, and are none of it. */
	readonly generatorCpuUs: number;
	readonly collectorCpuUs: number;
}

/** Paired by index: neighbours in time. */
export interface SwitchedCosts {
	readonly traced: readonly SliceCost[];
	readonly untraced: readonly SliceCost[];
}

export interface SwitchedRun {
	readonly server: RunningServer;
	/** Of the process that takes what is sent. */
	readonly collectorPid: number;
	/** Its seconds are not read. */
	readonly job: Omit<LoadJob, "seconds" | "warmupSeconds">;
	readonly pairs: number;
	readonly sliceMs: number;
}

export async function measureSwitched(
	run: SwitchedRun,
): Promise<SwitchedCosts> {
	const { server, collectorPid, job, pairs, sliceMs } = run;
	const ms = WARM_UP_MS + 2 * pairs * (SETTLE_MS + sliceMs + SPARE_MS);
	const generator = fileURLToPath(
		new URL("../load/process.ts", import.meta.url),
	);
	const load = spawn(process.execPath, ["-C", "source", generator], {
		stdio: ["pipe", "ignore", "inherit"],
	});
	const ended = once(load, "exit");
	const others = { generator: load.pid!, collector: collectorPid };
	load.stdin.end(
		JSON.stringify({ ...job, warmupSeconds: 0.1, seconds: ms / 1000 }),
	);
	const traced: SliceCost[] = [];
	const untraced: SliceCost[] = [];
	try {
		await pause(WARM_UP_MS);
		for (let pair = 0; pair < pairs; pair++)
			// Whatever grows or fades with time counts for both.
			for (const isTraced of pair % 2 === 0 ? [true, false] : [false, true]) {
				await setTracing(server, isTraced);
				await pause(SETTLE_MS);
				const from = await read(server, others);
				await pause(sliceMs);
				const cost = costOf(from, await read(server, others));
				(isTraced ? traced : untraced).push(cost);
			}
	} finally {
		load.kill();
		await ended;
	}
	return { traced, untraced };
}

/** Triton's trace settings, while the server runs. */
async function setTracing(
	{ httpPort }: RunningServer,
	isOn: boolean,
): Promise<void> {
	const url = `http://127.0.0.1:${httpPort}/v2/trace/setting`;
	const body = JSON.stringify({
		trace_level: [isOn ? "TIMESTAMPS" : "OFF"],
		trace_rate: String(RATE),
	});
	const answer = await fetch(url, { method: "POST", body });
	const text = await answer.text();
	if (!answer.ok) throw new Error(`${url}: ${text}`);
}

interface Reading {
	readonly atUs: number;
	readonly answered: number;
	readonly serverUs: number;
	readonly loopUs: number;
	readonly exportUs: number;
	readonly helpersUs: number;
	readonly generatorUs: number;
	readonly collectorUs: number;
}

const ANSWERED = /^nv_inference_request_success\{.*\} (\d+)$/m;

async function read(
	{ pid, metricsPort }: RunningServer,
	others: { readonly generator: number; readonly collector: number },
): Promise<Reading> {
	const page = await scrape(metricsPort);
	const threads = threadsOf(pid);
	const named = (name: string) =>
		onCoreUs(threads.filter((thread) => thread.name === name));
	return {
		atUs: performance.now() * 1000,
		answered: Number(ANSWERED.exec(page)?.[1]),
		serverUs: onCoreUs(threads),
		loopUs: onCoreUs(threads.filter(({ id }) => id === pid)),
		exportUs: named("otlp"),
		helpersUs: named("V8Worker"),
		generatorUs: onCoreUs(threadsOf(others.generator)),
		collectorUs: onCoreUs(threadsOf(others.collector)),
	};
}

interface Thread {
	readonly id: number;
	readonly name: string;
	/** Time on a core, to the ns. https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat */
	readonly onCoreUs: number;
}

function threadsOf(pid: number): Thread[] {
	const tasks = `/proc/${pid}/task`;
	return readdirSync(tasks).map((id) => {
		const stat = readFileSync(`${tasks}/${id}/schedstat`, "latin1");
		return {
			id: Number(id),
			name: readFileSync(`${tasks}/${id}/comm`, "latin1").trim(),
			onCoreUs: Number(stat.split(" ")[0]) / 1000,
		};
	});
}

function onCoreUs(threads: readonly Thread[]): number {
	return threads.reduce((sum, thread) => sum + thread.onCoreUs, 0);
}

function costOf(from: Reading, to: Reading): SliceCost {
	const count = to.answered - from.answered;
	return {
		perSecond: (count / (to.atUs - from.atUs)) * 1e6,
		serverCpuUs: (to.serverUs - from.serverUs) / count,
		loopCpuUs: (to.loopUs - from.loopUs) / count,
		exportCpuUs: (to.exportUs - from.exportUs) / count,
		helpersCpuUs: (to.helpersUs - from.helpersUs) / count,
		generatorCpuUs: (to.generatorUs - from.generatorUs) / count,
		collectorCpuUs: (to.collectorUs - from.collectorUs) / count,
	};
}
