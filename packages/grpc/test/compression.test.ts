// Compressed requests: in their order among plain ones, however they are cut, and bounded one by one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { FLAG, FRAME } from "../src/http2/constants.ts";
import { bidiMethod } from "../src/index.ts";
import { data, grpcMessage, requestHeaders } from "./support/frames.ts";
import {
	call,
	describeReadModes,
	echo,
	identity,
	openRaw,
	openSession,
	startServer,
} from "./support/harness.ts";

const PATH = "/t/Stream";
const MIB = 1 << 20;

const stream = bidiMethod<Uint8Array, Uint8Array>({
	...identity,
	handle: async (requests, send) => {
		for await (const request of requests) await send(request);
	},
});

describeReadModes((options) => {
	for (const [encoding, compress] of [
		["gzip", gzipSync],
		["deflate", deflateSync],
	] as const)
		test(`messages, ${encoding} or plain, stay in order however they share frames and reads`, async () => {
			const { port } = await startServer({ [PATH]: stream }, options);
			const client = await openRaw(port, [[4, 16 * MIB]]);
			client.socket.setNoDelay(true);
			let id = -1;
			await fc.assert(
				fc.asyncProperty(
					fc.array(
						fc.record({
							bytes: fc.uint8Array({ maxLength: 3000 }),
							isCompressed: fc.boolean(),
						}),
						{ minLength: 1, maxLength: 8 },
					),
					fc.array(fc.nat(20_000), { maxLength: 6 }),
					async (messages, cuts) => {
						id += 2;
						const streamId = id;
						const body = Buffer.concat(
							messages.map(({ bytes, isCompressed }) =>
								isCompressed
									? grpcMessage(compress(bytes), 1)
									: grpcMessage(bytes),
							),
						);
						client.frames.length = 0;
						client.send(
							requestHeaders(streamId, PATH, [["grpc-encoding", encoding]]),
						);
						const at = cuts
							.map((cut) => cut % body.length)
							.sort((a, b) => a - b);
						for (const [index, start] of [0, ...at].entries()) {
							const isLast = index === at.length;
							client.send(
								data(streamId, body.subarray(start, at[index]), isLast),
							);
						}
						const end = await client.first(
							({ type, flags }) =>
								type === FRAME.HEADERS && (flags & FLAG.END_STREAM) !== 0,
						);
						assert.match(end.payload.toString("latin1"), /grpc-status.0/s);
						const answered = client.frames
							.filter(({ type }) => type === FRAME.DATA)
							.map(({ payload }) => payload);
						assert.deepEqual(
							Buffer.concat(answered),
							Buffer.concat(messages.map(({ bytes }) => grpcMessage(bytes))),
						);
						const credit = Buffer.concat(answered).length;
						if (credit > 0) client.send(windowUpdate(credit));
					},
				),
				{ seed: 1951, numRuns: 150 },
			);
		});

	test("an empty picture may shrink a thousandfold, a bomb may not", async () => {
		const { port } = await startServer({ "/t/Echo": echo }, options);
		const client = openSession(port);
		const headers = { "grpc-encoding": "gzip" };
		const send = (byteLength: number) =>
			call(
				client,
				"/t/Echo",
				grpcMessage(gzipSync(Buffer.alloc(byteLength)), 1),
				headers,
			);
		assert.equal((await send(4 * MIB)).status, "0");
		const bomb = await send(40 * MIB);
		assert.equal(bomb.status, "8");
		assert.match(bomb.message, /inflates to more than \d+ bytes/);
	});

	test("an encoding that is not offered is told with those that are; a flag without one is an error", async () => {
		const { port } = await startServer({ "/t/Echo": echo }, options);
		const client = openSession(port);
		const body = grpcMessage(Buffer.from("x"));
		const unknown = await call(client, "/t/Echo", body, {
			"grpc-encoding": "zstd",
		});
		assert.equal(unknown.status, "12");
		assert.equal(
			unknown.fields["grpc-accept-encoding"],
			"identity,deflate,gzip",
		);
		const flagged = await call(client, "/t/Echo", grpcMessage(body, 1));
		assert.equal(flagged.status, "13");
	});

	for (const [what, bytes] of [
		["cut off", gzipSync(Buffer.alloc(10_000)).subarray(0, 20)],
		["no gzip at all", Buffer.from("plain text")],
		["empty", Buffer.alloc(0)],
	] as const)
		test(`a compressed message that is ${what} ends its call and no other`, async () => {
			const { port } = await startServer({ "/t/Echo": echo }, options);
			const client = openSession(port);
			const answer = await call(client, "/t/Echo", grpcMessage(bytes, 1), {
				"grpc-encoding": "gzip",
			});
			assert.equal(answer.status, "13");
			assert.equal(answer.message, "a message is not valid gzip");
			const fine = await call(client, "/t/Echo", grpcMessage(bytes));
			assert.equal(fine.status, "0");
		});
});

function windowUpdate(byteLength: number): Buffer {
	const frame = Buffer.alloc(13);
	frame[2] = 4;
	frame[3] = FRAME.WINDOW_UPDATE;
	frame.writeUInt32BE(byteLength, 9);
	return frame;
}
