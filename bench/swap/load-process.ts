// Two open-loop loads at once, one a model, from a process of its own: one JSON line a job on stdin, one of results on
// stdout. Every answer is checked, and tells when it was asked for and how long it took.
import { createInterface } from "node:readline";
import { collectGarbage } from "../../packages/server/src/common/collect-garbage.ts";
import { GrpcLoadConnection } from "../../packages/server/src/load-generator/grpc-connection.ts";
import { INFER_PATH } from "../../packages/server/src/load-generator/http2-frames.ts";
import {
	type OpenLoopResult,
	runOpenLoop,
} from "../../packages/server/src/load-generator/open-loop.ts";
import {
	encodeGrpc,
	endsWithFloats,
	makeInputs,
	type WorkloadModel,
} from "../load/workload.ts";

export interface LoadSetup {
	readonly models: readonly {
		readonly model: WorkloadModel;
		/** For each version that may answer, one base64 FP32 tensor per distinct input. */
		readonly expected: readonly (readonly string[])[];
	}[];
}

export interface LoadJob {
	readonly port: number;
	/** Of each model; null: as fast as `inFlight` requests at once go. */
	readonly ratePerSecond: number | null;
	readonly inFlight: number;
	readonly seed: number;
	readonly deadlineMs: number;
	readonly leadMs: number;
	readonly windowMs: number;
}

export interface LoadReport extends OpenLoopResult {
	/** Of what was answered in the window: when each was to be sent, in wall-clock ms since the epoch, and what it took from then, in ms. */
	readonly atMs: readonly number[];
	readonly latencyMs: readonly number[];
}

const CONNECTIONS = 2;
const MAX_OUTSTANDING = 5000;
/** Far from an event of the other model: their arrivals have nothing to do with each other. */
const SEED_STEP = 1000;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function nextLine(): Promise<string | null> {
	const { value, done } = await lines.next();
	return done === true ? null : (value as string);
}

const setup = JSON.parse((await nextLine()) ?? "null") as LoadSetup;
const tracks = setup.models.map(({ model, expected }) => ({
	requests: makeInputs(model, expected[0]?.length ?? 0).map((input) =>
		encodeGrpc(model, input),
	),
	expected: expected.map((answers) =>
		answers.map((text) => {
			const bytes = Uint8Array.from(Buffer.from(text, "base64"));
			return new Float32Array(bytes.buffer);
		}),
	),
}));
type Track = (typeof tracks)[number];

async function load(
	{ requests, expected }: Track,
	job: LoadJob,
	seed: number,
): Promise<LoadReport> {
	collectGarbage();
	const opensUs = (performance.now() + job.leadMs) * 1000;
	const atMs: number[] = [];
	const latencyMs: number[] = [];
	const { port, ratePerSecond, inFlight } = job;
	const result = await runOpenLoop(
		{
			connect: (events) =>
				new GrpcLoadConnection(
					{ host: "127.0.0.1", port, tellsDeadline: true },
					INFER_PATH,
					requests,
					{
						answered: (call, kind, because, body) => {
							if (kind === "ok" && call.scheduledUs >= opensUs) {
								atMs.push(performance.timeOrigin + call.scheduledUs / 1000);
								latencyMs.push(performance.now() - call.scheduledUs / 1000);
							}
							events.answered(call, kind, because, body);
						},
						failed: (error) => events.failed(error),
					},
				),
			connections: CONNECTIONS,
			requestCount: requests.length,
			isRight: (index, body) =>
				expected.some((answers) =>
					endsWithFloats(body, body.length, answers[index]!),
				),
			arrivals:
				ratePerSecond === null
					? { kind: "closed", inFlight }
					: { kind: "poisson", ratePerSecond },
			seed,
			deadlineUs: job.deadlineMs * 1000,
			leadUs: job.leadMs * 1000,
			windowUs: job.windowMs * 1000,
			maxOutstanding: MAX_OUTSTANDING,
		},
		{ windowStarted: () => {}, windowEnded: () => {} },
	);
	return { ...result, atMs, latencyMs };
}

for (let line = await nextLine(); line !== null; line = await nextLine()) {
	const job = JSON.parse(line) as LoadJob;
	const reports = await Promise.all(
		tracks.map((track, index) =>
			load(track, job, job.seed + index * SEED_STEP),
		),
	);
	console.log(JSON.stringify(reports));
}
