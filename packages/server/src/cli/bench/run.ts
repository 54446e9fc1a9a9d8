// Asks the server what the model takes, makes requests of it, and runs the load.

import type {
	ConnectionEvents,
	LoadConnection,
} from "../../load-generator/connection.ts";
import { GrpcLoadConnection } from "../../load-generator/grpc-connection.ts";
import { HttpLoadPool } from "../../load-generator/http-pool.ts";
import { INFER_PATH } from "../../load-generator/http2-frames.ts";
import {
	type OpenLoopResult,
	runOpenLoop,
} from "../../load-generator/open-loop.ts";
import { StreamLoadConnection } from "../../load-generator/stream-connection.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import { parseShapes } from "../infer/inputs.ts";
import { RemoteTarget } from "../infer/remote-target.ts";
import { encodeGrpcRequest, encodeHttpRequest } from "./encode.ts";
import { describeOverGrpc } from "./grpc-metadata.ts";
import { DISTINCT_REQUESTS, makeRequests } from "./inputs.ts";
import type { BenchPlan } from "./plan.ts";
import { modelFrames, PLAIN_READINGS } from "./stream-load.ts";

/** Memory of the generator is bounded by it. */
const MAX_OUTSTANDING = 20_000;

/** Throws when the server cannot be reached or does not know the model. */
export async function runBench(plan: BenchPlan): Promise<OpenLoopResult> {
	const { protocol, connections } = plan;
	return runOpenLoop(
		{
			connect: await connectorOf(plan),
			// A pool of HTTP sockets is one connection of many.
			connections: protocol === "http" ? 1 : connections,
			requestCount: DISTINCT_REQUESTS,
			// What the model computes is not known here; that it answers is told by the status.
			isRight: () => true,
			arrivals: plan.arrivals,
			seed: plan.seed,
			deadlineUs: plan.deadlineMs * 1000,
			leadUs: plan.warmUpSeconds * 1e6,
			windowUs: plan.seconds * 1e6,
			maxOutstanding: MAX_OUTSTANDING,
		},
		{ windowStarted: () => {}, windowEnded: () => {} },
	);
}

type Connect = (events: ConnectionEvents) => LoadConnection;

async function connectorOf(plan: BenchPlan): Promise<Connect> {
	const { model, host, port, protocol, connections } = plan;
	const target = { host, port, tellsDeadline: true };
	if (model === null)
		return (events) => new StreamLoadConnection(target, PLAIN_READINGS, events);
	const inputs = await inputsOf(plan, model);
	const shapes = parseShapes(inputs, plan.shapes);
	const requests = makeRequests(inputs, shapes, plan.seed);
	switch (protocol) {
		case "grpc": {
			const messages = requests.map((each) => encodeGrpcRequest(model, each));
			return (events) =>
				new GrpcLoadConnection(target, INFER_PATH, messages, events);
		}
		case "stream": {
			const load = modelFrames(model, requests);
			return (events) => new StreamLoadConnection(target, load, events);
		}
		case "http": {
			const sent = requests.map((each) =>
				encodeHttpRequest(model, each, `${host}:${port}`),
			);
			return (events) =>
				new HttpLoadPool(
					target,
					connections,
					({ index }) => sent[index]!,
					events,
				);
		}
	}
}

async function inputsOf(
	{ host, port, protocol }: BenchPlan,
	model: string,
): Promise<readonly TensorSpec[]> {
	if (protocol !== "http") return describeOverGrpc({ host, port }, model);
	const address = host.includes(":") ? `[${host}]` : host;
	const facts = await new RemoteTarget(`${address}:${port}`).describe(
		model,
		"",
	);
	return facts.inputs;
}
