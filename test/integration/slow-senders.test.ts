// Senders that stop in the middle of a message to a model that is batched: they hold no place in a batch, nobody waits
// for them, and the deadline that they named ends them, bytes and all.
import assert from "node:assert/strict";
import { type ClientHttp2Session, connect } from "node:http2";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { floats } from "../scenarios/table/requests.ts";
import { ModelInfer, toMessage } from "../scenarios/transports/grpc.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { frame, GrpcWire } from "../support/grpc-wire.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

const SLOW_COUNT = 20;
const DEADLINE_MS = 3000;
const DEADLINE_EXCEEDED = "4";

function messageOf(count: number): Buffer {
	const request = {
		model: "batched",
		inputs: [floats(new Array<number>(count).fill(1))],
	};
	return frame(
		toBinary(
			ModelInferRequestSchema,
			create(ModelInferRequestSchema, toMessage(request, "raw")),
		),
	);
}

/** Sends half of a large message. Resolves to the status that it is told. */
function sendHalf(session: ClientHttp2Session): Promise<string> {
	return new Promise((resolve, reject) => {
		const stream = session.request({
			":method": "POST",
			":path": ModelInfer.path,
			"content-type": "application/grpc",
			"grpc-timeout": `${DEADLINE_MS}m`,
			te: "trailers",
		});
		stream.on("response", (head) => resolve(String(head["grpc-status"])));
		stream.on("error", reject);
		const message = messageOf(100_000);
		stream.write(message.subarray(0, message.byteLength / 2));
	});
}

test("senders that stop in the middle delay nobody, and end at their deadline", {
	timeout: 60_000,
}, async (t) => {
	const repository = makeModelRepository(t);
	addFakeModel(repository, "batched", {
		curveMs: { 1: 5, 8: 8 },
		config: "dynamic_batching { }",
	});
	const server = await startTestServer(repository);
	const session = connect(`http://${server.grpcAddress}`);
	const wire = new GrpcWire(server.grpcAddress);
	const startMs = performance.now();
	const slow = Promise.all(
		Array.from({ length: SLOW_COUNT }, () => sendHalf(session)),
	);
	await until(
		"their bytes are kept",
		async () => server.server.resources().bodyLeaseCount >= SLOW_COUNT,
	);
	let slowestMs = 0;
	let answeredCount = 0;
	while (performance.now() - startMs < DEADLINE_MS / 2) {
		const askedMs = performance.now();
		const replies = await Promise.all(
			Array.from({ length: 8 }, () => wire.call(ModelInfer.path, messageOf(2))),
		);
		slowestMs = Math.max(slowestMs, performance.now() - askedMs);
		for (const { status, message } of replies) assert.equal(status, 0, message);
		answeredCount += replies.length;
	}
	t.diagnostic(
		`${answeredCount} answered beside them, slowest ${slowestMs} ms`,
	);
	assert.ok(answeredCount > 0);
	assert.ok(slowestMs < DEADLINE_MS / 2, `one took ${slowestMs} ms`);
	for (const status of await slow) assert.equal(status, DEADLINE_EXCEEDED);
	assert.ok(performance.now() - startMs >= DEADLINE_MS - 1);
	await until(
		"nothing of theirs is kept",
		async () => server.server.resources().bodyLeaseCount === 0,
	);
	wire.close();
	session.destroy();
	await server.close();
});
