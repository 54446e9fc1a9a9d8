// Clients that do not read, read late, write octet by octet, or stop in the middle: what they cost is bounded, and
// whoever stands still is cut off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeHeaders } from "../src/hpack/encoder.ts";
import {
	ERROR,
	FLAG,
	FRAME,
	MAX_WINDOW_BYTES,
	PREFACE,
	SETTING,
} from "../src/http2/constants.ts";
import {
	bidiMethod,
	type MethodHandler,
	type ServerCall,
} from "../src/index.ts";
import {
	data,
	type Frame,
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
import { manualTime } from "./support/manual-time.ts";
import { RawClient } from "./support/raw-client.ts";

const ECHO = "/t/Echo";
const HOLD = "/t/Hold";
const LARGE = "/t/Large";
const MIB = 1 << 20;
const EMPTY_MESSAGE = grpcMessage(Buffer.alloc(0));
const LARGE_ANSWER = { byteLength: MIB, writeTo: () => {} };
/** What the kernel keeps of a connection on the loopback, both sides together, at most. */
const KERNEL_BYTES = 32 * MIB;

/** Answers at once with a megabyte. */
function large(onAnswer: () => void): MethodHandler {
	return {
		kind: "unary",
		open: (call) => ({
			begin: (byteLength) => new Uint8Array(byteLength),
			end: () => {
				onAnswer();
				call.reply(LARGE_ANSWER);
			},
			halfClose: () => {},
			abort: () => {},
		}),
	};
}

/** A client that allows everything and reads nothing. */
async function connectWithoutReading(port: number): Promise<RawClient> {
	const client = keep(
		await RawClient.connect(port, [
			[SETTING.INITIAL_WINDOW_SIZE, MAX_WINDOW_BYTES],
		]),
	);
	const more = MAX_WINDOW_BYTES - 65_535;
	client.send(numberFrame(FRAME.WINDOW_UPDATE, 0, more));
	return client;
}

function requests(count: number, path: string): Buffer {
	return Buffer.concat(
		Array.from({ length: count }, (_, n) => [
			requestHeaders(2 * n + 1, path),
			data(2 * n + 1, EMPTY_MESSAGE),
		]).flat(),
	);
}

describeReadModes((options) => {
	test("a client that never reads is not answered beyond the backlog, and cut off in the end", async (context) => {
		const time = manualTime(context);
		let answerCount = 0;
		const { server, port } = await startServer(
			{
				[LARGE]: large(() => {
					answerCount++;
				}),
				[ECHO]: echo,
			},
			{ ...options, clock: time.clock },
		);
		const client = await connectWithoutReading(port);
		// All of it arrives in few reads: what is read must not all be answered at once.
		client.send(requests(2000, LARGE));
		await until(() => answerCount > 3);
		const bystander = openSession(port);
		for (let round = 0; round < 20; round++)
			assert.equal((await call(bystander, ECHO, EMPTY_MESSAGE)).status, "0");
		const kept = answerCount * MIB;
		assert.ok(kept <= 5 * MIB + KERNEL_BYTES, `${answerCount} MiB answered`);
		time.advance(70);
		await until(() => server.stats().connectionCount === 1);
		assert.equal((await call(bystander, ECHO, EMPTY_MESSAGE)).status, "0");
	});

	test("a client that reads late gets all its answers", async () => {
		let answerCount = 0;
		const { port } = await startServer(
			{
				[LARGE]: large(() => {
					answerCount++;
				}),
			},
			options,
		);
		const client = await connectWithoutReading(port);
		client.send(requests(100, LARGE));
		await until(() => answerCount > 3);
		assert.ok(answerCount < 100);
		client.read();
		for (let id = 1; id < 200; id += 2)
			await client.first(
				({ streamId, flags }) =>
					streamId === id && (flags & FLAG.END_STREAM) !== 0,
			);
		assert.equal(answerCount, 100);
	});

	test("answers that come later than the client stopped to read end the connection at the limit", async () => {
		const calls: ServerCall[] = [];
		const { server, port } = await startServer(
			{ [HOLD]: holding(calls, []) },
			options,
		);
		const client = await connectWithoutReading(port);
		client.send(requests(200, HOLD));
		await until(() => calls.length === 200);
		const log: string[] = [];
		for (const call of calls) call.onCancel = (reason) => log.push(reason);
		for (const call of calls) call.reply(LARGE_ANSWER);
		// The first 64 MiB wait, the calls after them are over.
		assert.ok(log.length > 100, `${log.length} calls were cancelled`);
		assert.equal(server.stats().callCount, 0);
		client.socket.destroy();
	});

	test("requests that arrive octet by octet are answered", async () => {
		const { port } = await startServer({ [ECHO]: echo }, options);
		const client = await openRaw(port);
		client.socket.setNoDelay(true);
		const message = Buffer.from("slow, but whole");
		const octets = Buffer.concat([
			requestHeaders(1, ECHO),
			data(1, grpcMessage(message).subarray(0, 7), false),
			data(1, grpcMessage(message).subarray(7)),
		]);
		for (const octet of octets)
			await new Promise((sent) =>
				client.socket.write(Uint8Array.of(octet), sent),
			);
		const answer = await client.first(({ type }) => type === FRAME.DATA);
		assert.deepEqual(answer.payload, grpcMessage(message));
	});

	const unfinishedFrames: readonly (readonly [what: string, octets: Buffer])[] =
		[
			["a frame", requestHeaders(1, HOLD).subarray(0, 12)],
			["a header block", frameBytes(FRAME.HEADERS, 0, 1, requestBlock(HOLD))],
		];
	for (const [what, octets] of unfinishedFrames)
		test(`a client that stops in the middle of ${what} is cut off`, async (context) => {
			const time = manualTime(context);
			const { port } = await startServer(
				{ [HOLD]: holding([], []) },
				{ ...options, clock: time.clock },
			);
			const client = await openRaw(port);
			const other = await openRaw(port);
			client.send(octets);
			// Its answer tells that what went before on this machine was read, too.
			await pinged(other);
			time.advance(40);
			await client.closed;
			assert.equal(client.goawayCode, ERROR.ENHANCE_YOUR_CALM);
			await pinged(other);
		});

	const unfinishedStreams: readonly (readonly [
		what: string,
		octets: Buffer,
	])[] = [
		[
			"a body of known length",
			Buffer.concat([
				requestHeaders(1, HOLD, [["content-length", "5"]]),
				data(1, EMPTY_MESSAGE.subarray(0, 4), false),
			]),
		],
		[
			"a message",
			Buffer.concat([
				requestHeaders(1, HOLD),
				data(1, grpcMessage(Buffer.alloc(5000)).subarray(0, 3000), false),
			]),
		],
		["a call that needs a message", requestHeaders(1, HOLD)],
		[
			"a request that is no gRPC",
			frameBytes(
				FRAME.HEADERS,
				FLAG.END_HEADERS,
				1,
				encodeHeaders([
					[":method", "POST"],
					[":scheme", "http"],
					[":path", "/"],
				]),
			),
		],
	];
	for (const [what, octets] of unfinishedStreams)
		test(`a stream that stops in the middle of ${what} is reset, while others of its connection go on`, async (context) => {
			const time = manualTime(context);
			const { port } = await startServer(
				{ [HOLD]: holding([], []), [ECHO]: echo },
				{ ...options, clock: time.clock },
			);
			const client = await openRaw(port);
			client.send(octets);
			for (let id = 3; id < 15; id += 2) {
				// Neither these nor other streams are progress of that one.
				await pinged(client);
				client.send(requestHeaders(id, ECHO), data(id, EMPTY_MESSAGE));
				await client.first(
					({ streamId, flags }) =>
						streamId === id && (flags & FLAG.END_STREAM) !== 0,
				);
				time.advance(5);
				const wasReset = client.frames.some(isReset);
				assert.equal(wasReset, false, `after ${time.clock.nowUs()} µs`);
			}
			time.advance(5);
			const reset = await client.first(isReset);
			assert.equal(reset.payload.readUInt32BE(), ERROR.ENHANCE_YOUR_CALM);
			await pinged(client);
		});

	test("a body that comes in drops, but comes, is not cut off", async (context) => {
		const time = manualTime(context);
		const { port } = await startServer(
			{ [ECHO]: echo },
			{ ...options, clock: time.clock },
		);
		const client = await openRaw(port);
		client.send(requestHeaders(1, ECHO));
		const body = grpcMessage(Buffer.from("12345"));
		for (const octet of body) {
			client.send(data(1, Uint8Array.of(octet), false));
			await pinged(client);
			time.advance(25);
		}
		client.send(data(1, Buffer.alloc(0)));
		const answer = await client.first(({ type }) => type === FRAME.DATA);
		assert.deepEqual(answer.payload, body);
	});

	test("streams that are idle between messages, and one that the server holds back, stay", async (context) => {
		const time = manualTime(context);
		const calls: ServerCall[] = [];
		const { port } = await startServer(
			{
				"/t/Bidi": bidiMethod<Uint8Array, Uint8Array>({
					decode: (bytes) => bytes,
					encode: (bytes) => bytes,
					handle: async (requests, send) => {
						for await (const request of requests) await send(request);
					},
				}),
				[HOLD]: holding(calls, []),
			},
			{ ...options, clock: time.clock },
		);
		const client = await openRaw(port);
		client.send(requestHeaders(1, "/t/Bidi"), data(1, EMPTY_MESSAGE, false));
		const half = grpcMessage(Buffer.alloc(100)).subarray(0, 50);
		client.send(requestHeaders(3, HOLD), data(3, half, false));
		await until(() => calls.length === 1);
		calls[0]?.pause();
		time.advance(100);
		client.frames.length = 0;
		client.send(data(1, EMPTY_MESSAGE, false));
		const answer = await client.first(({ type }) => type === FRAME.DATA);
		assert.equal(answer.streamId, 1);
	});

	test("a connection that says nothing, or not all of the preface, is cut off", async (context) => {
		const time = manualTime(context);
		const { server, port } = await startServer(
			{},
			{ ...options, clock: time.clock },
		);
		const client = await openRaw(port);
		await pinged(client);
		const part = keep(await RawClient.connectSilently(port));
		part.send(PREFACE.subarray(0, 10));
		await until(() => server.stats().connectionCount === 2);
		time.advance(12);
		part.read();
		await part.closed;
		await pinged(client);
	});

	test("a drain does not wait for a client that answers no PING, and closes what the client does not close", async (context) => {
		const time = manualTime(context);
		const { server, port } = await startServer(
			{ [ECHO]: echo },
			{ ...options, clock: time.clock },
		);
		const client = await connectWithoutReading(port);
		client.send(requests(1, ECHO));
		await until(() => server.stats().connectionCount === 1);
		const closed = server.close();
		time.advance(7);
		assert.equal(server.stats().connectionCount, 1, "ours is closed, not both");
		time.advance(7);
		await closed;
		assert.equal(server.stats().connectionCount, 0);
	});
});

const isReset = ({ type, streamId }: Frame) =>
	type === FRAME.RST_STREAM && streamId === 1;

let pingCount = 0;

async function pinged(client: RawClient): Promise<void> {
	const payload = Buffer.alloc(8);
	payload.writeUInt32BE(++pingCount);
	client.send(frameBytes(FRAME.PING, 0, 0, payload));
	await client.first(
		(frame) => frame.type === FRAME.PING && frame.payload.equals(payload),
	);
}
