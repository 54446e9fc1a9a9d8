// Back pressure of a stream, on a call that the test plays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import type { ServerCall } from "@saccade/grpc";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { systemClock } from "../../common/clock.ts";
import { createEndpoints } from "../../endpoint/endpoints.ts";
import { openContext } from "../../endpoint/middleware.ts";
import { RefusalPressure } from "../../endpoint/refusal-pressure.ts";
import {
	FakeInference,
	fakeServices,
} from "../../endpoint/testing/fake-services.ts";
import { SlotPool } from "../../tensor/slot-pool.ts";
import { InferRequestReader } from "./codec/infer-request.ts";
import { headOf } from "./head.ts";
import { StreamInferCall } from "./stream-infer.ts";

const LIMIT = 256;

class FakeCall implements ServerCall {
	readonly path = "/inference.GRPCInferenceService/ModelStreamInfer";
	readonly metadata = {
		get: () => undefined,
		getAll: () => [],
		getBinary: () => undefined,
		entries: () => [].values(),
	};
	readonly deadlineUs = Number.POSITIVE_INFINITY;
	readonly peer = "test";
	readonly cancelled = false;
	onCancel: ServerCall["onCancel"] = null;
	onDrain: ServerCall["onDrain"] = null;
	trailers: ServerCall["trailers"] = [];
	user: unknown = null;
	/** What `send` tells. */
	accepts = true;
	readonly log: string[] = [];

	sendMetadata(): void {}
	enableCompression() {
		return "identity" as const;
	}
	send(): boolean {
		this.log.push("send");
		return this.accepts;
	}
	reply(): void {}
	finish(code: number): void {
		this.log.push(`finish ${code}`);
	}
	pause(): void {
		this.log.push("pause");
	}
	resume(): void {
		this.log.push("resume");
	}
}

function setUp() {
	const inference = new FakeInference();
	const pool = new SlotPool();
	const call = new FakeCall();
	const endpoints = createEndpoints(fakeServices(inference), openContext);
	const tools = {
		endpoint: endpoints.infer,
		pool,
		reader: new InferRequestReader(),
		pressure: new RefusalPressure(() => {}),
	};
	const nowUs = () => systemClock.nowUs();
	const opened = openContext(headOf(call, "infer", nowUs()));
	assert.ok(opened.ok);
	const stream = new StreamInferCall(
		call,
		tools,
		opened.context,
		nowUs,
		new AbortController().signal,
	);
	const ask = (modelName: string) => {
		const bytes = toBinary(
			ModelInferRequestSchema,
			create(ModelInferRequestSchema, {
				modelName,
				inputs: [{ name: "x", datatype: "INT8", shape: [1n] }],
				rawInputContents: [Uint8Array.of(1)],
			}),
		);
		stream.begin(bytes.byteLength, bytes)?.set(bytes);
		stream.end();
	};
	return { inference, pool, call, stream, ask };
}

test("a stream with 256 requests under way is held back until one is answered", () => {
	const { inference, pool, call, ask } = setUp();
	for (let i = 0; i < LIMIT; i++) ask("held");
	assert.deepEqual(call.log, ["pause"]);
	inference.answerHeld(0);
	assert.deepEqual(call.log, ["pause", "send", "resume"]);
	for (let i = 1; i < LIMIT; i++) inference.answerHeld(i);
	assert.equal(pool.leasedCount, 0);
});

test("a request that is refused by its name is told before the rest of it came, in its turn, and none of it is kept", () => {
	const { inference, pool, call, stream, ask } = setUp();
	ask("held");
	const before = pool.leasedCount;
	const bytes = toBinary(
		ModelInferRequestSchema,
		create(ModelInferRequestSchema, {
			modelName: "absent",
			inputs: [{ name: "x", datatype: "INT8", shape: [600_000n] }],
			rawInputContents: [new Uint8Array(600_000)],
		}),
	);
	const target = stream.begin(bytes.byteLength, bytes.subarray(0, 1024));
	assert.ok(target === null, "it would be kept");
	assert.equal(pool.leasedCount, before);
	assert.deepEqual(call.log, [], "the one before it is answered first");
	inference.answerHeld(0);
	assert.deepEqual(call.log, ["send", "send"]);
	ask("echo");
	assert.deepEqual(call.log, ["send", "send", "send"]);
	stream.halfClose();
	assert.equal(call.log.at(-1), "finish 0");
	assert.equal(pool.leasedCount, 0);
});

test("a client that does not read its answers is held back until it does", () => {
	const { call, ask, stream } = setUp();
	call.accepts = false;
	for (let i = 0; i < LIMIT + 1; i++) ask("echo");
	assert.deepEqual(call.log, ["send", "pause"]);
	call.accepts = true;
	call.log.length = 0;
	call.onDrain?.();
	assert.equal(call.log.filter((entry) => entry === "send").length, LIMIT);
	assert.equal(call.log.at(-1), "resume");
	stream.halfClose();
	assert.equal(call.log.at(-1), "finish 0");
});

test("a cancelled stream drops everything that is under way and sends nothing", () => {
	const { inference, pool, call, ask } = setUp();
	ask("held");
	ask("held");
	call.onCancel?.("client");
	assert.deepEqual(
		inference.held.map(({ cancelled }) => cancelled),
		[true, true],
	);
	assert.deepEqual(call.log, []);
	assert.equal(pool.leasedCount, 0);
});
