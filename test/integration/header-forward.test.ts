// Headers that an operator's pattern names arrive with the request, as parameters, over both transports.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import { createEndpoints } from "../../packages/server/src/endpoint/endpoints.ts";
import { withForwardedHeaders } from "../../packages/server/src/endpoint/header-forward.ts";
import { composeOpen } from "../../packages/server/src/endpoint/middleware.ts";
import {
	FakeInference,
	fakeServices,
} from "../../packages/server/src/endpoint/testing/fake-services.ts";
import { SlotPool } from "../../packages/server/src/tensor/slot-pool.ts";
import { createGrpcTransport } from "../../packages/server/src/transport/grpc/server.ts";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { createHttpTransport } from "../../packages/server/src/transport/http/server.ts";
import { floats } from "../scenarios/table/requests.ts";
import { ModelInfer, toMessage } from "../scenarios/transports/grpc.ts";
import { HttpClient } from "../scenarios/transports/http.ts";

const HEADERS = {
	"x-tenant": "road",
	"x-lane": "from the header",
	"not-x-tenant": "kept out",
	authorization: "Bearer secret",
};

test("headers that match go with the request, behind its own parameters", {
	timeout: 30_000,
}, async (t) => {
	const inference = new FakeInference();
	const patterns = { http: "X-(tenant|lane)", grpc: "x-.*" };
	const open = composeOpen([withForwardedHeaders(patterns)]);
	const endpoints = createEndpoints(fakeServices(inference), open);
	const common = { endpoints, pool: new SlotPool(), clock: systemClock };
	const http = createHttpTransport({
		...common,
		strictTriton: false,
		guard: { allowedHosts: [], allowedOrigins: [] },
	});
	const grpc = createGrpcTransport({
		...common,
		draining: new AbortController().signal,
		server: {},
	});
	const httpAddress = await http.listen("127.0.0.1", 0);
	const grpcAddress = await grpc.listen({ host: "127.0.0.1", port: 0 });
	assert.ok(typeof grpcAddress === "object");
	const httpClient = new HttpClient(httpAddress);
	const grpcClient = new TestClient(`127.0.0.1:${grpcAddress.port}`);
	t.after(async () => {
		httpClient.close();
		grpcClient.close();
		await Promise.all([http.close(1000), grpc.close()]);
	});
	inference.onChange = () =>
		setImmediate(() => inference.answerHeld(inference.held.length - 1));
	const received = () =>
		Object.fromEntries(inference.held.at(-1)?.request.parameters ?? []);

	const expected = { "x-tenant": "road", "x-lane": "its own", other: "1" };
	const parameters = { "x-lane": "its own", other: "1" };
	const ask = { model: "held", inputs: [floats([1, 2])], parameters };
	const { status } = await httpClient.ask({
		path: "/v2/models/held/infer",
		headers: HEADERS,
		body: JSON.stringify({
			parameters,
			inputs: [{ name: "x", datatype: "FP32", shape: [1], data: [1] }],
		}),
	});
	assert.equal(status, 200);
	assert.deepEqual(received(), expected);

	const message = create(ModelInferRequestSchema, toMessage(ask, "raw"));
	await grpcClient.unary(ModelInfer, message, HEADERS);
	assert.deepEqual(received(), expected);

	await grpcClient.unary(ModelInfer, message);
	assert.deepEqual(received(), parameters);
});
