// What only one wire has: the binary extension's header and raw requests over HTTP, contents over gRPC, and the
// oddities that `--strict-triton` brings back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { frame, GrpcWire } from "../support/grpc-wire.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer } from "../support/test-server.ts";
import { floats, pair } from "./table/requests.ts";
import { toBytes } from "./tensors.ts";
import { ModelInfer, toMessage } from "./transports/grpc.ts";
import { type HttpAnswer, HttpClient, toOutcome } from "./transports/http.ts";
import { createWorld, type World } from "./world.ts";

const LENGTH = "inference-header-content-length";

describe("envelopes", { timeout: 120_000 }, () => {
	let world: World;
	before(async () => {
		world = await createWorld({ after });
	});
	after(() => world.close());

	const ask = (
		model: string,
		body: Uint8Array | string,
		headers: Record<string, string> = {},
	): Promise<HttpAnswer> =>
		world.http.ask({ path: `/v2/models/${model}/infer`, body, headers });

	describe("a raw request", () => {
		test("is the bytes of the only input, and is answered in bytes", async () => {
			const body = toBytes("FP32", [1, 2, 3]);
			const answer = await ask("identity_fp32", body, { [LENGTH]: "0" });
			assert.equal(answer.status, 200, answer.body.toString());
			assert.equal(answer.headers["content-type"], "application/octet-stream");
			const outcome = toOutcome(answer);
			assert.ok(outcome.ok);
			assert.deepEqual(outcome.answer.outputs, [
				{ name: "OUTPUT0", dtype: "FP32", shape: [1, 3], values: [1, 2, 3] },
			]);
		});

		test("to a model of fixed shape fills that shape, and no other", async () => {
			const body = toBytes("FP32", Array(12).fill(1));
			assert.equal(
				(await ask("no_batch", body, { [LENGTH]: "0" })).status,
				200,
			);
			const short = await ask("no_batch", body.subarray(4), { [LENGTH]: "0" });
			assert.equal(short.status, 400);
			assert.match(short.body.toString(), /input byte size mismatch/);
		});

		test("of strings is one string", async () => {
			const body = toBytes("BYTES", ["abc"]);
			const answer = await ask("identity_bytes", body, { [LENGTH]: "0" });
			const outcome = toOutcome(answer);
			assert.ok(outcome.ok, answer.body.toString());
			assert.deepEqual(outcome.answer.outputs[0]?.values, ["abc"]);
		});

		test("to a model of two inputs is refused", async () => {
			const answer = await ask("simple", new Uint8Array(64), { [LENGTH]: "0" });
			assert.equal(answer.status, 400);
			assert.match(
				answer.body.toString(),
				/Raw request must only have 1 input/,
			);
		});
	});

	test("the header's length must be a number within the body", async () => {
		const body = JSON.stringify({ inputs: [] });
		for (const [length, text] of [
			["12abc", "Unable to parse Inference-Header-Content-Length, got: 12abc"],
			["-1", "Unable to parse Inference-Header-Content-Length, got: -1"],
			["", "Unable to parse Inference-Header-Content-Length, got: "],
			[
				"999999999999999999999",
				"Unable to parse Inference-Header-Content-Length",
			],
			[
				"14",
				`inference header size should be in range (0, ${body.length}), got: 14`,
			],
		] as const) {
			const answer = await ask("simple", body, { [LENGTH]: length });
			assert.equal(answer.status, 400, length);
			const { error } = JSON.parse(answer.body.toString());
			assert.ok(error.includes(text), error);
		}
	});

	test("an answer without binary bytes is JSON and has no header length", async () => {
		const body = JSON.stringify({
			parameters: { binary_data_output: true },
			inputs: [{ name: "INPUT0", datatype: "FP32", shape: [1, 0], data: [] }],
		});
		const answer = await ask("identity_fp32", body);
		assert.equal(answer.headers["content-type"], "application/json");
		assert.equal(answer.headers[LENGTH], undefined);
		assert.match(answer.body.toString(), /"binary_data_size":0/);
	});

	describe("gRPC contents", () => {
		const refusal = async (
			init: ReturnType<typeof toMessage>,
			text: RegExp,
		) => {
			const wire = new GrpcWire(world.server.grpcAddress);
			const message = create(ModelInferRequestSchema, init);
			const reply = await wire.call(
				ModelInfer.path,
				frame(toBinary(ModelInferRequestSchema, message)),
			);
			wire.close();
			assert.equal(reply.status, 3, reply.message);
			assert.match(reply.message, text);
		};
		const simple = { model: "simple", inputs: pair() };

		test("are typed or raw, not both", () =>
			refusal(
				{
					...toMessage(simple, "typed"),
					rawInputContents: [new Uint8Array(64), new Uint8Array(64)],
				},
				/^contents field must not be specified when using raw_input_contents for 'INPUT0' for model 'simple'/,
			));

		test("are one for each input", async () => {
			const raw = toMessage(simple, "raw");
			const bytes = new Uint8Array(64);
			await refusal(
				{ ...raw, rawInputContents: [bytes, bytes, bytes] },
				/^expected 2 raw_input_contents but got 3 for model 'simple'/,
			);
			await refusal(
				{ ...raw, rawInputContents: [bytes] },
				/^unable to find data for input tensor 'INPUT1' for model 'simple'/,
			);
		});
	});

	test("the request id leads the text of a refusal, on every transport", async () => {
		for (const transport of world.transports)
			for (const [id, prefix] of [
				["r-1", "[request id: r-1] "],
				[undefined, "[request id: <id_unknown>] "],
			] as const) {
				const outcome = await transport.infer({
					model: "simple",
					inputs: pair(9),
					...(id !== undefined && { id }),
				});
				assert.ok(!outcome.ok);
				assert.ok(outcome.text.startsWith(prefix), outcome.text);
			}
	});
});

test("strict Triton answers 500 for what is no JSON, and to the name of triton", async (t) => {
	const repository = makeModelRepository(t, "identity_fp32");
	const server = await startTestServer(
		repository,
		"--strict-triton",
		"--http-address=127.0.0.1",
		"--grpc-address=127.0.0.1",
		"--metrics-address=127.0.0.1",
	);
	const client = new HttpClient(server.http);
	const path = "/v2/models/identity_fp32/infer";
	assert.equal((await client.ask({ path, body: "{" })).status, 500);
	assert.equal((await client.ask({ path, body: '{"inputs":{}}' })).status, 500);
	const wrong = {
		...floats([1]),
		datatype: "FP32",
		shape: [1, 2],
		data: [1, 2],
		name: "x",
	};
	const refused = await client.ask({
		path,
		body: JSON.stringify({ inputs: [wrong] }),
	});
	assert.equal(refused.status, 400);
	const { body } = await client.ask({ path: "/v2" });
	assert.equal(JSON.parse(body.toString()).name, "triton");
	client.close();
	await server.close();
});
