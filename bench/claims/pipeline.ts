// Asynchronous pipeline against synchronous calls: the same server, once with its own backend and once with
// onnxruntime-node's blocking `run()`. Of the latter the best of a sweep over batching and threads is kept. It is
// measured at its most, in a closed loop; ours as well, and then, by arrivals that wait for nothing, at the rate that
// the other reached a moment before: what its scheduling thread has left counts at the same throughput.
import { rmSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import {
	type RunningServer,
	startScript,
	startServer,
} from "../lib/server-process.ts";
import { expectedAnswers } from "../serve/expected.ts";
import {
	makeMissingModels,
	makeRepository,
	modelFile,
} from "../serve/models.ts";
import { WORKLOADS, type Workload } from "../serve/workloads.ts";
import {
	type ClaimModule,
	type ClaimOptions,
	type ClaimTarget,
	compare,
	type Row,
	type Side,
} from "./claim.ts";
import {
	measureMost,
	measurePaced,
	type PipelineWindow,
} from "./pipeline/measure.ts";

const SWEEP_SECONDS = 1.5;
/** Connections, and what is read from them, are another thread's. */
const ONE_FRONT = "--fronts=1";
const BLOCKING = fileURLToPath(
	new URL("pipeline/blocking-process.ts", import.meta.url),
);

interface Subject {
	readonly title: string;
	readonly workloadId: string;
	/** Frames under way, of the closed loop. */
	readonly inFlight: number;
}

function pipelineOf(name: string, subject: Subject): ClaimModule {
	const { title, workloadId, inFlight } = subject;
	return {
		name,
		claim: `the thread that schedules stays free while frames are under way, against synchronous calls (${title})`,
		run: (options) => {
			const served = WORKLOADS.find(({ id }) => id === workloadId)!;
			return race({ ...served, inFlight }, title, options);
		},
	};
}

/** A frame of 602 KB and a run of tens of ms. */
export const pipeline: ClaimModule = pipelineOf("pipeline", {
	title: "ResNet-50",
	workloadId: "resnet50-grpc-8",
	inFlight: 16,
});

/** Frames of 110 KB and runs of a third of a ms, in batches: thousands a second go through the thread. */
export const cnnPipeline: ClaimModule = pipelineOf("cnn-pipeline", {
	title: "small CNN",
	workloadId: "smallcnn-grpc-32",
	inFlight: 32,
});

interface BlockingSettings {
	readonly batching: boolean;
	readonly threads: number;
}

async function race(
	workload: Workload,
	name: string,
	{ rounds, seconds, log, attach }: ClaimOptions,
): Promise<Row[]> {
	makeMissingModels([workload]);
	const expected = await expectedAnswers(modelFile(workload), workload.model);
	const show = (what: string, window: PipelineWindow) => {
		log(`  ${name}, ${what}: ${describe(window)}`);
		return window;
	};
	const most = async (start: Start, forSeconds: number, what: string) =>
		show(
			what,
			await served(start, (server) =>
				measureMost(server, workload, expected, forSeconds),
			),
		);
	const swept: (BlockingSettings & PipelineWindow)[] = [];
	for (const settings of blockingSettings(workload)) {
		const start = () => startBlocking(workload, settings);
		const what = `blocking, ${showSettings(settings)}`;
		swept.push({ ...settings, ...(await most(start, SWEEP_SECONDS, what)) });
	}
	attach("sweep", swept);
	const best = swept.reduce((a, b) =>
		b.answersPerSecond > a.answersPerSecond ? b : a,
	);
	const blocking: PipelineWindow[] = [];
	const ours: PipelineWindow[] = [];
	const paced: PipelineWindow[] = [];
	const fronted: PipelineWindow[] = [];
	const contests = [
		async (round: number) => {
			const other = () => startBlocking(workload, best);
			const theirs = await most(other, seconds, "blocking");
			blocking.push(theirs);
			const pace = { ratePerSecond: theirs.answersPerSecond, seed: round + 1 };
			const measure = (server: RunningServer) =>
				measurePaced(server, workload, expected, seconds, pace);
			const window = await served(() => startOurs(workload), measure);
			paced.push(show("ours at its rate", window));
			const apart = () => startOurs(workload, [ONE_FRONT]);
			fronted.push(
				show(`the same with ${ONE_FRONT}`, await served(apart, measure)),
			);
		},
		async () => {
			const start = () => startOurs(workload);
			ours.push(await most(start, seconds, "ours at its most"));
		},
	];
	for (let round = 0; round < rounds; round++)
		for (let i = 0; i < contests.length; i++)
			await contests[(round + i) % contests.length]!(round);
	attach("atItsMost", ours);
	attach("atTheSameRate", paced);
	attach("atTheSameRateWithOneFront", fronted);
	const baseline = `the same server with onnxruntime-node's run(), ${showSettings(best)}; ${workload.inFlight} frames under way`;
	const atThatRate =
		"Poisson arrivals at the rate that the baseline answered in the same round";
	const settingsOf = new Map<readonly PipelineWindow[], string>([
		[ours, `as shipped; ${workload.inFlight} frames under way`],
		[paced, `as shipped; ${atThatRate}`],
		[fronted, `${ONE_FRONT}; ${atThatRate}`],
	]);
	const row = (
		claim: string,
		unit: string,
		read: (window: PipelineWindow) => number,
		windows: readonly PipelineWindow[],
		target: ClaimTarget | null,
	) =>
		compare(
			{ claim: `${name}: ${claim}`, unit },
			sideOf(baseline, blocking, read),
			sideOf(settingsOf.get(windows) ?? "", windows, read),
			target,
		);
	const answers = ({ answersPerSecond }: PipelineWindow) => answersPerSecond;
	const busy = ({ loopBusy }: PipelineWindow) => loopBusy;
	const cores = ({ threadCores }: PipelineWindow) => threadCores;
	const waits = ({ threadWaits }: PipelineWindow) => threadWaits;
	return [
		row("answers at the most", "/s", answers, ours, {
			of: "ratio",
			atLeast: 1,
		}),
		row("answers at the same rate", "/s", answers, paced, {
			of: "ratio",
			atLeast: 0.95,
		}),
		row("scheduling thread busy at that rate, ours", SHARE, busy, paced, {
			of: "ours",
			atMost: 0.45,
		}),
		row("CPU of that thread at that rate", "cores", cores, paced, null),
		row("that thread waits for a core at that rate", SHARE, waits, paced, null),
		row(`scheduling thread busy with ${ONE_FRONT}`, SHARE, busy, fronted, {
			of: "ours",
			atMost: 0.45,
		}),
		row(`answers with ${ONE_FRONT}`, "/s", answers, fronted, null),
		row("scheduling thread busy, baseline", SHARE, busy, paced, {
			of: "baseline",
			atLeast: 0.9,
		}),
		row("frames in flight in the server", "frames", (w) => w.inFlight, paced, {
			of: "ours",
			atLeast: 8,
		}),
		row("p99 at that rate", "ms", ({ p99Ms }) => p99Ms, paced, null),
		row("scheduling thread busy at the most", SHARE, busy, ours, null),
	];
}

const SHARE = "of the time";

function sideOf(
	settings: string,
	windows: readonly PipelineWindow[],
	read: (window: PipelineWindow) => number,
): Side {
	return {
		settings,
		values: windows.map(read),
		cpuUs: windows.map(({ cpuUsPerAnswer }) => cpuUsPerAnswer),
	};
}

function describe(window: PipelineWindow): string {
	const { answersPerSecond, loopBusy, threadCores, threadWaits, inFlight } =
		window;
	return `${answersPerSecond.toFixed(1)}/s, loop busy ${loopBusy.toFixed(2)}, thread ${threadCores.toFixed(2)} cores, waits for one ${threadWaits.toFixed(2)}, in flight ${inFlight.toFixed(1)}`;
}

interface Started {
	readonly server: RunningServer;
	readonly repository: string;
}

type Start = () => Promise<Started>;

/** A fresh server for each window. */
async function served(
	start: Start,
	measure: (server: RunningServer) => Promise<PipelineWindow>,
): Promise<PipelineWindow> {
	const { server, repository } = await start();
	try {
		return await measure(server);
	} finally {
		await server.stop();
		rmSync(repository, { recursive: true, force: true });
	}
}

/** A run of one thread leaves the other cores idle, one of all waits for its slowest; batches pay for the call once. */
function blockingSettings({ model }: Workload): BlockingSettings[] {
	const threads = [...new Set([1, os.availableParallelism()])];
	const batching = model.name === "resnet50" ? [false] : [false, true];
	return batching.flatMap((one) =>
		threads.map((count) => ({ batching: one, threads: count })),
	);
}

function showSettings({ batching, threads }: BlockingSettings): string {
	return `${batching ? "dynamic batches" : "one request a run"}, ${threads} thread(s)`;
}

async function startOurs(
	workload: Workload,
	options: readonly string[] = [],
): Promise<Started> {
	const repository = makeRepository(workload, { batching: true });
	return { server: await startServer([repository], options), repository };
}

async function startBlocking(
	workload: Workload,
	{ batching, threads }: BlockingSettings,
): Promise<Started> {
	const isBatched = workload.model.name !== "resnet50";
	const repository = makeRepository(workload, {
		batching: batching || !isBatched,
	});
	const script = [BLOCKING, String(threads)];
	return { server: await startScript(script, [repository]), repository };
}
