// node:http2 as the oracle: the same octets go to a server of ours and to one of Node's, in pieces cut at random, and
// a client must not see a difference.
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { FLAG, FRAME, PREFACE } from "../src/http2/constants.ts";
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
	describeReadModes,
	echo,
	startServer,
	until,
} from "./support/harness.ts";
import {
	type Oracle,
	type Outcome,
	outcomeOf,
	settled,
	startOracle,
} from "./support/oracle.ts";
import { RawClient } from "./support/raw-client.ts";

const ECHO = "/t/Echo";
const BIG_WINDOW = settings([[4, 1 << 20]]);

let oracle: Oracle;
before(async () => {
	oracle = await startOracle();
});
after(() => oracle.close());

async function sendInPieces(
	client: RawClient,
	bytes: Buffer,
	cuts: readonly number[],
): Promise<void> {
	const at = [...new Set(cuts.map((cut) => cut % bytes.length))].sort(
		(a, b) => a - b,
	);
	for (const [index, start] of [0, ...at].entries()) {
		const piece = bytes.subarray(start, at[index] ?? bytes.length);
		if (piece.length === 0 || client.socket.destroyed) continue;
		await new Promise((sent) => client.socket.write(piece, sent));
	}
}

/** What a server makes of `bytes`, at the latest when `endCount` streams have ended. */
async function ask(
	port: number,
	bytes: Buffer,
	cuts: readonly number[],
	endCount: number,
): Promise<Outcome> {
	const client = await RawClient.connectSilently(port);
	client.read();
	client.socket.setNoDelay(true);
	await sendInPieces(client, bytes, cuts);
	await settled(client);
	const outcome = () => outcomeOf(client.frames, client.goawayCode);
	const endsOf = ({ streams }: Outcome) =>
		Object.values(streams).filter(
			({ isEnded, resetCode }) => isEnded || resetCode !== undefined,
		);
	await until(
		() =>
			endsOf(outcome()).length >= endCount || !Number.isNaN(client.goawayCode),
	);
	client.socket.destroy();
	await client.closed;
	return outcome();
}

/** One request, in frames as a client may cut them: padded, with priority, with its block in several frames. */
const request = fc.record({
	message: fc.uint8Array({ maxLength: 3000 }),
	fields: fc.array(
		fc.tuple(
			fc.stringMatching(/^x-[a-z0-9-]{1,12}$/),
			fc.stringMatching(/^[!-~]{1,60}$/),
		),
		{ maxLength: 4 },
	),
	blockCuts: fc.array(fc.nat(200), { maxLength: 3 }),
	dataCuts: fc.array(fc.nat(3000), { maxLength: 3 }),
	paddingBytes: fc.option(fc.nat(255)),
	hasPriority: fc.boolean(),
	endsApart: fc.boolean(),
});
type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
	const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort(
		(a, b) => a - b,
	);
	return [0, ...at].map((start, index) =>
		bytes.subarray(start, at[index] ?? bytes.length),
	);
}

/** Its header frames belong together; its data frames may stand between those of others. */
function framesOf(
	id: number,
	{ message, fields, blockCuts, dataCuts, ...how }: Request,
): { readonly head: Buffer; readonly body: Buffer[] } {
	const blocks = pieces(requestBlock(ECHO, fields), blockCuts);
	const headFrames = blocks.map((block, index) => {
		const isLast = index === blocks.length - 1;
		const end = isLast ? FLAG.END_HEADERS : 0;
		if (index > 0) return frameBytes(FRAME.CONTINUATION, end, id, block);
		const priority = Buffer.from([0, 0, 0, 0, 15]);
		return how.hasPriority
			? frameBytes(
					FRAME.HEADERS,
					end | FLAG.PRIORITY,
					id,
					Buffer.concat([priority, block]),
				)
			: frameBytes(FRAME.HEADERS, end, id, block);
	});
	const parts = pieces(grpcMessage(message), dataCuts);
	const body = parts.map((part, index) => {
		const isEnd = index === parts.length - 1 && !how.endsApart;
		if (how.paddingBytes === null) return data(id, part, isEnd);
		const padded = [Buffer.from([how.paddingBytes]), part];
		padded.push(Buffer.alloc(how.paddingBytes));
		const flags = FLAG.PADDED | (isEnd ? FLAG.END_STREAM : 0);
		return frameBytes(FRAME.DATA, flags, id, Buffer.concat(padded));
	});
	if (how.endsApart) body.push(data(id, Buffer.alloc(0)));
	return { head: Buffer.concat(headFrames), body };
}

