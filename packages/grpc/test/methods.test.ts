// The four kinds of methods, with clients that nobody here wrote: metadata, status details, compressed answers, and
// handlers that work at their own pace.
import assert from "node:assert/strict";
import { once } from "node:events";
import type http2 from "node:http2";
import { test } from "node:test";
import { gunzipSync, inflateSync } from "node:zlib";
import { ERROR, FRAME } from "../src/http2/constants.ts";
import {
	bidiMethod,
	clientStreamMethod,
	GrpcError,
	type MethodHandler,
	type ServerCall,
	Status,
	serverStreamMethod,
	statusDetails,
	unaryMethod,
} from "../src/index.ts";
import {
	data,
	grpcMessage,
	numberFrame,
	requestHeaders,
} from "./support/frames.ts";
import {
	call,
	describeReadModes,
	identity,
	openRaw,
	openSession,
	startServer,
	until,
} from "./support/harness.ts";

const PATH = "/t/Method";

/** The messages of a body, as they were sent. */
function messagesIn(body: Buffer): { compressed: number; bytes: Buffer }[] {
	const messages = [];
	for (let at = 0; at < body.length; ) {
		const length = body.readUInt32BE(at + 1);
		messages.push({
			compressed: body[at] ?? 0,
			bytes: body.subarray(at + 5, at + 5 + length),
		});
		at += 5 + length;
	}
	return messages;
}

const textsIn = (body: Buffer) =>
	messagesIn(body).map(({ bytes }) => bytes.toString());

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

const message = (text: string) => grpcMessage(Buffer.from(text));

function openStream(client: http2.ClientHttp2Session): http2.ClientHttp2Stream {
	return client.request({
		":method": "POST",
		":path": PATH,
		"content-type": "application/grpc",
	});
}

