// The open-loop generator as a process of its own. Jobs come on stdin, one JSON line each, and are run one after the
// other; on stdout `window-start` and `window-end`, at which the parent reads the server, and one JSON line of results, or
// `failed: ` and why: the next job may be for another server.
import { createInterface } from "node:readline";
import type { Arrivals } from "../../packages/server/src/load-generator/arrivals.ts";
import type {
	ConnectionEvents,
	LoadConnection,
} from "../../packages/server/src/load-generator/connection.ts";
import { GrpcLoadConnection } from "../../packages/server/src/load-generator/grpc-connection.ts";
import { HttpLoadPool } from "../../packages/server/src/load-generator/http-pool.ts";
import { INFER_PATH } from "../../packages/server/src/load-generator/http2-frames.ts";
import {
	type OpenLoopResult,
	runOpenLoop,
} from "../../packages/server/src/load-generator/open-loop.ts";
import { decodeRoute, type HttpRoute, routeRequest } from "./http-route.ts";
import {
	encodeGrpc,
	endsWithFloats,
	makeInputs,
	type WorkloadModel,
} from "./workload.ts";

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

export type OpenLoopReport = OpenLoopResult;

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

const HOST = "127.0.0.1";
/** Far more than a server answers within a deadline; requests beyond them wait in the client. */
const MAX_SOCKETS = 4000;

for (let line = await nextLine(); line !== null; line = await nextLine()) {
	const job = JSON.parse(line) as OpenLoopJob;
	const arrivals: Arrivals = {
		kind: "poisson",
		ratePerSecond: job.ratePerSecond,
	};
	const { route, port, tellsDeadline = true } = job;
	const connect = (events: ConnectionEvents): LoadConnection => {
		const target = { host: HOST, port, tellsDeadline };
		if (route === undefined)
			return new GrpcLoadConnection(target, INFER_PATH, grpcRequests, events);
		const requests = inputs.map((input) =>
			routeRequest(route, input, `${HOST}:${port}`),
		);
		return new HttpLoadPool(
			target,
			MAX_SOCKETS,
			({ index }) => requests[index]!,
			events,
		);
	};
	const outcome = await runOpenLoop(
		{
			connect,
			// A pool of HTTP sockets is one connection of many.
			connections: route === undefined ? job.connections : 1,
			requestCount: inputs.length,
			isRight: (index, message) => {
				const tensor =
					route === undefined ? message : decodeRoute(route, message);
				return endsWithFloats(tensor, tensor.length, expected[index]!);
			},
			arrivals,
			seed: job.seed,
			deadlineUs: job.deadlineMs * 1000,
			leadUs: job.leadMs * 1000,
			windowUs: job.windowMs * 1000,
			maxOutstanding: job.maxOutstanding,
		},
		{
			windowStarted: () => console.log("window-start"),
			windowEnded: () => console.log("window-end"),
		},
	).then(
		(result) => JSON.stringify(result),
		(error: Error) => `failed: the server hung up: ${error.message}`,
	);
	console.log(outcome);
}
