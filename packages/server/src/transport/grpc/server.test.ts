// The transport on a real socket, asked by grpc-js, over services that the test scripts.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type ServiceError, status } from "@grpc/grpc-js";
import type { GrpcServer } from "@saccade/grpc";
import {
	HealthCheckRequestSchema,
	HealthCheckResponseSchema,
} from "@saccade/protocol/gen/grpc/health/v1/health_pb.js";
import {
	ServerReflectionRequestSchema,
	ServerReflectionResponseSchema,
} from "@saccade/protocol/gen/grpc/reflection/v1/reflection_pb.js";
import * as pb from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { systemClock } from "../../common/clock.ts";
import { createEndpoints } from "../../endpoint/endpoints.ts";
import {
	composeOpen,
	withAdminToken,
	withDeadline,
} from "../../endpoint/middleware.ts";
import {
	FakeInference,
	fakeServices,
} from "../../endpoint/testing/fake-services.ts";
import { SlotPool } from "../../tensor/slot-pool.ts";
import { createGrpcTransport } from "./server.ts";
import { type Method, TestClient } from "./test-support/client.ts";

type Init = MessageInitShape<typeof pb.ModelInferRequestSchema>;

const SERVICE = "/inference.GRPCInferenceService";
const ModelInfer = {
	path: `${SERVICE}/ModelInfer`,
	request: pb.ModelInferRequestSchema,
	response: pb.ModelInferResponseSchema,
};
const ModelStreamInfer = {
	path: `${SERVICE}/ModelStreamInfer`,
	request: pb.ModelInferRequestSchema,
	response: pb.ModelStreamInferResponseSchema,
};
const BODY_BUDGET_BYTES = 8 * 1024 * 1024;

function requestTo(modelName: string, id = "", elementCount = 3): Init {
	const values = Float32Array.from({ length: elementCount }, (_, i) => i);
	return {
		modelName,
		id,
		inputs: [{ name: "x", datatype: "FP32", shape: [BigInt(elementCount)] }],
		rawInputContents: [new Uint8Array(values.buffer)],
	};
}

