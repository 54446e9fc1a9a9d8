// Many calls over one connection, with no more of them open at once than the server allows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FLAG } from "../src/http2/constants.ts";
import { type ServerCall, unaryMethod } from "../src/index.ts";
import { data, grpcMessage, requestHeaders } from "./support/frames.ts";
import {
	call,
	describeReadModes,
	holding,
	openRaw,
	openSession,
	startServer,
	until,
} from "./support/harness.ts";

const CALL_COUNT = 10_000;
const OPEN_COUNT = 100;

describeReadModes((options) => {
	test("10,000 calls over one connection, 100 at once, are each answered once", async () => {
		let open = 0;
		let mostOpen = 0;
		const echo = unaryMethod<Uint8Array, Uint8Array>({
			decode: (bytes) => bytes,
			encode: (bytes) => bytes,
			open: () => {
				open++;
				mostOpen = Math.max(mostOpen, open);
			},
			handle: async (bytes) => {
				await new Promise(setImmediate);
				open--;
				return bytes;
			},
		});
		const { server, port } = await startServer(
			{ "/t/Echo": echo },
			{ ...options, limits: { maxConcurrentStreams: OPEN_COUNT } },
		);
		const client = openSession(port);
		const answered = new Set<string>();
		let next = 0;
		const worker = async () => {
			while (next < CALL_COUNT) {
				const text = `message ${next++}`;
				const body = grpcMessage(Buffer.from(text));
				const answer = await call(client, "/t/Echo", body);
				assert.equal(answer.status, "0", answer.message);
				assert.ok(answer.body.equals(body));
				answered.add(text);
			}
		};
		await Promise.all(Array.from({ length: OPEN_COUNT }, worker));
		assert.equal(answered.size, CALL_COUNT);
		assert.ok(mostOpen > 1 && mostOpen <= OPEN_COUNT, `${mostOpen} were open`);
		assert.equal(server.stats().callCount, 0);
	});

	test("10,000 streams that are open at once are each answered, last opened first", async () => {
		const calls: ServerCall[] = [];
		const { server, port } = await startServer(
			{ "/t/Hold": holding(calls, []) },
			{ ...options, limits: { maxConcurrentStreams: CALL_COUNT } },
		);
		const client = await openRaw(port);
		for (let id = 1; id < 2 * CALL_COUNT; id += 2)
			client.send(
				requestHeaders(id, "/t/Hold"),
				data(id, grpcMessage(Buffer.alloc(3))),
			);
		await until(() => calls.length === CALL_COUNT);
		assert.equal(server.stats().callCount, CALL_COUNT);
		assert.equal(server.stats().keptBytes, 3 * CALL_COUNT);
		for (const held of calls.reverse()) held.finish(0);
		await client.first(({ streamId, type }) => type === 1 && streamId === 1);
		const ended = client.frames.filter(
			({ type, flags }) => type === 1 && (flags & FLAG.END_STREAM) !== 0,
		);
		assert.deepEqual(
			ended.map(({ streamId }) => streamId),
			Array.from({ length: CALL_COUNT }, (_, n) => 2 * (CALL_COUNT - n) - 1),
		);
	});

	test("streams beyond the limit are refused so that the client may try again, others go on", async () => {
		const calls: ServerCall[] = [];
		const { port } = await startServer(
			{ "/t/Hold": holding(calls, []) },
			{ ...options, limits: { maxConcurrentStreams: 3 } },
		);
		const client = await openRaw(port);
		const request = (id: number) => [
			requestHeaders(id, "/t/Hold"),
			data(id, grpcMessage(Buffer.alloc(0))),
		];
		client.send(...[1, 3, 5, 7].flatMap(request));
		const refused = await client.first(({ type }) => type === 3);
		assert.deepEqual(
			[refused.streamId, refused.payload.readUInt32BE()],
			[7, 7],
		);
		assert.equal(calls.length, 3);
		for (const call of calls) call.finish(0);
		client.send(...request(9));
		await until(() => calls.length === 4);
		calls[3]?.finish(0);
		await client.first(
			({ streamId, flags }) =>
				streamId === 9 && (flags & FLAG.END_STREAM) !== 0,
		);
	});
});
