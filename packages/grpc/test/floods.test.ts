// Frames that cost their sender nothing, in masses: the connection is cut off with ENHANCE_YOUR_CALM, others do not
// notice, and whoever sends much because it asks for much is left alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR, FLAG, FRAME, SETTING } from "../src/http2/constants.ts";
import type { MethodHandler, ServerCall } from "../src/index.ts";
import {
	data,
	frameBytes,
	grpcMessage,
	numberFrame,
	requestBlock,
	requestHeaders,
	settings,
} from "./support/frames.ts";
import {
	call,
	describeReadModes,
	echo,
	holding,
	openRaw,
	openSession,
	startServer,
} from "./support/harness.ts";

const ECHO = "/t/Echo";
const HOLD = "/t/Hold";
/** No rate is gained by time: what is counted is the same on every machine. */
const STOPPED_CLOCK = { nowUs: () => 0 };
const EMPTY_MESSAGE = grpcMessage(Buffer.alloc(0));
const head = (id: number) => requestHeaders(id, HOLD);
const ping = (flags = 0) =>
	frameBytes(FRAME.PING, flags, 0, Buffer.alloc(8, 5));

/** Name, what opens the attack, and what is repeated with the next stream id. */
const ATTACKS: readonly (readonly [
	name: string,
	first: Buffer,
	next: (streamId: number) => Buffer,
])[] = [
	[
		"rapid reset",
		Buffer.alloc(0),
		(id) =>
			Buffer.concat([
				head(id),
				numberFrame(FRAME.RST_STREAM, id, ERROR.CANCEL),
			]),
	],
	[
		"flood of streams that make the server reset them",
		Buffer.alloc(0),
		(id) => Buffer.concat([head(id), numberFrame(FRAME.WINDOW_UPDATE, id, 0)]),
	],
	[
		"flood of malformed requests",
		Buffer.alloc(0),
		(id) =>
			frameBytes(
				FRAME.HEADERS,
				FLAG.END_HEADERS,
				id,
				requestBlock(HOLD, [["connection", "close"]]),
			),
	],
	["flood of streams beyond the limit", Buffer.alloc(0), head],
	["PING flood", Buffer.alloc(0), () => ping()],
	[
		"flood of answers to PINGs that nobody sent",
		Buffer.alloc(0),
		() => ping(FLAG.ACK),
	],
	[
		"flood of SETTINGS acknowledgements",
		Buffer.alloc(0),
		() => frameBytes(FRAME.SETTINGS, FLAG.ACK, 0),
	],
	[
		"GOAWAY flood",
		Buffer.alloc(0),
		() => frameBytes(FRAME.GOAWAY, 0, 0, Buffer.alloc(8)),
	],
	["SETTINGS flood", Buffer.alloc(0), () => settings()],
	[
		"PRIORITY flood",
		Buffer.alloc(0),
		() => frameBytes(FRAME.PRIORITY, 0, 1, Buffer.alloc(5)),
	],
	[
		"flood of frames of an unknown type",
		Buffer.alloc(0),
		() => frameBytes(0x42, 0, 0),
	],
	["empty DATA flood", head(1), () => data(1, Buffer.alloc(0), false)],
	[
		"CONTINUATION flood",
		frameBytes(FRAME.HEADERS, 0, 1, Buffer.from([0x82])),
		() => frameBytes(FRAME.CONTINUATION, 0, 1, Buffer.from([0x84])),
	],
	[
		"flood of empty CONTINUATION frames",
		frameBytes(FRAME.HEADERS, 0, 1),
		() => frameBytes(FRAME.CONTINUATION, 0, 1),
	],
];

