// The one budget of bytes for request bodies: whatever is sent at once over both transports, what is kept never passes
// it, whoever finds no room is told so, and all of it is given back.
import assert from "node:assert/strict";
import { type ClientHttp2Stream, connect } from "node:http2";
import { after, before, describe, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import type { GrpcServer } from "@saccade/grpc";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import { createEndpoints } from "../../packages/server/src/endpoint/endpoints.ts";
import { openContext } from "../../packages/server/src/endpoint/middleware.ts";
import {
	FakeInference,
	fakeServices,
} from "../../packages/server/src/endpoint/testing/fake-services.ts";
import { LocalByteBudget } from "../../packages/server/src/tensor/byte-budget.ts";
import {
	SLOT_BYTES,
	SlotPool,
} from "../../packages/server/src/tensor/slot-pool.ts";
import { createGrpcTransport } from "../../packages/server/src/transport/grpc/server.ts";
import {
	createHttpTransport,
	type HttpTransport,
} from "../../packages/server/src/transport/http/server.ts";
import { frame, GrpcWire } from "../support/grpc-wire.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const LIMIT_BYTES = 16 * MIB;
/** A little over a power of two: its slot is larger than what counts. */
const BODY_BYTES = 2 * MIB + 1000;
const CLIENTS = 12;
const INFER = "/inference.GRPCInferenceService/ModelInfer";
const STREAM = "/inference.GRPCInferenceService/ModelStreamInfer";

/** Remembers the most that was ever taken. */
class WatchedBudget extends LocalByteBudget {
	mostBytes = 0;

	override take(byteCount: number): boolean {
		const isTaken = super.take(byteCount);
		this.mostBytes = Math.max(this.mostBytes, this.usedBytes);
		return isTaken;
	}
}

function messageTo(modelName: string, byteLength: number): Buffer {
	const message = create(ModelInferRequestSchema, {
		modelName,
		inputs: [{ name: "x", datatype: "UINT8", shape: [BigInt(byteLength)] }],
		rawInputContents: [new Uint8Array(byteLength)],
	});
	return frame(toBinary(ModelInferRequestSchema, message));
}

function jsonTo(byteLength: number): string {
	return JSON.stringify({
		pad: "x".repeat(byteLength),
		inputs: [{ name: "x", datatype: "UINT8", shape: [1], data: [1] }],
	});
}

describe("the budget of request bodies", { timeout: 120_000 }, () => {
	let budget: WatchedBudget;
	let pool: SlotPool;
	let inference: FakeInference;
	let http: HttpTransport;
	let grpc: GrpcServer;
	let httpBase: string;
	let grpcAddress: string;

	before(async () => {
		budget = new WatchedBudget(LIMIT_BYTES);
		pool = new SlotPool(budget);
		inference = new FakeInference();
		const common = {
			endpoints: createEndpoints(fakeServices(inference), openContext),
			pool,
			clock: systemClock,
		};
		http = createHttpTransport({
			...common,
			strictTriton: false,
			guard: { allowedHosts: [], allowedOrigins: [] },
			limits: {},
		});
		grpc = createGrpcTransport({
			...common,
			draining: new AbortController().signal,
			server: {},
		});
		const { port } = await http.listen("127.0.0.1", 0);
		httpBase = `http://127.0.0.1:${port}/v2/models`;
		const address = await grpc.listen({ host: "127.0.0.1", port: 0 });
		assert.ok(typeof address === "object");
		grpcAddress = `127.0.0.1:${address.port}`;
	});
	after(async () => {
		await http.close(1000);
		grpc.destroy();
	});

	const isFree = () => pool.leasedCount === 0 && budget.usedBytes <= SLOT_BYTES;

	/** Resolves to whether it was answered. Asserts that a refusal says why. */
	const overHttp = async (
		model: string,
		body: string | ReadableStream<Uint8Array>,
	) => {
		const answer = await fetch(`${httpBase}/${model}/infer`, {
			method: "POST",
			body,
			...(body instanceof ReadableStream && { duplex: "half" }),
		} as RequestInit);
		const text = await answer.text();
		if (answer.status === 200) return true;
		assert.equal(answer.status, 503, text);
		assert.match(text, /memory for request bodies is used up/);
		return false;
	};
	const overGrpc = async (
		wire: GrpcWire,
		path: string,
		model: string,
		byteLength: number,
	) => {
		const reply = await wire.call(path, messageTo(model, byteLength));
		if (path === STREAM) {
			assert.equal(reply.status, 0, reply.message);
			const text = reply.messages[0]?.toString("latin1") ?? "";
			return !text.includes("memory for request bodies is used up");
		}
		if (reply.status === 0) return true;
		assert.equal(reply.status, 14, reply.message);
		assert.match(reply.message, /memory for request bodies is used up/);
		return false;
	};
	const inChunks = (text: string) =>
		new ReadableStream<Uint8Array>({
			start(controller) {
				const bytes = Buffer.from(text);
				for (let at = 0; at < bytes.length; at += 100_000)
					controller.enqueue(bytes.subarray(at, at + 100_000));
				controller.close();
			},
		});
	const smallIsServed = async () => {
		const wire = new GrpcWire(grpcAddress);
		assert.ok(await overHttp("echo", jsonTo(10)));
		assert.ok(await overHttp("echo", inChunks(jsonTo(10))));
		assert.ok(await overGrpc(wire, INFER, "echo", 10));
		assert.ok(await overGrpc(wire, STREAM, "echo", 10));
		wire.close();
	};

	test("counts a gRPC message as it arrives, and gives it back when its client leaves", async () => {
		for (const path of [INFER, STREAM]) {
			const session = connect(`http://${grpcAddress}`);
			const stream: ClientHttp2Stream = session.request({
				":method": "POST",
				":path": path,
				"content-type": "application/grpc",
				te: "trailers",
			});
			stream.on("error", () => {});
			stream.write(messageTo("held", BODY_BYTES).subarray(0, MIB));
			await until("a MiB has arrived", async () => budget.usedBytes >= MIB - 5);
			assert.ok(budget.usedBytes <= MIB + SLOT_BYTES);
			session.destroy();
			await until("it is given back", async () => isFree());
		}
	});

	test("is never passed by a flood over both transports, and is free after it", async (t) => {
		budget.mostBytes = 0;
		const answered = { http: 0, chunks: 0, unary: 0, stream: 0 };
		const wires = Array.from(
			{ length: CLIENTS },
			() => new GrpcWire(grpcAddress),
		);
		t.after(() => {
			for (const wire of wires) wire.close();
		});
		const json = jsonTo(BODY_BYTES);
		const count = async (
			kind: keyof typeof answered,
			asked: Promise<boolean>,
		) => {
			if (await asked) answered[kind]++;
		};
		// What is held stays until all others were turned away.
		const flood = Promise.all(
			wires.flatMap((wire) => [
				count("http", overHttp("held", json)),
				count("chunks", overHttp("held", inChunks(json))),
				count("unary", overGrpc(wire, INFER, "held", BODY_BYTES)),
				count("stream", overGrpc(wire, STREAM, "held", BODY_BYTES)),
			]),
		);
		let heldCount = 0;
		const release = setInterval(() => {
			for (; heldCount < inference.held.length; heldCount++)
				inference.answerHeld(heldCount);
		}, 200);
		await flood;
		clearInterval(release);
		const sum = Object.values(answered).reduce((a, b) => a + b);
		t.diagnostic(
			`${JSON.stringify(answered)} of ${CLIENTS} each; at most ${budget.mostBytes} of ${LIMIT_BYTES} bytes`,
		);
		assert.ok(budget.mostBytes <= LIMIT_BYTES, `${budget.mostBytes} bytes`);
		assert.ok(budget.mostBytes > LIMIT_BYTES / 2, "it was a flood");
		assert.ok(sum > 0, "some found room");
		assert.ok(sum < 4 * CLIENTS, "some found none");
		await until("all is given back", async () => isFree());
		await smallIsServed();
	});
});
