// What a request goes through between its transport and its queue: middleware, admission, the model's contract.
import type { RequestHead } from "../../packages/server/src/endpoint/endpoint.ts";
import type { InferRequest } from "../../packages/server/src/service/inference.ts";
import { RequestContract } from "../../packages/server/src/service/request-contract.ts";
import { type AnyCase, defineCase } from "./case.ts";
import { INPUT_FLOATS } from "./support/mlp-parts.ts";
import { startMlpServer } from "./support/mlp-server.ts";

const NO_HEADERS = () => undefined;

function head(): RequestHead {
	return {
		transport: "grpc",
		operation: "infer",
		header: NO_HEADERS,
		headers: () => [],
		transportDeadlineUs: Number.POSITIVE_INFINITY,
		receivedUs: 0,
		peer: "bench",
	};
}

const REQUEST: InferRequest = {
	modelName: "mlp",
	modelVersion: "",
	id: "",
	inputs: [
		{
			name: "input",
			dtype: "FP32",
			shape: [1, INPUT_FLOATS],
			data: new Uint8Array(INPUT_FLOATS * 4),
			parameters: null,
		},
	],
	outputs: null,
	parameters: null,
	priority: 0,
	timeoutUs: 0,
	sequence: null,
	deadlineUs: Number.POSITIVE_INFINITY,
	receivedUs: 0,
	lease: null,
};

export const endpointCases: readonly AnyCase[] = [
	defineCase({
		name: "endpoint/open-admit",
		budget: "endpoint",
		setup: startMlpServer,
		run: ({ endpoints: { infer } }) => {
			const opened = infer.open(head());
			if (!opened.ok) throw opened.error;
			return infer.admit(opened.context, "mlp", "");
		},
		close: (server) => server.close(),
	}),
	defineCase({
		name: "endpoint/contract",
		budget: "endpoint",
		setup: async () => {
			const server = await startMlpServer();
			return { server, contract: new RequestContract(server.model) };
		},
		run: ({ contract }) => contract.check(REQUEST),
		close: ({ server }) => server.close(),
	}),
];
