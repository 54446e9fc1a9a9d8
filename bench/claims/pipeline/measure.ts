// One window of load, and what the scheduling thread did in it.
import { mainThreadCpuTime, mainThreadWaitUs } from "../../lib/machine.ts";
import { scrape, seriesValue } from "../../lib/scrape.ts";
import type { RunningServer } from "../../lib/server-process.ts";
import { Generator } from "../../load/goodput/generator.ts";
import { measureLoad } from "../../load/measure.ts";
import type { Workload } from "../../serve/workloads.ts";

export interface PipelineWindow {
	readonly answersPerSecond: number;
	readonly p99Ms: number;
	readonly cpuUsPerAnswer: number;
	/**
	 * Share of the window in which the event loop was not waiting for events (`eventLoopUtilization`). Not its CPU: a
	 * thread that waits inside a call uses none, and takes no frame either.
	 */
	readonly loopBusy: number;
	/** CPU of the event loop's thread, in cores. */
	readonly threadCores: number;
	/** Share of the window in which that thread could run, and no core took it. */
	readonly threadWaits: number;
	/** Mean number of frames between their arrival and their answer, by Little's law. */
	readonly inFlight: number;
}

const WARMUP_SECONDS = 1;
/** Requests carry no deadline; the client gives none up in a window. */
const PATIENCE_MS = 10_000;
const MOST_OUTSTANDING = 2000;

/** As many as it answers while `inFlight` requests are always under way. */
export async function measureMost(
	server: RunningServer,
	workload: Workload,
	expected: readonly string[],
	seconds: number,
): Promise<PipelineWindow> {
	const { protocol, model, connections, inFlight } = workload;
	const marks: Mark[] = [];
	const load = await measureLoad(
		server.pid,
		{
			protocol,
			host: "127.0.0.1",
			port: server.grpcPort,
			model,
			connections,
			inFlight,
			warmupSeconds: WARMUP_SECONDS,
			seconds,
			expected,
		},
		async () => {
			marks.push(await readMark(server, model.name));
		},
	);
	return {
		answersPerSecond: load.perSecond,
		p99Ms: load.p99Us / 1000,
		cpuUsPerAnswer: load.serverCpuUs,
		...between(marks as [Mark, Mark]),
	};
}

export interface Pace {
	readonly ratePerSecond: number;
	readonly seed: number;
}

/** Poisson arrivals at a given rate, whatever the server does. */
export async function measurePaced(
	server: RunningServer,
	workload: Workload,
	expected: readonly string[],
	seconds: number,
	{ ratePerSecond, seed }: Pace,
): Promise<PipelineWindow> {
	// Arrivals wait for nobody: a server that is still slow would be measured while it catches up.
	await measureMost(server, workload, expected, WARMUP_SECONDS);
	const { model, connections } = workload;
	const marks: Mark[] = [];
	const generator = new Generator({ model, expected });
	try {
		const window = await generator.measure(
			{ pids: [server.pid], port: server.grpcPort },
			{
				connections,
				ratePerSecond,
				seed,
				deadlineMs: PATIENCE_MS,
				tellsDeadline: false,
				leadMs: WARMUP_SECONDS * 1000,
				windowMs: seconds * 1000,
				maxOutstanding: MOST_OUTSTANDING,
			},
			async () => {
				marks.push(await readMark(server, model.name));
			},
		);
		const [from, to] = marks as [Mark, Mark];
		const answersPerSecond = (to.answers - from.answers) / (to.atS - from.atS);
		return {
			answersPerSecond,
			p99Ms: (window.p99Us ?? Number.NaN) / 1000,
			cpuUsPerAnswer: (window.serverCores * 1e6) / answersPerSecond,
			...between([from, to]),
		};
	} finally {
		await generator.close();
	}
}

/** The scrape waits for a busy loop: what it tells belongs to the moment of its answer. */
function between([from, to]: readonly [Mark, Mark]): Pick<
	PipelineWindow,
	"loopBusy" | "threadCores" | "threadWaits" | "inFlight"
> {
	const elapsedS = to.atS - from.atS;
	return {
		loopBusy: (to.loopActiveS - from.loopActiveS) / elapsedS,
		threadCores: (to.threadCpuS - from.threadCpuS) / elapsedS,
		threadWaits: (to.threadWaitS - from.threadWaitS) / elapsedS,
		inFlight: (to.requestS - from.requestS) / elapsedS,
	};
}

interface Mark {
	readonly atS: number;
	readonly loopActiveS: number;
	readonly threadCpuS: number;
	readonly threadWaitS: number;
	/** Time of all answered requests in the server, summed. */
	readonly requestS: number;
	readonly answers: number;
}

async function readMark(
	{ pid, metricsPort }: RunningServer,
	model: string,
): Promise<Mark> {
	const text = await scrape(metricsPort);
	const { userUs, systemUs } = mainThreadCpuTime(pid);
	const labels = `model="${model}",version="1"`;
	return {
		atS: performance.now() / 1000,
		loopActiveS: seriesValue(text, "saccade_event_loop_active_seconds_total"),
		threadCpuS: (userUs + systemUs) / 1e6,
		threadWaitS: mainThreadWaitUs(pid) / 1e6,
		requestS:
			seriesValue(text, `nv_inference_request_duration_us{${labels}}`) / 1e6,
		answers: seriesValue(text, `nv_inference_request_success{${labels}}`),
	};
}