describeReadModes((options) => {
	for (const [name, first, next] of ATTACKS)
		test(`${name}: the client is cut off, and other connections do not notice`, async () => {
			const calls: ServerCall[] = [];
			const { port } = await startServer(
				{ [ECHO]: echo, [HOLD]: holding(calls, []) },
				{ ...options, clock: STOPPED_CLOCK },
			);
			const bystander = openSession(port);
			await call(bystander, ECHO, EMPTY_MESSAGE);
			const attacker = await openRaw(port);
			const flood = Array.from({ length: 5000 }, (_, n) => next(2 * n + 1));
			attacker.send(first, ...flood);
			await attacker.closed;
			assert.equal(attacker.goawayCode, ERROR.ENHANCE_YOUR_CALM);
			// The burst and the one that was too many.
			assert.ok(calls.length <= 2001, `${calls.length} calls were begun`);
			assert.equal((await call(bystander, ECHO, EMPTY_MESSAGE)).status, "0");
		});

	test("answers that a client gives no window for are kept up to the limit, then it is cut off", async () => {
		const maxQueuedBytes = 1 << 20;
		const answerBytes = 10_000;
		let answerCount = 0;
		const large: MethodHandler = {
			kind: "unary",
			open: (call) => ({
				begin: (byteLength) => new Uint8Array(byteLength),
				end: () => {
					answerCount++;
					call.reply({ byteLength: answerBytes, writeTo: () => {} });
				},
				halfClose: () => {},
				abort: () => {},
			}),
		};
		const { server, port } = await startServer(
			{ "/t/Large": large, [ECHO]: echo },
			{ ...options, limits: { maxQueuedBytes } },
		);
		const attacker = await openRaw(port, [[SETTING.INITIAL_WINDOW_SIZE, 0]]);
		for (let id = 1; id < 2000; id += 2)
			attacker.send(requestHeaders(id, "/t/Large"), data(id, EMPTY_MESSAGE));
		await attacker.closed;
		assert.equal(attacker.goawayCode, ERROR.ENHANCE_YOUR_CALM);
		const most = Math.floor(maxQueuedBytes / (answerBytes + 5)) + 1;
		assert.ok(answerCount <= most, `${answerCount} answers were kept`);
		assert.ok(answerCount > 0.9 * most, `${answerCount} answers were kept`);
		assert.equal(server.stats().callCount, 0);
		assert.ok(!attacker.frames.some(({ type }) => type === FRAME.DATA));
		const { status } = await call(openSession(port), ECHO, EMPTY_MESSAGE);
		assert.equal(status, "0");
	});

	test("a client that takes its answer in crumbs is cut off, one that takes it in pieces is not", async () => {
		const { port } = await startServer(
			{ [ECHO]: echo },
			{ ...options, clock: STOPPED_CLOCK },
		);
		const begin = async () => {
			const client = await openRaw(port, [[SETTING.INITIAL_WINDOW_SIZE, 0]]);
			client.send(requestHeaders(1, ECHO));
			const body = grpcMessage(Buffer.alloc(600_000));
			for (let at = 0; at < body.length; at += 16_000)
				client.send(data(1, body.subarray(at, at + 16_000), false));
			client.send(
				data(1, Buffer.alloc(0)),
				numberFrame(FRAME.WINDOW_UPDATE, 0, 1_000_000),
			);
			await client.first(({ type }) => type === FRAME.HEADERS);
			return client;
		};
		const [crumbs, pieces] = [await begin(), await begin()];
		const credit = (octets: number) =>
			Array.from({ length: 2000 }, () =>
				numberFrame(FRAME.WINDOW_UPDATE, 1, octets),
			);
		crumbs.send(...credit(1));
		await crumbs.closed;
		assert.equal(crumbs.goawayCode, ERROR.ENHANCE_YOUR_CALM);
		pieces.send(...credit(301));
		await pieces.first(
			({ streamId, flags, type }) =>
				streamId === 1 &&
				type === FRAME.HEADERS &&
				(flags & FLAG.END_STREAM) !== 0,
		);
	});

	test("a client that ends each of many requests with an empty DATA frame is left alone", async () => {
		const { port } = await startServer(
			{ [ECHO]: echo },
			{ ...options, clock: STOPPED_CLOCK },
		);
		const client = await openRaw(port);
		const last = 2 * 5000 - 1;
		for (let id = 1; id <= last; id += 2) {
			client.send(
				requestHeaders(id, ECHO),
				data(id, EMPTY_MESSAGE, false),
				data(id, Buffer.alloc(0)),
			);
			if (id % 200 === 199)
				await client.first(
					({ streamId, flags }) =>
						streamId === id && (flags & FLAG.END_STREAM) !== 0,
				);
		}
		assert.ok(Number.isNaN(client.goawayCode));
	});

	test("a client that measures the path with a PING per answer is left alone", async () => {
		const { port } = await startServer(
			{ [ECHO]: echo },
			{ ...options, clock: STOPPED_CLOCK },
		);
		const client = await openRaw(port);
		let acknowledged = 0;
		for (let id = 1; id < 2 * 5000; id += 2) {
			client.send(requestHeaders(id, ECHO), data(id, EMPTY_MESSAGE));
			await client.first(
				({ streamId, type }) => streamId === id && type === FRAME.DATA,
			);
			client.frames.length = 0;
			client.send(ping());
			await client.first(
				({ type, flags }) => type === FRAME.PING && flags === FLAG.ACK,
			);
			acknowledged++;
		}
		assert.equal(acknowledged, 5000);
	});

	test("a client that keeps its connection alive too eagerly is told so in the words that it knows", async () => {
		const { port } = await startServer(
			{},
			{ ...options, clock: STOPPED_CLOCK },
		);
		const client = await openRaw(port);
		client.send(...Array.from({ length: 1100 }, () => ping()));
		await client.closed;
		const goaway = client.frames.find(({ type }) => type === FRAME.GOAWAY);
		assert.equal(goaway?.payload.subarray(8).toString(), "too_many_pings");
	});

	test("a frame that would have to be kept whole, and is longer than any request's head may be, is not taken", async () => {
		const { port } = await startServer({}, options);
		const client = await openRaw(port);
		client.send(frameBytes(0x42, 0, 0, Buffer.alloc(300_000)).subarray(0, 9));
		await client.closed;
		assert.equal(client.goawayCode, ERROR.ENHANCE_YOUR_CALM);
	});

	test("a client that gives up every other of many calls is left alone", async () => {
		const calls: ServerCall[] = [];
		const { port } = await startServer(
			{ [ECHO]: echo, [HOLD]: holding(calls, []) },
			{ ...options, clock: STOPPED_CLOCK },
		);
		const client = await openRaw(port);
		for (let id = 1; id < 4 * 5000; id += 4) {
			client.send(
				requestHeaders(id, HOLD),
				numberFrame(FRAME.RST_STREAM, id, ERROR.CANCEL),
				requestHeaders(id + 2, ECHO),
				data(id + 2, EMPTY_MESSAGE),
			);
			if (id % 400 !== 397) continue;
			await client.first(({ streamId }) => streamId === id + 2);
			client.frames.length = 0;
		}
		assert.equal(calls.length, 5000);
	});
});
