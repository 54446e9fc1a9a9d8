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

/** Of a slice. */
export interface SliceCost {
	readonly perSecond: number;
	/** CPU of the event loop's thread, and of all threads of the server, a request. */
	readonly loopCpuUs: number;
	readonly serverCpuUs: number;
}

/** Paired by index: neighbours in time. */
export interface SwitchedCosts {
	readonly traced: readonly SliceCost[];
	readonly untraced: readonly SliceCost[];
}

/** @param job its seconds are not read */
export async function measureSwitched(
	server: RunningServer,
	job: Omit<LoadJob, "seconds" | "warmupSeconds">,
	pairs: number,
	sliceMs: number,
): Promise<SwitchedCosts> {
	const ms = WARM_UP_MS + 2 * pairs * (SETTLE_MS + sliceMs + SPARE_MS);
	const generator = fileURLToPath(
		new URL("../load/process.ts", import.meta.url),
	);
	const load = spawn(process.execPath, ["-C", "source", generator], {
		stdio: ["pipe", "ignore", "inherit"],
	});
	const ended = once(load, "exit");
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
				const from = await read(server);
				await pause(sliceMs);
				const cost = costOf(from, await read(server));
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
	readonly loopUs: number;
	readonly serverUs: number;
}

const ANSWERED = /^nv_inference_request_success\{.*\} (\d+)$/m;

async function read({ pid, metricsPort }: RunningServer): Promise<Reading> {
	const page = await scrape(metricsPort);
	const tasks = `/proc/${pid}/task`;
	return {
		atUs: performance.now() * 1000,
		answered: Number(ANSWERED.exec(page)?.[1]),
		loopUs: onCoreUs(`${tasks}/${pid}`),
		serverUs: readdirSync(tasks).reduce(
			(sum, thread) => sum + onCoreUs(`${tasks}/${thread}`),
			0,
		),
	};
}

/** Time on a core, to the ns. https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat */
function onCoreUs(task: string): number {
	return (
		Number(readFileSync(`${task}/schedstat`, "latin1").split(" ")[0]) / 1000
	);
}

function costOf(from: Reading, to: Reading): SliceCost {
	const count = to.answered - from.answered;
	return {
		perSecond: (count / (to.atUs - from.atUs)) * 1e6,
		loopCpuUs: (to.loopUs - from.loopUs) / count,
		serverCpuUs: (to.serverUs - from.serverUs) / count,
	};
}
