// What all clients together make the server keep: taken as bytes arrive, given back when they are done with, and
// refused beyond the limit to whoever asks for more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import {
	ERROR,
	FLAG,
	FRAME,
	MAX_WINDOW_BYTES,
	SETTING,
} from "../src/http2/constants.ts";
import type { MessageSink, MethodHandler, ServerCall } from "../src/index.ts";
import {
	data,
	type Frame,
	grpcMessage,
	numberFrame,
	requestHeaders,
} from "./support/frames.ts";
import {
	call,
	describeReadModes,
	echo,
	holding,
	openRaw,
	openSession,
	startServer,
	until,
} from "./support/harness.ts";
import type { RawClient } from "./support/raw-client.ts";

const ECHO = "/t/Echo";
const HOLD = "/t/Hold";
const MIB = 1 << 20;
const EMPTY_MESSAGE = grpcMessage(Buffer.alloc(0));

/** Sends `body` in frames that the protocol always allows. */
function sendBody(client: RawClient, id: number, body: Uint8Array): void {
	for (let at = 0; at < body.length; at += 16_000)
		client.send(data(id, body.subarray(at, at + 16_000), false));
}

function ended(id: number): (frame: Frame) => boolean {
	return ({ streamId, flags }) =>
		streamId === id && (flags & FLAG.END_STREAM) !== 0;
}

