// Asynchronous pipeline against synchronous calls: the same server, once with its own backend and once with
// onnxruntime-node's blocking `run()`. Of the latter the best of a sweep over batching and threads is kept. Closed
// loop with the same number of frames under way, so that both are at their own most; where ours answers more, it is
// held to its busy time at more than the throughput of the other.
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
} from "./claim.ts";
import { measurePipeline, type PipelineWindow } from "./pipeline/measure.ts";

const SWEEP_SECONDS = 1.5;
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
	const measure = (
		start: () => Promise<Started>,
		forSeconds: number,
		what: string,
	) => measureOnce(start, workload, expected, forSeconds, what, log);
	const swept: (BlockingSettings & PipelineWindow)[] = [];
	for (const settings of blockingSettings(workload)) {
		const start = () => startBlocking(workload, settings);
		const what = `${name}, blocking, ${show(settings)}`;
		const window = await measure(start, SWEEP_SECONDS, what);
		swept.push({ ...settings, ...window });
	}
	attach("sweep", swept);
	const best = swept.reduce((a, b) =>
		b.answersPerSecond > a.answersPerSecond ? b : a,
	);
	const blocking: PipelineWindow[] = [];
	const ours: PipelineWindow[] = [];
	const contests = [
		async () => {
			const start = () => startBlocking(workload, best);
			blocking.push(await measure(start, seconds, `${name}, blocking`));
		},
		async () => {
			const start = () => startOurs(workload);
			ours.push(await measure(start, seconds, `${name}, ours`));
		},
	];
	for (let round = 0; round < rounds; round++)
		for (let i = 0; i < contests.length; i++)
			await contests[(round + i) % contests.length]!();
	const settings = `the same server with onnxruntime-node's run(), ${show(best)}; ${workload.inFlight} frames under way`;
	const row = (
		claim: string,
		unit: string,
		read: (window: PipelineWindow) => number,
		target: ClaimTarget | null,
	) =>
		compare(
			{ claim: `${name}: ${claim}`, unit },
			{
				settings,
				values: blocking.map(read),
				cpuUs: blocking.map(({ cpuUsPerAnswer }) => cpuUsPerAnswer),
			},
			{
				settings: `as shipped; ${workload.inFlight} frames under way`,
				values: ours.map(read),
				cpuUs: ours.map(({ cpuUsPerAnswer }) => cpuUsPerAnswer),
			},
			target,
		);
	const busy = ({ loopBusy }: PipelineWindow) => loopBusy;
	return [
		row("answers", "/s", (window) => window.answersPerSecond, {
			of: "ratio",
			atLeast: 1,
		}),
		row("scheduling thread busy, ours", "of the time", busy, {
			of: "ours",
			atMost: 0.45,
		}),
		row("scheduling thread busy, baseline", "of the time", busy, {
			of: "baseline",
			atLeast: 0.9,
		}),
		row("frames in flight in the server", "frames", (w) => w.inFlight, {
			of: "ours",
			atLeast: 8,
		}),
		row("CPU of the scheduling thread", "cores", (w) => w.threadCores, null),
		row("p99", "ms", (w) => w.p99Ms, null),
	];
}

interface Started {
	readonly server: RunningServer;
	readonly repository: string;
}

async function measureOnce(
	start: () => Promise<Started>,
	workload: Workload,
	expected: readonly string[],
	seconds: number,
	what: string,
	log: ClaimOptions["log"],
): Promise<PipelineWindow> {
	const { server, repository } = await start();
	try {
		const window = await measurePipeline(server, workload, expected, seconds);
		log(
			`  ${what}: ${window.answersPerSecond.toFixed(1)}/s, loop busy ${window.loopBusy.toFixed(2)}, thread ${window.threadCores.toFixed(2)} cores, in flight ${window.inFlight.toFixed(1)}`,
		);
		return window;
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

function show({ batching, threads }: BlockingSettings): string {
	return `${batching ? "dynamic batches" : "one request a run"}, ${threads} thread(s)`;
}

async function startOurs(workload: Workload): Promise<Started> {
	const repository = makeRepository(workload, { batching: true });
	return { server: await startServer([repository]), repository };
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
