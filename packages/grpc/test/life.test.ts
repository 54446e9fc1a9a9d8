// How connections live and end: keepalive, age, and the drain in two steps of RFC 9113, 6.8.
import assert from "node:assert/strict";
import { Server } from "node:net";
import { test } from "node:test";
import { ERROR, FLAG, FRAME, MAX_STREAM_ID } from "../src/http2/constants.ts";
import { createGrpcServer, type ServerCall } from "../src/index.ts";
import {
	data,
	type Frame,
	frameBytes,
	grpcMessage,
	requestHeaders,
} from "./support/frames.ts";
import {
	describeReadModes,
	echo,
	holding,
	openRaw,
	startServer,
	until,
} from "./support/harness.ts";
import { manualTime } from "./support/manual-time.ts";
import type { RawClient } from "./support/raw-client.ts";

const ECHO = "/t/Echo";
const HOLD = "/t/Hold";
const EMPTY_MESSAGE = grpcMessage(Buffer.alloc(0));

const isPing = ({ type, flags }: Frame) =>
	type === FRAME.PING && (flags & FLAG.ACK) === 0;
const isGoaway = ({ type }: Frame) => type === FRAME.GOAWAY;
const isEndOf =
	(id: number) =>
	({ streamId, flags }: Frame) =>
		streamId === id && (flags & FLAG.END_STREAM) !== 0;
const lastStreamIds = (client: RawClient) =>
	client.frames
		.filter(isGoaway)
		.map(({ payload }) => payload.readUInt32BE() & MAX_STREAM_ID);

function answerPing(client: RawClient, ping: Frame): void {
	client.send(frameBytes(FRAME.PING, FLAG.ACK, 0, ping.payload));
}

/** Returns when what was sent before has been read. */
async function synchronise(client: RawClient): Promise<void> {
	const payload = Buffer.from(`sync ${client.frames.length}`.padEnd(8), "utf8");
	client.send(frameBytes(FRAME.PING, 0, 0, payload.subarray(0, 8)));
	await client.first(
		(frame) =>
			frame.type === FRAME.PING &&
			(frame.flags & FLAG.ACK) !== 0 &&
			frame.payload.equals(payload.subarray(0, 8)),
	);
}