/** Heads in their order, and the data of all streams mixed as `order` says. */
function sessionOf(
	requests: readonly Request[],
	order: readonly number[],
): Buffer {
	const all = requests.map((one, index) => framesOf(2 * index + 1, one));
	const queues = all.map(({ body }) => [...body]);
	const frames: Buffer[] = [];
	let opened = 0;
	let turn = 0;
	while (opened < all.length || queues.some(({ length }) => length > 0)) {
		const choice = (order[turn++ % order.length] ?? 0) % (all.length + 1);
		const next = choice < opened ? queues[choice]?.shift() : undefined;
		if (next !== undefined) frames.push(next);
		else if (opened < all.length) frames.push(all[opened++]?.head ?? PREFACE);
		else
			frames.push(queues.find(({ length }) => length > 0)?.shift() ?? PREFACE);
	}
	return Buffer.concat([PREFACE, BIG_WINDOW, ...frames]);
}

/** What breaks a rule, after a preface and SETTINGS. */
const VIOLATIONS: Readonly<Record<string, Buffer[]>> = {
	"DATA on stream 0": [data(0, Buffer.from("x"))],
	"DATA on an idle stream": [data(1, Buffer.from("x"))],
	"HEADERS on stream 0": [requestHeaders(0, ECHO)],
	"HEADERS on an even stream": [requestHeaders(2, ECHO)],
	"PING on a stream": [frameBytes(FRAME.PING, 0, 1, Buffer.alloc(8))],
	"PING of 7 bytes": [frameBytes(FRAME.PING, 0, 0, Buffer.alloc(7))],
	"SETTINGS on a stream": [frameBytes(FRAME.SETTINGS, 0, 1)],
	"SETTINGS of 5 bytes": [frameBytes(FRAME.SETTINGS, 0, 0, Buffer.alloc(5))],
	"SETTINGS acknowledgement with a payload": [
		frameBytes(FRAME.SETTINGS, FLAG.ACK, 0, Buffer.alloc(6)),
	],
	"ENABLE_PUSH of 2": [settings([[2, 2]])],
	"INITIAL_WINDOW_SIZE of 2^31": [settings([[4, 2 ** 31]])],
	"MAX_FRAME_SIZE of 100": [settings([[5, 100]])],
	"WINDOW_UPDATE of 0 on the connection": [
		numberFrame(FRAME.WINDOW_UPDATE, 0, 0),
	],
	"WINDOW_UPDATE beyond 2^31-1 on the connection": [
		numberFrame(FRAME.WINDOW_UPDATE, 0, 2 ** 31 - 1),
	],
	"WINDOW_UPDATE of 3 bytes": [
		frameBytes(FRAME.WINDOW_UPDATE, 0, 0, Buffer.alloc(3)),
	],
	"WINDOW_UPDATE on an idle stream": [numberFrame(FRAME.WINDOW_UPDATE, 9, 1)],
	"RST_STREAM on stream 0": [numberFrame(FRAME.RST_STREAM, 0, 8)],
	"RST_STREAM on an idle stream": [numberFrame(FRAME.RST_STREAM, 9, 8)],
	"RST_STREAM of 3 bytes": [
		requestHeaders(1, ECHO),
		frameBytes(FRAME.RST_STREAM, 0, 1, Buffer.alloc(3)),
	],
	"CONTINUATION without HEADERS": [
		frameBytes(FRAME.CONTINUATION, 4, 1, Buffer.from([0x82])),
	],
	"a frame inside a header block": [
		frameBytes(FRAME.HEADERS, 0, 1, requestBlock(ECHO)),
		frameBytes(FRAME.PING, 0, 0, Buffer.alloc(8)),
	],
	"PUSH_PROMISE from a client": [
		frameBytes(FRAME.PUSH_PROMISE, 4, 1, Buffer.from([0, 0, 0, 2, 0x82])),
	],
	"a table index that does not exist": [
		frameBytes(FRAME.HEADERS, 5, 1, Buffer.from([0xff, 0xff, 0x7f])),
	],
	"padding longer than the frame": [
		requestHeaders(1, ECHO),
		frameBytes(FRAME.DATA, FLAG.PADDED, 1, Buffer.from([5, 1])),
	],
	"an upper-case field name": [requestHeaders(1, ECHO, [["Upper", "x"]])],
	"a connection field": [requestHeaders(1, ECHO, [["connection", "close"]])],
	"te that is not trailers": [requestHeaders(1, ECHO, [["te", "gzip"]])],
	"a pseudo-header that is unknown": [requestHeaders(1, ECHO, [[":odd", "x"]])],
	"a frame that is too large": [
		frameBytes(FRAME.DATA, 0, 1, Buffer.alloc(1)).fill(0xff, 0, 3),
	],
};

