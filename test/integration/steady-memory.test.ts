// After warm-up a request allocates no large buffer: bodies land in pooled slots, batches run in bound buffers, large
// answers leave from pooled ones. The server is a process of its own, so that the client's buffers do not count.
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import type { ProbeMessage } from "../support/allocation-probe.ts";
import { makeModelRepository } from "../support/model-repository.ts";

const ELEMENTS = 150_528;
const TENSOR_BYTES = 4 * ELEMENTS;
const LARGE_BYTES = 64 * 1024;
const WARM_UP_COUNT = 30;
const COUNT = 150;
/** Of the client, for whole answers at once. */
const WINDOW_BYTES = 16 * 1024 * 1024;

describe("memory in steady state", { timeout: 90_000 }, () => {
	let probe: ChildProcess;
	let session: ClientHttp2Session;
	let message: Buffer;

	before(async () => {
		const repository = makeModelRepository({ after }, "identity_fp32");
		writeFileSync(
			join(repository, "identity_fp32", "config.pbtxt"),
			`max_batch_size: 4
input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ ${ELEMENTS} ] } ]
output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ ${ELEMENTS} ] } ]
dynamic_batching { }
`,
		);
		message = requestOf(new Uint8Array(TENSOR_BYTES).fill(1));
		const script = new URL("../support/allocation-probe.ts", import.meta.url);
		probe = fork(script, [repository], { execArgv: ["-C", "source"] });
		const [ready] = (await once(probe, "message")) as [ProbeMessage];
		assert.equal(ready.kind, "ready");
		const { grpcPort } = ready as Extract<ProbeMessage, { kind: "ready" }>;
		session = connect(`http://127.0.0.1:${grpcPort}`, {
			settings: { initialWindowSize: WINDOW_BYTES },
		});
		await once(session, "connect");
		session.setLocalWindowSize(WINDOW_BYTES);
	});

	after(async () => {
		session.destroy();
		probe.disconnect();
		await once(probe, "exit");
	});

	const heldBytes = async (): Promise<number> => {
		probe.send("tell");
		const [told] = (await once(probe, "message")) as [ProbeMessage];
		return told.kind === "held" ? told.arrayBufferBytes : Number.NaN;
	};

	const infer = async (): Promise<void> => {
		const stream = session.request({
			":method": "POST",
			":path": "/inference.GRPCInferenceService/ModelInfer",
			"content-type": "application/grpc",
			te: "trailers",
		});
		stream.end(message);
		let byteLength = 0;
		for await (const chunk of stream) byteLength += (chunk as Buffer).length;
		assert.ok(byteLength > TENSOR_BYTES, "the whole answer came");
	};

	/** Requests after which the server held at least a large buffer more than before. */
	const growths = async (work: () => Promise<unknown>): Promise<number[]> => {
		for (let i = 0; i < WARM_UP_COUNT; i++) await work();
		const grown: number[] = [];
		let held = await heldBytes();
		for (let i = 0; i < COUNT; i++) {
			await work();
			const now = await heldBytes();
			if (now - held >= LARGE_BYTES) grown.push(now - held);
			held = now;
		}
		return grown;
	};

	test("requests of 602 KB with answers as large allocate no buffer of 64 KB, one by one", async () => {
		assert.deepEqual(await growths(infer), []);
	});

	test("nor in batches", async () => {
		const three = () => Promise.all([infer(), infer(), infer()]);
		const grown = await growths(three);
		// Slots and answers are as many as ever were under way at once, which timing decides, and no more.
		assert.ok(grown.length <= 3, `${grown.length} of ${COUNT}: ${grown}`);
	});
});

function requestOf(tensor: Uint8Array): Buffer {
	const bytes = toBinary(
		ModelInferRequestSchema,
		create(ModelInferRequestSchema, {
			modelName: "identity_fp32",
			inputs: [
				{ name: "INPUT0", datatype: "FP32", shape: [1n, BigInt(ELEMENTS)] },
			],
			rawInputContents: [tensor],
		}),
	);
	const prefix = Buffer.alloc(5);
	prefix.writeUInt32BE(bytes.length, 1);
	return Buffer.concat([prefix, bytes]);
}