describe("the gRPC transport", () => {
	let inference: FakeInference;
	let pool: SlotPool;
	let server: GrpcServer;
	let client: TestClient;

	beforeEach(async () => {
		inference = new FakeInference();
		pool = new SlotPool(BODY_BUDGET_BYTES);
		const open = composeOpen([withAdminToken("secret"), withDeadline]);
		server = createGrpcTransport({
			draining: new AbortController().signal,
			endpoints: createEndpoints(fakeServices(inference), open),
			pool,
			clock: systemClock,
			server: {},
		});
		const address = await server.listen({ host: "127.0.0.1", port: 0 });
		assert.ok(typeof address === "object");
		client = new TestClient(`127.0.0.1:${address.port}`);
	});

	afterEach(async () => {
		client.close();
		await server.close();
		assert.equal(pool.leasedCount, 0, "a request's bytes were not released");
	});

	describe("ModelInfer", () => {
		test("answers with the id, and the tensor's bytes in raw_output_contents", async () => {
			for (const id of ["1", "2", ""]) {
				const init = requestTo("echo", id);
				const answer = await client.unary(ModelInfer, init);
				assert.equal(answer.id, id);
				assert.equal(answer.modelName, "echo");
				assert.deepEqual(
					Buffer.from(answer.rawOutputContents[0] ?? []),
					Buffer.from(init.rawInputContents?.[0] ?? []),
				);
			}
		});

		test("carries megabytes unchanged", async () => {
			const init = requestTo("echo", "big", 500_000);
			const answer = await client.unary(ModelInfer, init);
			assert.deepEqual(
				Buffer.from(answer.rawOutputContents[0] ?? []),
				Buffer.from(init.rawInputContents?.[0] ?? []),
			);
		});

		test("places large tensors on a cache line, so that a batch of one needs no copy", async () => {
			const held = new Promise<void>((resolve) => {
				inference.onChange = resolve;
			});
			const answer = client.unary(ModelInfer, requestTo("held", "", 100_000));
			await held;
			const { data } = inference.held[0]!.request.inputs[0]!;
			assert.equal(data.byteOffset % 64, 0);
			inference.answerHeld(0);
			await answer;
		});

		test("tells an unknown model as NOT_FOUND with Triton's text", async () => {
			await assertFails(
				client.unary(ModelInfer, requestTo("nope")),
				status.NOT_FOUND,
				/^Request for unknown model: 'nope' is not found$/,
			);
		});

		test("tells why work was refused, in a trailer", async () => {
			const error = await assertFails(
				client.unary(ModelInfer, requestTo("broken")),
				status.UNAVAILABLE,
				/queue is full/,
			);
			assert.deepEqual(error.metadata.get("saccade-refused-because"), [
				"queue-full",
			]);
		});

		test("refuses bodies beyond the memory for them", async () => {
			await assertFails(
				client.unary(
					ModelInfer,
					requestTo("echo", "", BODY_BUDGET_BYTES / 4 + 1),
				),
				status.UNAVAILABLE,
				/memory for request bodies is used up/,
			);
		});

		test("takes the earliest deadline into the request", async () => {
			const before = systemClock.nowUs();
			const held = new Promise<void>((resolve) => {
				inference.onChange = resolve;
			});
			const answer = client.unary(
				ModelInfer,
				message({
					...requestTo("held"),
					parameters: {
						deadline_ms: {
							parameterChoice: { case: "int64Param", value: 9000n },
						},
					},
				} as Init),
				{ "saccade-deadline-ms": "60000" },
			);
			await held;
			const { deadlineUs } = inference.held[0]!.request;
			assert.ok(deadlineUs >= before + 9e6 && deadlineUs < before + 20e6);
			inference.answerHeld(0);
			await answer;
		});

		test("drops the work of a client that leaves", async () => {
			const cancelled = new Promise<void>((resolve) => {
				inference.onChange = () => {
					if (inference.held[0]?.cancelled) resolve();
					else leave();
				};
			});
			let leave = () => {};
			const answer = client.unary(ModelInfer, requestTo("held"), {}, (call) => {
				leave = () => call.cancel();
			});
			await assertFails(answer, status.CANCELLED, /./);
			await cancelled;
		});
	});

	describe("ModelStreamInfer", () => {
		test("answers in the order of the requests, each marked as final", async () => {
			const both = new Promise<void>((resolve) => {
				inference.onChange = () => {
					if (inference.held.length === 2) resolve();
				};
			});
			const stream = client.bidi(ModelStreamInfer);
			for (const [model, id] of [
				["held", "a"],
				["echo", "b"],
				["held", "c"],
			] as const)
				stream.write(message(requestTo(model, id)));
			stream.end();
			await both;
			inference.answerHeld(1);
			inference.answerHeld(0);
			const answers = await stream.toArray();
			assert.deepEqual(
				answers.map(({ inferResponse }) => inferResponse?.id),
				["a", "b", "c"],
			);
			for (const { inferResponse } of answers)
				assert.equal(
					inferResponse?.parameters["triton_final_response"]?.parameterChoice
						.value,
					true,
				);
		});

		test("tells a failure in its answer and goes on", async () => {
			const stream = client.bidi(ModelStreamInfer);
			stream.write(message(requestTo("nope", "bad")));
			stream.write(
				message({ ...requestTo("echo", "torn"), rawInputContents: [] }),
			);
			stream.write(message(requestTo("echo", "good")));
			stream.end();
			const answers = await stream.toArray();
			assert.deepEqual(
				answers.map(({ errorMessage, inferResponse }) => [
					inferResponse?.id,
					inferResponse?.modelName,
					errorMessage.slice(0, 19),
				]),
				[
					["bad", "nope", "Request for unknown"],
					["torn", "echo", "unable to find data"],
					["good", "echo", ""],
				],
			);
		});

		test("ends with a real status when the client asked for it", async () => {
			const stream = client.bidi(ModelStreamInfer, {
				triton_grpc_error: "true",
			});
			stream.write(message(requestTo("broken")));
			await assertFails(stream.toArray(), status.UNAVAILABLE, /queue is full/);
		});

		test("answers a thousand requests that come at once", async () => {
			const stream = client.bidi(ModelStreamInfer);
			for (let i = 0; i < 1000; i++)
				stream.write(message(requestTo("echo", String(i), 1000)));
			stream.end();
			const answers = await stream.toArray();
			assert.deepEqual(
				answers.map(({ inferResponse }) => inferResponse?.id),
				Array.from({ length: 1000 }, (_, i) => String(i)),
			);
		});
	});

	describe("the other rpcs", () => {
		const rpc = <Name extends string>(name: Name) => `${SERVICE}/${name}`;

		test("tell what is live, ready, and who answers", async () => {
			const live = await client.unary(
				{
					path: rpc("ServerLive"),
					request: pb.ServerLiveRequestSchema,
					response: pb.ServerLiveResponseSchema,
				},
				{},
			);
			assert.equal(live.live, true);
			const metadata = await client.unary(
				{
					path: rpc("ServerMetadata"),
					request: pb.ServerMetadataRequestSchema,
					response: pb.ServerMetadataResponseSchema,
				},
				{},
			);
			assert.equal(metadata.name, "fake");
		});

		test("call an absent model not ready, without an error", async () => {
			const method = {
				path: rpc("ModelReady"),
				request: pb.ModelReadyRequestSchema,
				response: pb.ModelReadyResponseSchema,
			};
			const ask = async (name: string) =>
				(await client.unary(method, { name })).ready;
			assert.deepEqual([await ask("echo"), await ask("nope")], [true, false]);
			await assertFails(
				client.unary(method, { name: "echo", version: "x" }),
				status.INVALID_ARGUMENT,
				/failed to get model version from specified version string 'x'/,
			);
		});

		test("need the admin token for what changes the server, not for reading it", async () => {
			const trace: Method<
				typeof pb.TraceSettingRequestSchema,
				typeof pb.TraceSettingResponseSchema
			> = {
				path: rpc("TraceSetting"),
				request: pb.TraceSettingRequestSchema,
				response: pb.TraceSettingResponseSchema,
			};
			const log: Method<
				typeof pb.LogSettingsRequestSchema,
				typeof pb.LogSettingsResponseSchema
			> = {
				path: rpc("LogSettings"),
				request: pb.LogSettingsRequestSchema,
				response: pb.LogSettingsResponseSchema,
			};
			const change = { settings: { trace_rate: { value: ["1"] } } };
			const read = await client.unary(trace, {});
			assert.deepEqual(read.settings["trace_rate"]?.value, ["1000"]);
			await assertFails(
				client.unary(trace, change),
				status.UNAUTHENTICATED,
				/trace.set needs the admin token/,
			);
			await assertFails(
				client.unary(log, {
					settings: {
						log_info: { parameterChoice: { case: "boolParam", value: false } },
					},
				}),
				status.UNAUTHENTICATED,
				/logging.set needs the admin token/,
			);
			const changed = await client.unary(trace, change, {
				authorization: "Bearer secret",
			});
			assert.deepEqual(changed.settings["trace_rate"]?.value, ["1"]);
		});

		test("answer health checks, and NOT_FOUND for services that are not here", async () => {
			const method = {
				path: "/grpc.health.v1.Health/Check",
				request: HealthCheckRequestSchema,
				response: HealthCheckResponseSchema,
			};
			assert.equal((await client.unary(method, {})).status, 1);
			await assertFails(
				client.unary(method, { service: "nope" }),
				status.NOT_FOUND,
				/unknown service 'nope'/,
			);
		});

		for (const version of ["v1", "v1alpha"])
			test(`describe themselves over reflection ${version}`, async () => {
				const stream = client.bidi({
					path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
					request: ServerReflectionRequestSchema,
					response: ServerReflectionResponseSchema,
				});
				for (const messageRequest of [
					{ case: "listServices", value: "" },
					{
						case: "fileContainingSymbol",
						value: "inference.ModelInferRequest.InferInputTensor",
					},
					{ case: "fileByFilename", value: "nope.proto" },
				] as const)
					stream.write(
						create(ServerReflectionRequestSchema, { messageRequest }),
					);
				stream.end();
				const [services, files, absent] = await stream.toArray();
				const list = services.messageResponse.value.service;
				assert.ok(
					list.some(
						({ name }: { name: string }) =>
							name === "inference.GRPCInferenceService",
					),
				);
				assert.equal(
					files.messageResponse.value.fileDescriptorProto.length,
					2,
					"the file and the one that it imports",
				);
				assert.equal(absent.messageResponse.case, "errorResponse");
			});
	});
});

function message(init: Init) {
	return create(pb.ModelInferRequestSchema, init);
}

async function assertFails(
	answer: Promise<unknown>,
	code: status,
	text: RegExp,
): Promise<ServiceError> {
	const error = await answer.then(
		() => assert.fail("it was answered"),
		(reason: ServiceError) => reason,
	);
	assert.equal(error.code, code, error.message);
	assert.match(error.details, text);
	return error;
}
