// The open-loop generator as a process of its own. Jobs come on stdin, one JSON line each, and are run one after the
// other; on stdout `window-start` and `window-end`, at which the parent reads the server, and one JSON line of results.
import { createInterface } from "node:readline";
import { decodeRoute, encodeRoute, type HttpRoute } from "../http-route.ts";
import { type OpenLoopResult, runOpenLoop } from "../open-loop.ts";
import { encodeGrpc, makeInputs, type WorkloadModel } from "../workload.ts";

/** The first line. */
export interface OpenLoopSetup {
	readonly model: WorkloadModel;
	/** One per distinct input, base64 of little-endian FP32. */
	readonly expected: readonly string[];
}

export interface OpenLoopJob {
	readonly port: number;
	readonly connections: number;
	readonly ratePerSecond: number;
	readonly seed: number;
	readonly deadlineMs: number;
	/** Whether requests carry what is left of it. @default true */
	readonly tellsDeadline?: boolean;
	readonly leadMs: number;
	readonly windowMs: number;
	readonly maxOutstanding: number;
	/** Over HTTP/1.1 instead of gRPC. */
	readonly route?: HttpRoute;
}

export interface OpenLoopReport extends OpenLoopResult {
	/** CPU of the generator over the window, in cores. */
	readonly clientCores: number;
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function nextLine(): Promise<string | null> {
	const { value, done } = await lines.next();
	return done === true ? null : (value as string);
}

const setup = JSON.parse((await nextLine()) ?? "null") as OpenLoopSetup;
const inputs = makeInputs(setup.model, setup.expected.length);
const grpcRequests = inputs.map((input) => encodeGrpc(setup.model, input));
const expected = setup.expected.map((text) => {
	const bytes = Uint8Array.from(Buffer.from(text, "base64"));
	return new Float32Array(bytes.buffer);
});

for (let line = await nextLine(); line !== null; line = await nextLine()) {
	const job = JSON.parse(line) as OpenLoopJob;
	const { route } = job;
	const requests =
		route === undefined
			? grpcRequests
			: inputs.map((input) =>
					encodeRoute(route, input, `127.0.0.1:${job.port}`),
				);
	let cpu = process.cpuUsage();
	const result = await runOpenLoop(
		{
			...(route !== undefined && {
				decodeHttp: (content) => decodeRoute(route, content),
			}),
			host: "127.0.0.1",
			port: job.port,
			connections: job.connections,
			requests,
			expected,
			ratePerSecond: job.ratePerSecond,
			seed: job.seed,
			deadlineUs: job.deadlineMs * 1000,
			tellsDeadline: job.tellsDeadline ?? true,
			leadUs: job.leadMs * 1000,
			windowUs: job.windowMs * 1000,
			maxOutstanding: job.maxOutstanding,
		},
		{
			windowStarted: () => {
				cpu = process.cpuUsage();
				console.log("window-start");
			},
			windowEnded: () => {
				cpu = process.cpuUsage(cpu);
				console.log("window-end");
			},
		},
	);
	const clientCores = (cpu.user + cpu.system) / 1e3 / job.windowMs;
	console.log(JSON.stringify({ ...result, clientCores }));
}
