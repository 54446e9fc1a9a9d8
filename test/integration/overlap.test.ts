// The pipeline overlaps: while a device runs one batch, others are decoded, run and answered. No clock decides here:
// the first run ends only when its caller leaves.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
	ModelInferRequestSchema,
	ModelInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const INFER = {
	path: "/inference.GRPCInferenceService/ModelInfer",
	request: ModelInferRequestSchema,
	response: ModelInferResponseSchema,
} as const;
const FOREVER_MS = 3_600_000;
/** One row is answered at once, two never. */
const CURVE_MS = { 1: 1, 2: FOREVER_MS };
const FRAMES = 12;

describe("runs that overlap on one device", { timeout: 60_000 }, () => {
	let server: TestServer;
	let client: TestClient;

	before(async () => {
		const repository = makeModelRepository({ after });
		addFakeModel(repository, "two_lanes", {
			curveMs: CURVE_MS,
			config: "instance_group [ { count: 1 kind: KIND_CPU } ]",
		});
		addFakeModel(repository, "one_lane", { curveMs: CURVE_MS });
		server = await startTestServer(repository);
		client = new TestClient(server.grpcAddress);
	});

	after(async () => {
		client.close();
		await server.close();
	});

	const infer = (
		model: string,
		rows: number,
		headers: Record<string, string> = {},
	) => {
		let cancel = () => {};
		const answer = client.unary(
			INFER,
			{
				modelName: model,
				inputs: [
					{ name: "INPUT0", datatype: "FP32", shape: [BigInt(rows), 1n] },
				],
				rawInputContents: [Buffer.alloc(4 * rows)],
			},
			headers,
			(call) => {
				cancel = () => call.cancel();
			},
		);
		return { answer, cancel: () => cancel() };
	};

	test("a second lane answers frame after frame while the first is under way", async () => {
		const long = infer("two_lanes", 2);
		long.answer.catch(() => {});
		// Behind it on the same connection.
		const frames = Array.from({ length: FRAMES }, () => infer("two_lanes", 1));
		const answers = await Promise.all(frames.map(({ answer }) => answer));
		assert.equal(answers.length, FRAMES);
		long.cancel();
		await assert.rejects(long.answer, /CANCELLED/);
	});

	test("with one lane a frame waits in the queue, not in the thread: others are answered meanwhile", async () => {
		const long = infer("one_lane", 2);
		long.answer.catch(() => {});
		const waiting = infer("one_lane", 1);
		const other = await infer("two_lanes", 1).answer;
		assert.equal(other.modelName, "two_lanes");
		long.cancel();
		await assert.rejects(long.answer, /CANCELLED/);
		// Its turn came when the lane did.
		await waiting.answer;
	});
});