describeReadModes((options) => {
	test("much that is announced costs nothing; what arrives counts until its call ends", async () => {
		const calls: ServerCall[] = [];
		const { server, port } = await startServer(
			{ [HOLD]: holding(calls, []) },
			{ ...options, maxKeptBytes: MIB },
		);
		const client = await openRaw(port);
		const begun = grpcMessage(Buffer.alloc(MIB)).subarray(0, 5 + 10_000);
		for (let id = 1; id < 40; id += 2)
			client.send(requestHeaders(id, HOLD), data(id, begun, false));
		await until(() => server.stats().keptBytes === 20 * 10_000);
		for (const held of calls.splice(0)) held.finish(0);
		assert.equal(server.stats().keptBytes, 0);
		client.send(requestHeaders(41, HOLD));
		sendBody(client, 41, grpcMessage(Buffer.alloc(500_000)));
		await until(() => server.stats().keptBytes === 500_000);
		calls[0]?.finish(0);
		assert.equal(server.stats().keptBytes, 0);
	});

	test("the call that would exceed the limit is refused, its sink told, and others go on", async () => {
		const log: string[] = [];
		const calls: ServerCall[] = [];
		const { server, port } = await startServer(
			{ [HOLD]: holding(calls, log), [ECHO]: echo },
			{ ...options, maxKeptBytes: MIB },
		);
		const [first, second] = [await openRaw(port), await openRaw(port)];
		first.send(requestHeaders(1, HOLD));
		sendBody(first, 1, grpcMessage(Buffer.alloc(900_000)));
		await until(() => server.stats().keptBytes === 900_000);
		second.send(requestHeaders(1, HOLD));
		sendBody(second, 1, grpcMessage(Buffer.alloc(300_000)));
		const refused = await second.first(ended(1));
		assert.match(refused.payload.toString("latin1"), /grpc-status.8/s);
		assert.deepEqual(log, ["abort shutdown"]);
		assert.equal(server.stats().keptBytes, 900_000);
		const small = await call(openSession(port), ECHO, EMPTY_MESSAGE);
		assert.equal(small.status, "0");
		calls[0]?.finish(0);
	});

	test("a message that is used where it was read is not kept", async () => {
		const kept: number[] = [];
		const inPlace: MethodHandler = {
			kind: "unary",
			open: (call): MessageSink => ({
				begin: (_byteLength, first) => first,
				end: () => {
					kept.push(server.stats().keptBytes);
					call.reply({ byteLength: 0, writeTo: () => {} });
				},
				halfClose: () => {},
				abort: () => {},
			}),
		};
		const { server, port } = await startServer({ "/t/Use": inPlace }, options);
		const body = grpcMessage(Buffer.alloc(1000));
		assert.equal((await call(openSession(port), "/t/Use", body)).status, "0");
		assert.deepEqual(kept, [0]);
	});

	test("of a stream the last message counts, and of one that is held back all that came meanwhile", async () => {
		const calls: ServerCall[] = [];
		const stream: MethodHandler = { ...holding(calls, []), kind: "bidi" };
		const { server, port } = await startServer({ [HOLD]: stream }, options);
		const client = await openRaw(port);
		const message = grpcMessage(Buffer.alloc(2000));
		client.send(requestHeaders(1, HOLD), data(1, message, false));
		await until(() => server.stats().keptBytes === 2000);
		client.send(data(1, message, false), data(1, EMPTY_MESSAGE, false));
		await until(() => server.stats().keptBytes === 0);
		calls[0]?.pause();
		client.send(...[1, 2, 3].map(() => data(1, message, false)));
		await until(() => server.stats().keptBytes === 6000);
		calls[0]?.resume();
		client.send(data(1, EMPTY_MESSAGE, false));
		await until(() => server.stats().keptBytes === 0);
	});

	test("what many compressed messages inflate to counts while it comes out", async () => {
		const { server, port } = await startServer(
			{ [HOLD]: holding([], []) },
			{ ...options, maxKeptBytes: 8 * MIB, maxInflateRatio: 2000 },
		);
		const client = await openRaw(port);
		const bomb = grpcMessage(gzipSync(Buffer.alloc(4 * MIB)), 1);
		const ids = Array.from({ length: 20 }, (_, n) => 2 * n + 1);
		for (const id of ids)
			client.send(
				requestHeaders(id, HOLD, [["grpc-encoding", "gzip"]]),
				data(id, bomb),
			);
		// No more than one fits beside the pieces of another.
		const refused = await Promise.all(
			ids.slice(0, 19).map(async (_, n) => {
				await until(() => client.frames.filter(isEnd).length > n);
			}),
		);
		assert.equal(refused.length, 19);
		for (const frame of client.frames.filter(isEnd))
			assert.match(frame.payload.toString("latin1"), /grpc-status.8/s);
		assert.ok(server.stats().keptBytes <= 8 * MIB);
	});

	test("answers that no client takes count across connections, and end the one that asks for more", async () => {
		const answer = { byteLength: 400_000, writeTo: () => {} };
		const large: MethodHandler = {
			kind: "unary",
			open: (call) => ({
				begin: (byteLength) => new Uint8Array(byteLength),
				end: () => call.reply(answer),
				halfClose: () => {},
				abort: () => {},
			}),
		};
		const { server, port } = await startServer(
			{ [HOLD]: large },
			{ ...options, maxKeptBytes: MIB },
		);
		const noWindow = [[SETTING.INITIAL_WINDOW_SIZE, 0]] as const;
		const clients = await Promise.all(
			[1, 2, 3].map(() => openRaw(port, noWindow)),
		);
		for (const [index, client] of clients.entries()) {
			client.send(requestHeaders(1, HOLD), data(1, EMPTY_MESSAGE));
			const isLast = index === 2;
			if (isLast) await client.closed;
			else
				await until(() => server.stats().keptBytes === (index + 1) * 400_005);
		}
		assert.equal(clients[2]?.goawayCode, ERROR.ENHANCE_YOUR_CALM);
		assert.equal(server.stats().keptBytes, 2 * 400_005);
		// One that takes its answer gives the room back.
		clients[0]?.send(
			numberFrame(FRAME.WINDOW_UPDATE, 1, MIB),
			numberFrame(FRAME.WINDOW_UPDATE, 0, MIB),
		);
		await until(() => server.stats().keptBytes === 400_005);
	});

	test("small answers to a client that does not read cost little more than their bytes", async () => {
		const calls: ServerCall[] = [];
		const stream: MethodHandler = { ...holding(calls, []), kind: "bidi" };
		const { server, port } = await startServer({ [HOLD]: stream }, options);
		const client = await openRaw(port, [
			[SETTING.INITIAL_WINDOW_SIZE, MAX_WINDOW_BYTES],
		]);
		client.send(
			numberFrame(FRAME.WINDOW_UPDATE, 0, MAX_WINDOW_BYTES - 65_535),
			requestHeaders(1, HOLD),
		);
		await until(() => calls.length === 1);
		client.socket.pause();
		const [held] = calls;
		const filler = { byteLength: MIB, writeTo: () => {} };
		while (server.stats().keptBytes === 0) {
			held?.send(filler);
			await new Promise(setImmediate);
		}
		const before = process.memoryUsage().arrayBuffers;
		const small = { byteLength: 100, writeTo: () => {} };
		for (let count = 0; count < 2000; count++) {
			held?.send(small);
			await new Promise(setImmediate);
		}
		const grownBytes = process.memoryUsage().arrayBuffers - before;
		assert.ok(grownBytes < 20 * MIB, `${grownBytes} bytes for 2000 answers`);
		client.socket.destroy();
	});
});

const isEnd = ({ flags, type }: Frame) =>
	type === FRAME.HEADERS && (flags & FLAG.END_STREAM) !== 0;