describeReadModes((options) => {
	test("a silent connection is asked for a sign of life, and stays as long as it gives one", async (context) => {
		const time = manualTime(context);
		const { server, port } = await startServer(
			{ [ECHO]: echo },
			{
				...options,
				clock: time.clock,
				keepaliveTimeMs: 30_000,
				keepaliveTimeoutMs: 10_000,
			},
		);
		const client = await openRaw(port);
		await synchronise(client);
		time.advance(29);
		assert.ok(!client.frames.some(isPing));
		time.advance(2);
		answerPing(client, await client.first(isPing));
		await synchronise(client);
		time.advance(15);
		assert.equal(server.stats().connectionCount, 1);
		client.frames.length = 0;
		time.advance(16);
		await client.first(isPing);
		time.advance(9);
		assert.equal(server.stats().connectionCount, 1);
		time.advance(3);
		await client.closed;
	});

	test("a drain announces itself, takes what is under way, then names the last stream and ends with it", async () => {
		const calls: ServerCall[] = [];
		const { server, port } = await startServer(
			{ [HOLD]: holding(calls, []) },
			options,
		);
		const client = await openRaw(port);
		const request = (id: number) =>
			client.send(requestHeaders(id, HOLD), data(id, EMPTY_MESSAGE));
		request(1);
		await until(() => calls.length === 1);
		const closed = server.close();
		const ping = await client.first(isPing);
		assert.deepEqual(lastStreamIds(client), [MAX_STREAM_ID]);
		// The GOAWAY and this request cross on their way.
		request(3);
		answerPing(client, ping);
		await until(() => lastStreamIds(client).length === 2);
		assert.deepEqual(lastStreamIds(client), [MAX_STREAM_ID, 3]);
		request(5);
		const refused = await client.first(({ type }) => type === FRAME.RST_STREAM);
		assert.deepEqual(
			[refused.streamId, refused.payload.readUInt32BE()],
			[5, ERROR.REFUSED_STREAM],
		);
		assert.equal(calls.length, 2);
		for (const call of calls) call.finish(0);
		await client.first(isEndOf(3));
		await client.closed;
		await closed;
		assert.ok(client.frames.some(isEndOf(1)));
	});

	test("a grace that is over cuts what is under way", async () => {
		const calls: ServerCall[] = [];
		const log: string[] = [];
		const { server, port } = await startServer(
			{ [HOLD]: holding(calls, log) },
			options,
		);
		const client = await openRaw(port);
		client.send(requestHeaders(1, HOLD), data(1, EMPTY_MESSAGE));
		await until(() => calls.length === 1);
		await server.close(20);
		assert.deepEqual(log, ["cancel shutdown"]);
		assert.equal(server.stats().connectionCount, 0);
	});

	test("a connection that is old is drained, and cut when its calls outlast the grace", async (context) => {
		const time = manualTime(context);
		const calls: ServerCall[] = [];
		const log: string[] = [];
		const { port } = await startServer(
			{ [HOLD]: holding(calls, log) },
			{
				...options,
				clock: time.clock,
				maxConnectionAgeMs: 100_000,
				// Longer than the jitter: the ages between are not cut in the step that drains them.
				maxConnectionAgeGraceMs: 40_000,
			},
		);
		const client = await openRaw(port);
		client.send(requestHeaders(1, HOLD), data(1, EMPTY_MESSAGE));
		await until(() => calls.length === 1);
		// ± 10 %
		time.advance(89);
		await synchronise(client);
		assert.deepEqual(lastStreamIds(client), []);
		time.advance(23);
		await client.first(isGoaway);
		answerPing(client, await client.first(isPing));
		await until(() => lastStreamIds(client).length === 2);
		assert.deepEqual(log, []);
		time.advance(42);
		await client.closed;
		assert.deepEqual(log, ["cancel shutdown"]);
	});

	test("connections beyond the limit are not served, and those within go on", async () => {
		const { server, port } = await startServer(
			{ [ECHO]: echo },
			{ ...options, maxConnections: 2 },
		);
		const [first] = [await openRaw(port), await openRaw(port)];
		await until(() => server.stats().connectionCount === 2);
		const third = await openRaw(port);
		await third.closed;
		first?.send(requestHeaders(1, ECHO), data(1, EMPTY_MESSAGE));
		await first?.first(isEndOf(1));
	});
});

test("an accept that fails does not end the server", async (context) => {
	const { listen } = Server.prototype;
	const listeners: Server[] = [];
	context.mock.method(
		Server.prototype,
		"listen",
		function capture(this: Server, ...args: Parameters<typeof listen>) {
			listeners.push(this);
			return listen.apply(this, args);
		},
	);
	const { port } = await startServer({ [ECHO]: echo });
	listeners[0]?.emit("error", new Error("accept EMFILE"));
	const client = await openRaw(port);
	client.send(requestHeaders(1, ECHO), data(1, EMPTY_MESSAGE));
	await client.first(isEndOf(1));
});

test("an address that is taken is told to whoever listens", async () => {
	const { port } = await startServer({});
	const second = createGrpcServer({ methods: new Map() });
	await assert.rejects(second.listen({ host: "127.0.0.1", port }), {
		code: "EADDRINUSE",
	});
	await second.close();
});

test("limits that make no sense, or that no client could know, are refused at once", () => {
	const methods = new Map();
	const refused: readonly (readonly [object, RegExp])[] = [
		[{ limits: { maxFrameBytes: 1000 } }, /maxFrameBytes .* 16384 to 16777215/],
		[{ limits: { connectionWindowBytes: 1000 } }, /from 65535 to/],
		[{ limits: { streamWindowBytes: 2 ** 31 } }, /streamWindowBytes/],
		[{ limits: { stallTimeoutUs: 0 } }, /stallTimeoutUs must be > 0/],
		[{ limits: { maxQueuedBytes: Number.NaN } }, /maxQueuedBytes/],
		[{ maxMessageBytes: -1 }, /maxMessageBytes must be >= 0, got -1/],
	];
	for (const [options, message] of refused)
		assert.throws(() => createGrpcServer({ methods, ...options }), {
			name: "RangeError",
			message,
		});
});