describeReadModes((options) => {
	const start = (method: MethodHandler) =>
		startServer({ [PATH]: method }, options);

	test("a client stream is iterated over and answered once", async () => {
		const sum = clientStreamMethod<Uint8Array, Uint8Array>({
			...identity,
			handle: async (requests) => {
				const texts: string[] = [];
				for await (const request of requests) texts.push(textOf(request));
				return Buffer.from(texts.join("+"));
			},
		});
		const { port } = await start(sum);
		const client = openSession(port);
		const body = Buffer.concat([message("a"), message(""), message("c")]);
		assert.deepEqual(textsIn((await call(client, PATH, body)).body), ["a++c"]);
		const none = await call(client, PATH, Buffer.alloc(0));
		assert.deepEqual([none.status, textsIn(none.body)], ["0", [""]]);
	});

	test("a client stream may be answered before its end", async () => {
		const first = clientStreamMethod<Uint8Array, Uint8Array>({
			...identity,
			handle: async (requests) => {
				for await (const request of requests) return request;
				throw new GrpcError(Status.INVALID_ARGUMENT, "nothing came");
			},
		});
		const { port } = await start(first);
		const stream = openStream(openSession(port));
		const parts: Buffer[] = [];
		stream.on("data", (part: Buffer) => parts.push(part));
		stream.write(message("first"));
		await once(stream, "close");
		assert.deepEqual(textsIn(Buffer.concat(parts)), ["first"]);
	});

	test("a bidirectional method may speak first, and answer when it likes", async () => {
		const chat = bidiMethod<Uint8Array, Uint8Array>({
			...identity,
			handle: async (requests, send) => {
				await send(Buffer.from("hello"));
				let last: Uint8Array = Buffer.from("nothing");
				for await (const request of requests) last = request;
				await send(Buffer.from(`last was ${textOf(last)}`));
			},
		});
		const { port } = await start(chat);
		const stream = openStream(openSession(port));
		const parts: Buffer[] = [];
		stream.on("data", (part: Buffer) => parts.push(part));
		await once(stream, "data");
		assert.deepEqual(textsIn(Buffer.concat(parts)), ["hello"]);
		stream.write(message("one"));
		stream.end(message("two"));
		await once(stream, "close");
		const [, last] = textsIn(Buffer.concat(parts));
		assert.equal(last, "last was two");
	});

	test("a handler that is slower than its client holds it back to a window", async () => {
		const windowBytes = 64 * 1024;
		const size = 10_000;
		const gates: (() => void)[] = [];
		let arrived = 0;
		let handled = 0;
		const slow = bidiMethod<Uint8Array, Uint8Array>({
			...identity,
			decode: (bytes) => {
				arrived++;
				return bytes;
			},
			handle: async (requests) => {
				for await (const _request of requests) {
					handled++;
					await new Promise<void>((open) => gates.push(open));
				}
			},
		});
		const { port } = await startServer(
			{ [PATH]: slow },
			{ ...options, limits: { streamWindowBytes: windowBytes } },
		);
		const client = openSession(port);
		const stream = openStream(client);
		stream.on("error", () => {});
		for (let count = 0; count < 100; count++)
			stream.write(grpcMessage(Buffer.alloc(size)));
		for (let round = 1; round <= 30; round++) {
			await until(() => handled === round && gates.length === 1);
			// A PING's answer tells that what the window lets through has arrived.
			await new Promise((answered) => client.ping(answered));
			const waitingBytes = (arrived - handled) * size;
			// A window that waits, and one that was given when none waited.
			assert.ok(waitingBytes <= 2 * windowBytes, `${waitingBytes} bytes wait`);
			gates.pop()?.();
		}
		stream.close();
	});

	test("iteration over a call that the client gives up ends with CANCELLED", async () => {
		let failure: unknown = null;
		let isStarted = false;
		const wait = clientStreamMethod<Uint8Array, Uint8Array>({
			...identity,
			handle: async (requests) => {
				isStarted = true;
				try {
					for await (const _request of requests);
				} catch (error) {
					failure = error;
				}
				return Buffer.alloc(0);
			},
		});
		const { port } = await start(wait);
		const client = await openRaw(port);
		client.send(requestHeaders(1, PATH), data(1, message("x"), false));
		await until(() => isStarted);
		client.send(numberFrame(FRAME.RST_STREAM, 1, ERROR.CANCEL));
		await until(() => failure !== null);
		assert.ok(failure instanceof GrpcError);
		assert.equal(failure.status, Status.CANCELLED);
	});

	test("a request of a stream that cannot be decoded ends the call with INVALID_ARGUMENT", async () => {
		const strict = bidiMethod<string, string>({
			decode: (bytes) => {
				if (bytes.byteLength === 0) throw new Error("empty");
				return textOf(bytes);
			},
			encode: (text) => Buffer.from(text),
			handle: async (requests, send) => {
				for await (const request of requests) await send(request);
			},
		});
		const { port } = await start(strict);
		const body = Buffer.concat([message("fine"), message("")]);
		const answer = await call(openSession(port), PATH, body);
		assert.equal(answer.status, "3");
		assert.equal(answer.message, "the message of 0 bytes is malformed");
	});

	test("metadata goes both ways, text and binary, in headers and trailers", async () => {
		const seen: unknown[] = [];
		const method = unaryMethod<Uint8Array, Uint8Array>({
			...identity,
			open: (call) => {
				const { metadata } = call;
				seen.push(
					metadata.get("x-text"),
					metadata.getAll("x-many"),
					metadata.getBinary("x-raw-bin"),
					metadata.get("x-none"),
					metadata.getBinary("x-none-bin"),
				);
				call.sendMetadata([
					["x-text", "head"],
					["x-raw-bin", Uint8Array.of(0, 255, 10)],
				]);
			},
			handle: () => {
				throw new GrpcError(Status.ABORTED, "so", [
					["x-end-bin", Uint8Array.of(1, 2)],
				]);
			},
		});
		const { port } = await start(method);
		const raw = Buffer.from([0, 1, 254, 255]);
		const { fields, status } = await call(
			openSession(port),
			PATH,
			message(""),
			{
				"x-text": "plain text",
				"x-many": ["a", "b"],
				// Padding is optional.
				"x-raw-bin": raw.toString("base64").replaceAll("=", ""),
			},
		);
		assert.deepEqual(seen, [
			"plain text",
			["a", "b"],
			raw,
			undefined,
			undefined,
		]);
		assert.equal(status, "10");
		assert.equal(fields["x-text"], "head");
		assert.equal(fields["x-raw-bin"], "AP8K");
		assert.equal(fields["x-end-bin"], "AQI");
	});

	test("names that the protocol keeps for itself, and values it cannot carry, are refused", async () => {
		const log: string[] = [];
		const attempt = (call: ServerCall, name: string, value: string) => {
			try {
				call.sendMetadata([[name, value]]);
			} catch (error) {
				log.push(String(error));
			}
		};
		const method = unaryMethod<Uint8Array, Uint8Array>({
			...identity,
			open: (call) => {
				attempt(call, "grpc-status", "0");
				attempt(call, "Upper", "x");
				attempt(call, "x-line", "a\r\nb: c");
			},
			handle: (bytes) => bytes,
		});
		const { port } = await start(method);
		const answer = await call(openSession(port), PATH, message(""));
		assert.equal(answer.status, "0");
		assert.deepEqual(log, [
			'TypeError: "grpc-status" is reserved',
			'TypeError: "Upper" is no metadata name',
			'TypeError: value of "x-line" is not printable ASCII',
		]);
	});

	test("status details are a google.rpc.Status in the trailers", async () => {
		const method = unaryMethod<Uint8Array, Uint8Array>({
			...identity,
			handle: () => {
				const text = "x".repeat(200);
				throw new GrpcError(Status.NOT_FOUND, text, [
					statusDetails(Status.NOT_FOUND, text, [
						{ typeUrl: "t/a.B", value: Uint8Array.of(8, 1) },
					]),
				]);
			},
		});
		const { port } = await start(method);
		const { fields } = await call(openSession(port), PATH, message(""));
		const bytes = Buffer.from(
			String(fields["grpc-status-details-bin"]),
			"base64",
		);
		const expected = Buffer.concat([
			Buffer.from([0x08, 5, 0x12, 0xc8, 0x01]),
			Buffer.from("x".repeat(200)),
			Buffer.from([0x1a, 11, 0x0a, 5]),
			Buffer.from("t/a.B"),
			Buffer.from([0x12, 2, 8, 1]),
		]);
		assert.deepEqual(bytes, expected);
	});

	test("a long status message ends at a character, not within", async () => {
		const method = unaryMethod<Uint8Array, Uint8Array>({
			...identity,
			handle: () => {
				throw new GrpcError(Status.ABORTED, `x${"☺".repeat(2000)}`);
			},
		});
		const { port } = await start(method);
		const answer = await call(openSession(port), PATH, message(""));
		assert.match(answer.message, /^x☺+$/);
		assert.ok(Buffer.byteLength(answer.message) <= 2048);
	});

	const decompress = { gzip: gunzipSync, deflate: inflateSync } as const;
	for (const [accepted, encoding] of [
		["identity,deflate,gzip", "gzip"],
		["identity, deflate", "deflate"],
		["identity", null],
		[null, null],
	] as const)
		test(`answers are compressed for a client that takes ${accepted}, in order with those that are not`, async () => {
			const long = "long ".repeat(50_000);
			const method = serverStreamMethod<Uint8Array, string>({
				decode: () => new Uint8Array(0),
				encode: (text) => Buffer.from(text),
				compress: (text) => text.length > 100,
				handle: async (_request, send) => {
					// Not waited for: each must still follow the one before.
					for (const text of ["a", long, "b", "c", long, "d"]) void send(text);
				},
			});
			const { port } = await start(method);
			const headers =
				accepted === null ? {} : { "grpc-accept-encoding": accepted };
			const answer = await call(openSession(port), PATH, message(""), headers);
			assert.equal(answer.status, "0");
			assert.equal(answer.fields["grpc-encoding"], encoding ?? undefined);
			const texts = messagesIn(answer.body).map(({ compressed, bytes }) => {
				if (compressed === 0) return bytes.toString();
				assert.ok(encoding !== null);
				return decompress[encoding](bytes).toString();
			});
			assert.deepEqual(texts, ["a", long, "b", "c", long, "d"]);
			const flags = messagesIn(answer.body).map(({ compressed }) => compressed);
			const flag = encoding === null ? 0 : 1;
			assert.deepEqual(flags, [0, flag, 0, 0, flag, 0]);
		});

	test("a unary answer is compressed; one that cannot be encoded fails its call alone", async () => {
		const method = unaryMethod<Uint8Array, Uint8Array>({
			decode: (bytes) => bytes,
			encode: (bytes) => {
				if (bytes.byteLength === 0) throw new Error("a secret");
				return bytes;
			},
			compress: () => true,
			handle: (bytes) => bytes,
		});
		const { port } = await start(method);
		const client = openSession(port);
		const headers = { "grpc-accept-encoding": "gzip" };
		const text = "again ".repeat(1000);
		const answer = await call(client, PATH, message(text), headers);
		assert.ok(answer.body.length < 200);
		assert.equal(gunzipSync(answer.body.subarray(5)).toString(), text);
		const failed = await call(client, PATH, message(""), headers);
		assert.deepEqual([failed.status, failed.message], ["13", "internal error"]);
	});

	test("a message said to be compressed on a call without compression is a bug that stays inside", async () => {
		const method: MethodHandler = {
			kind: "unary",
			open: (call) => ({
				begin: (byteLength) => new Uint8Array(byteLength),
				end: () =>
					call.reply({ byteLength: 1, compressed: true, writeTo: () => {} }),
				halfClose: () => {},
				abort: () => {},
			}),
		};
		const { port } = await start(method);
		const answer = await call(openSession(port), PATH, message(""));
		assert.equal(answer.status, "13");
	});

	test("a client that leaves while its answer is compressed leaves nothing behind", async () => {
		let isHandled = false;
		const method = unaryMethod<Uint8Array, Uint8Array>({
			...identity,
			compress: () => true,
			handle: (bytes) => {
				isHandled = true;
				return bytes;
			},
		});
		const { server, port } = await start(method);
		const client = await openRaw(port);
		client.send(
			requestHeaders(1, PATH, [["grpc-accept-encoding", "gzip"]]),
			data(1, grpcMessage(Buffer.alloc(10_000))),
		);
		await until(() => isHandled);
		client.socket.destroy();
		await until(() => server.stats().connectionCount === 0);
		assert.ok(!client.frames.some(({ type }) => type === FRAME.DATA));
	});
});