describeReadModes((options) => {
	test("requests of any form, mixed and cut at random, are answered as node:http2 answers them", async () => {
		const { port } = await startServer({ [ECHO]: echo }, options);
		await fc.assert(
			fc.asyncProperty(
				fc.array(request, { minLength: 1, maxLength: 5 }),
				fc.array(fc.nat(20), { minLength: 1, maxLength: 20 }),
				fc.array(fc.nat(20_000), { maxLength: 15 }),
				async (requests, order, cuts) => {
					const bytes = sessionOf(requests, order);
					const [ours, theirs] = await Promise.all([
						ask(port, bytes, cuts, requests.length),
						ask(oracle.port, bytes, cuts, requests.length),
					]);
					assert.deepEqual(ours, theirs);
					for (const [index, { message }] of requests.entries()) {
						const { body, grpcStatus } = ours.streams[2 * index + 1] ?? {};
						assert.equal(body, grpcMessage(message).toString("hex"));
						assert.equal(grpcStatus, "0");
					}
				},
			),
			{ seed: 9113, numRuns: 100 },
		);
	});

	for (const [what, frames] of Object.entries(VIOLATIONS))
		test(`${what}: the same error as node:http2 tells`, async () => {
			const { port } = await startServer({ [ECHO]: echo }, options);
			const bytes = Buffer.concat([PREFACE, BIG_WINDOW, ...frames]);
			const ours = await ask(port, bytes, [], 1);
			const theirs = await ask(oracle.port, bytes, [], 1);
			assert.deepEqual(ours, theirs);
		});

	test("what Node's own client says, its table and its Huffman code, cut octet by octet", async () => {
		const recorded = await recordNodeClient(40);
		const { port } = await startServer({ [ECHO]: echo }, options);
		const everyOctet = Array.from({ length: recorded.length }, (_, at) => at);
		const [ours, theirs] = [
			await ask(port, recorded, everyOctet, 40),
			await ask(oracle.port, recorded, [], 40),
		];
		assert.deepEqual(ours, theirs);
		assert.equal(Object.keys(ours.streams).length, 40);
		assert.ok(Number.isNaN(ours.goawayCode));
	});
});

/** The octets that a node:http2 client sends for requests whose heads differ. */
async function recordNodeClient(count: number): Promise<Buffer> {
	const parts: Buffer[] = [];
	const listener = createServer((socket) => {
		socket.on("data", (part: Buffer) => parts.push(part));
		socket.on("error", () => {});
		socket.write(settings());
	});
	listener.listen(0, "127.0.0.1");
	await once(listener, "listening");
	const { port } = listener.address() as { port: number };
	const client = http2.connect(`http://127.0.0.1:${port}`, {
		settings: { initialWindowSize: 1 << 20 },
	});
	client.on("error", () => {});
	for (let index = 0; index < count; index++) {
		const stream = client.request({
			":method": "POST",
			":path": ECHO,
			"content-type": "application/grpc",
			te: "trailers",
			"grpc-timeout": `${1000 + (index % 7)}S`,
			"x-request": `value ${index} ü`.repeat(1 + (index % 5)),
		});
		stream.on("error", () => {});
		const ended = once(stream, "finish");
		stream.end(grpcMessage(Buffer.from(`message ${index}`)));
		await ended;
	}
	const text = grpcMessage(Buffer.from(`message ${count - 1}`));
	await until(() => Buffer.concat(parts).includes(text));
	client.destroy();
	listener.close();
	const bytes = Buffer.concat(parts);
	return bytes.subarray(0, bytes.lastIndexOf(text) + text.length);
}
