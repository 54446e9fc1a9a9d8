// How often tensor bytes are copied between socket and device, as the server itself counts it on its metrics port.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
	ModelInferRequestSchema,
	ModelInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { HttpClient } from "../scenarios/transports/http.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const INFER = {
	path: "/inference.GRPCInferenceService/ModelInfer",
	request: ModelInferRequestSchema,
	response: ModelInferResponseSchema,
} as const;
/** Beyond what is copied because that is cheaper, and all answers of a connection fit its first 64 KB of window. */
const ELEMENTS = 4_200;
const TENSOR_BYTES = 4 * ELEMENTS;
/** Names, shapes and JSON land with the tensors. */
const AROUND = 0.01;
const BATCH = 2;

interface Copies {
	readonly copied: number;
	readonly served: number;
	readonly window: number;
}

describe("copies of a tensor byte between socket and device", {
	timeout: 60_000,
}, () => {
	let server: TestServer;
	let grpc: TestClient;
	let http: HttpClient;
	const tensor = Buffer.alloc(TENSOR_BYTES, 7);

	before(async () => {
		const repository = makeModelRepository({ after });
		addFakeModel(repository, "alone");
		// All of a batch are there before it is closed.
		addFakeModel(repository, "together", {
			curveMs: { 1: 1, 8: 2 },
			config: `dynamic_batching { preferred_batch_size: ${BATCH} max_queue_delay_microseconds: 20000000 }`,
		});
		server = await startTestServer(repository, "--scheduling-policy=triton");
		grpc = new TestClient(server.grpcAddress);
		http = new HttpClient(server.http);
	});

	after(async () => {
		grpc.close();
		http.close();
		await server.close();
	});

	const overGrpc = async (model: string) => {
		const { rawOutputContents } = await grpc.unary(INFER, {
			modelName: model,
			inputs: [
				{ name: "INPUT0", datatype: "FP32", shape: [1n, BigInt(ELEMENTS)] },
			],
			rawInputContents: [tensor],
		});
		assert.ok(tensor.equals(rawOutputContents[0] ?? Buffer.alloc(0)));
	};

	const overHttp = async (model: string) => {
		const json = JSON.stringify({
			inputs: [
				{
					name: "INPUT0",
					datatype: "FP32",
					shape: [1, ELEMENTS],
					parameters: { binary_data_size: TENSOR_BYTES },
				},
			],
			outputs: [{ name: "OUTPUT0", parameters: { binary_data: true } }],
		});
		const { status, body } = await http.ask({
			path: `/v2/models/${model}/infer`,
			headers: { "inference-header-content-length": String(json.length) },
			body: Buffer.concat([Buffer.from(json), tensor]),
		});
		assert.equal(status, 200, body.toString());
		assert.ok(tensor.equals(body.subarray(-TENSOR_BYTES)));
	};

	const copies = async (): Promise<Copies> => {
		const answer = await fetch(
			`http://127.0.0.1:${server.metrics.port}/metrics`,
		);
		const text = await answer.text();
		const value = (series: string) =>
			Number(
				text
					.split("\n")
					.find((line) => line.startsWith(`${series} `))
					?.split(" ")[1],
			);
		const steps = ["land", "gather", "answer", "window"].map((step) =>
			value(`saccade_tensor_copied_bytes_total{step="${step}"}`),
		);
		return {
			copied: steps.reduce((a, b) => a + b, 0),
			served: value("saccade_tensor_served_bytes_total"),
			window: steps[3] ?? Number.NaN,
		};
	};

	const ratioOf = async (work: () => Promise<unknown>): Promise<number> => {
		const from = await copies();
		await work();
		const to = await copies();
		assert.equal(to.window, from.window, "no answer waited for a window");
		return (to.copied - from.copied) / (to.served - from.served);
	};

	for (const [name, infer] of [
		["gRPC", overGrpc],
		["HTTP", overHttp],
	] as const) {
		test(`${name}: one at batch size 1, each way`, async () => {
			const ratio = await ratioOf(() => infer("alone"));
			assert.ok(ratio >= 1 && ratio <= 1 + AROUND, String(ratio));
		});

		test(`${name}: two into a batch and one out of it`, async () => {
			const all = () =>
				Promise.all(Array.from({ length: BATCH }, () => infer("together")));
			const ratio = await ratioOf(all);
			assert.ok(ratio >= 1.5 && ratio <= 1.5 + AROUND, String(ratio));
		});
	}

	test("an answer that waits for the client's window is copied once more, and that is counted", async () => {
		const from = await copies();
		const large = Buffer.alloc(20 * TENSOR_BYTES, 1);
		await grpc.unary(INFER, {
			modelName: "alone",
			inputs: [
				{
					name: "INPUT0",
					datatype: "FP32",
					shape: [1n, BigInt(20 * ELEMENTS)],
				},
			],
			rawInputContents: [large],
		});
		const to = await copies();
		assert.ok(to.window > from.window);
		const ratio = (to.copied - from.copied) / (to.served - from.served);
		assert.ok(ratio <= 2, String(ratio));
	});
});
