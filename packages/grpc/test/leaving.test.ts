// Clients that leave in the middle of something. That no call and no connection is left is checked after each test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR, FRAME, PREFACE } from "../src/http2/constants.ts";
import {
	bidiMethod,
	GrpcError,
	type ServerCall,
	Status,
	serverStreamMethod,
} from "../src/index.ts";
import {
	data,
	frameBytes,
	grpcMessage,
	numberFrame,
	requestBlock,
	requestHeaders,
} from "./support/frames.ts";
import {
	call,
	describeReadModes,
	echo,
	holding,
	keep,
	openRaw,
	openSession,
	startServer,
	until,
} from "./support/harness.ts";
import { RawClient } from "./support/raw-client.ts";

const ECHO = "/t/Echo";
const HOLD = "/t/Hold";
const STREAM = "/t/Stream";
const EMPTY_MESSAGE = grpcMessage(Buffer.alloc(0));
const identity = {
	decode: (bytes: Uint8Array) => bytes,
	encode: (bytes: Uint8Array) => bytes,
};

describeReadModes((options) => {
	const early: readonly (readonly [where: string, octets: Buffer])[] = [
		["the preface", PREFACE.subarray(0, 7)],
		["a frame header", Buffer.concat([PREFACE, Buffer.alloc(5)])],
		[
			"a frame",
			Buffer.concat([PREFACE, requestHeaders(1, HOLD).subarray(0, 30)]),
		],
		[
			"a header block",
			Buffer.concat([
				PREFACE,
				frameBytes(FRAME.HEADERS, 0, 1, requestBlock(HOLD).subarray(0, 20)),
			]),
		],
	];
	for (const [where, octets] of early)
		test(`a client that leaves in the middle of ${where} began no call`, async () => {
			const calls: ServerCall[] = [];
			const { server, port } = await startServer(
				{ [HOLD]: holding(calls, []), [ECHO]: echo },
				options,
			);
			const client = keep(await RawClient.connectSilently(port));
			await until(() => server.stats().connectionCount === 1);
			client.socket.end(octets);
			client.read();
			await client.closed;
			await until(() => server.stats().connectionCount === 0);
			assert.equal(calls.length, 0);
			const { status } = await call(openSession(port), ECHO, EMPTY_MESSAGE);
			assert.equal(status, "0");
		});

	test("a client may leave after any octet of what it says, and nothing is left", async () => {
		const calls: ServerCall[] = [];
		const echoStream = bidiMethod<Uint8Array, Uint8Array>({
			...identity,
			handle: async (requests, send) => {
				for await (const request of requests) await send(request);
			},
		});
		const { server, port } = await startServer(
			{ [HOLD]: holding(calls, []), [ECHO]: echo, [STREAM]: echoStream },
			options,
		);
		const message = grpcMessage(Buffer.from("sixteen octets.."));
		const session = Buffer.concat([
			PREFACE,
			requestHeaders(1, HOLD),
			data(1, message.subarray(0, 9), false),
			requestHeaders(3, STREAM),
			data(3, message, false),
			requestHeaders(5, ECHO),
			data(5, message),
			data(1, message.subarray(9)),
			numberFrame(FRAME.RST_STREAM, 1, ERROR.CANCEL),
			data(3, message),
		]);
		for (let octets = 0; octets <= session.length; octets++) {
			const client = keep(await RawClient.connectSilently(port));
			const piece = session.subarray(0, octets);
			await new Promise((sent) => client.socket.write(piece, sent));
			if (octets % 2 === 0) client.socket.destroy();
			else client.socket.resetAndDestroy();
		}
		await until(() => server.stats().connectionCount === 0);
		assert.equal(server.stats().callCount, 0);
		const { status } = await call(openSession(port), ECHO, EMPTY_MESSAGE);
		assert.equal(status, "0");
	});

	for (const how of ["ends", "resets"] as const)
		test(`a client that ${how} the connection in the middle of a message aborts it once`, async () => {
			const calls: ServerCall[] = [];
			const log: string[] = [];
			const { port } = await startServer(
				{ [HOLD]: holding(calls, log) },
				options,
			);
			const client = await openRaw(port);
			const message = grpcMessage(Buffer.alloc(50_000));
			client.send(
				requestHeaders(1, HOLD),
				data(1, message.subarray(0, 10_000), false),
			);
			await until(() => calls.length === 1);
			if (how === "ends") client.socket.end();
			else client.socket.resetAndDestroy();
			await until(() => log.length === 2);
			assert.deepEqual(log, ["abort connection", "cancel connection"]);
			assert.equal(calls[0]?.cancelled, true);
		});

	test("a client that resets its stream in the middle of a message loses that call only", async () => {
		const calls: ServerCall[] = [];
		const log: string[] = [];
		const { port } = await startServer(
			{ [HOLD]: holding(calls, log), [ECHO]: echo },
			options,
		);
		const client = await openRaw(port);
		const half = grpcMessage(Buffer.alloc(5000)).subarray(0, 3000);
		client.send(
			requestHeaders(1, HOLD),
			data(1, half, false),
			numberFrame(FRAME.RST_STREAM, 1, ERROR.CANCEL),
			requestHeaders(3, ECHO),
			data(3, EMPTY_MESSAGE),
		);
		await client.first(
			({ streamId, type }) => streamId === 3 && type === FRAME.DATA,
		);
		assert.deepEqual(log, ["abort client", "cancel client"]);
	});

	test("a server stream whose client leaves in the middle of it is told at its next send", async () => {
		let sentCount = 0;
		let failure: unknown = null;
		const endless = serverStreamMethod<Uint8Array, Uint8Array>({
			...identity,
			handle: async (_request, send) => {
				try {
					for (;;) {
						await send(Buffer.alloc(100_000));
						sentCount++;
					}
				} catch (error) {
					failure = error;
					throw error;
				}
			},
		});
		const { port } = await startServer({ [STREAM]: endless }, options);
		const client = openSession(port);
		const stream = client.request({
			":method": "POST",
			":path": STREAM,
			"content-type": "application/grpc",
		});
		stream.on("error", () => {});
		stream.end(EMPTY_MESSAGE);
		// It does not read: the stream ends up waiting for window.
		await until(() => sentCount > 5);
		client.destroy();
		await until(() => failure !== null);
		assert.ok(failure instanceof GrpcError);
		assert.equal(failure.status, Status.CANCELLED);
	});

	test("a bidirectional stream whose client leaves while it is handled ends, and what it sends goes nowhere", async () => {
		const { promise: gone, resolve: isGone } = Promise.withResolvers<void>();
		const log: string[] = [];
		const slow = bidiMethod<Uint8Array, Uint8Array>({
			...identity,
			handle: async (requests, send, call) => {
				for await (const request of requests) {
					log.push("handle");
					call.onCancel = () => isGone();
					await gone;
					// Not waited for: that it fails must not reach the process.
					void send(request);
					log.push(`cancelled ${call.cancelled}`);
				}
			},
		});
		const { port } = await startServer({ [STREAM]: slow }, options);
		const client = await openRaw(port);
		client.send(
			requestHeaders(1, STREAM),
			data(1, EMPTY_MESSAGE, false),
			data(1, EMPTY_MESSAGE, false),
		);
		await until(() => log.length === 1);
		client.socket.destroy();
		await until(() => log.length >= 2);
		assert.equal(log[1], "cancelled true");
	});
});
