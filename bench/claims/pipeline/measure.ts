// One window of closed-loop load, and what the scheduling thread did in it.
import { mainThreadCpuTime } from "../../lib/machine.ts";
import { scrape, seriesValue } from "../../lib/scrape.ts";
import type { RunningServer } from "../../lib/server-process.ts";
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
	/** Mean number of frames between their arrival and their answer, by Little's law. */
	readonly inFlight: number;
}

const WARMUP_SECONDS = 1;

export async function measurePipeline(
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
	const [from, to] = marks as [Mark, Mark];
	// The scrape waits for a busy loop: what it tells belongs to the moment of its answer.
	const elapsedS = to.atS - from.atS;
	return {
		answersPerSecond: load.perSecond,
		p99Ms: load.p99Us / 1000,
		cpuUsPerAnswer: load.serverCpuUs,
		loopBusy: (to.loopActiveS - from.loopActiveS) / elapsedS,
		threadCores: (to.threadCpuS - from.threadCpuS) / elapsedS,
		inFlight: (to.requestS - from.requestS) / elapsedS,
	};
}

interface Mark {
	readonly atS: number;
	readonly loopActiveS: number;
	readonly threadCpuS: number;
	/** Time of all answered requests in the server, summed. */
	readonly requestS: number;
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
		requestS:
			seriesValue(text, `nv_inference_request_duration_us{${labels}}`) / 1e6,
	};
}
