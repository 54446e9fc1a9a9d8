// Handlers that throw wherever they are called: their own call ends with INTERNAL, and nothing else happens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { FRAME, SETTING } from "../src/http2/constants.ts";
import {
	GrpcError,
	type MessageSink,
	type MethodHandler,
	type ServerCall,
	Status,
	unaryMethod,
} from "../src/index.ts";
import {
	data,
	frameBytes,
	grpcMessage,
	numberFrame,
	requestHeaders,
} from "./support/frames.ts";
import {
	call,
	describeReadModes,
	echo,
	openRaw,
	openSession,
	startServer,
	until,
} from "./support/harness.ts";

const EMPTY_MESSAGE = grpcMessage(Buffer.alloc(0));
const fail = (): never => {
	throw new Error("a secret");
};

/** A sink that does nothing, but for `parts`. */
function sink(parts: Partial<MessageSink>): MessageSink {
	return {
		begin: (byteLength) => new Uint8Array(byteLength),
		end: () => {},
		halfClose: () => {},
		abort: () => {},
		...parts,
	};
}

function method(open: (call: ServerCall) => MessageSink): MethodHandler {
	return { kind: "unary", open };
}

const FAILING: Readonly<Record<string, MethodHandler>> = {
	open: method(fail),
	begin: method(() => sink({ begin: fail })),
	end: method(() => sink({ end: fail })),
	halfClose: method(() => sink({ halfClose: fail })),
	"a message of many frames": method((call) =>
		sink({ end: () => call.reply({ byteLength: 100_000, writeTo: fail }) }),
	),
	"a message of one frame": method((call) =>
		sink({ end: () => call.reply({ byteLength: 10, writeTo: fail }) }),
	),
	"a metadata name": method((call) =>
		sink({ end: () => call.sendMetadata([["NOT ALLOWED", ""]]) }),
	),
	"the trailers of its call": unaryMethod<Uint8Array, Uint8Array>({
		decode: (bytes) => bytes,
		encode: (bytes) => bytes,
		handle: (_bytes, call) => {
			call.trailers = [["grpc-status", "0"]];
			throw new GrpcError(Status.ABORTED, "x");
		},
	}),
	"the trailers of its error": unaryMethod<Uint8Array, Uint8Array>({
		decode: (bytes) => bytes,
		encode: (bytes) => bytes,
		handle: () => {
			throw new GrpcError(Status.ABORTED, "x", [["bad", "line\nbreak"]]);
		},
	}),
};

describeReadModes((options) => {
	for (const [where, handler] of Object.entries(FAILING))
		for (const encoding of ["identity", "gzip"] as const)
			test(`a handler that fails in ${where} fails its call alone, ${encoding} request`, async () => {
				const { port } = await startServer(
					{ "/t/Fail": handler, "/t/Echo": echo },
					options,
				);
				const client = openSession(port);
				const body =
					encoding === "gzip"
						? grpcMessage(gzipSync(Buffer.alloc(5)), 1)
						: grpcMessage(Buffer.alloc(5));
				const [failed, fine] = await Promise.all([
					call(client, "/t/Fail", body, { "grpc-encoding": encoding }),
					call(client, "/t/Echo", grpcMessage(Buffer.from("fine"))),
				]);
				assert.deepEqual(
					[failed.status, failed.message, failed.body.length],
					["13", "internal error", 0],
				);
				assert.equal(fine.body.subarray(5).toString(), "fine");
			});

	test("a handler that fails when it is told of an end or of room does not end the server", async () => {
		const calls: ServerCall[] = [];
		const log: string[] = [];
		const failing = (name: string) => () => {
			log.push(name);
			fail();
		};
		const { port } = await startServer(
			{
				"/t/Fail": method((call) => {
					calls.push(call);
					call.onCancel = failing("cancel");
					call.onDrain = failing("drain");
					return sink({ abort: failing("abort") });
				}),
				"/t/Echo": echo,
			},
			options,
		);
		const client = await openRaw(port, [[SETTING.INITIAL_WINDOW_SIZE, 0]]);
		client.send(requestHeaders(1, "/t/Fail"), requestHeaders(3, "/t/Fail"));
		client.send(data(1, EMPTY_MESSAGE, false));
		await until(() => calls.length === 2);
		calls[0]?.send({ byteLength: 1, writeTo: () => {} });
		client.send(numberFrame(FRAME.WINDOW_UPDATE, 1, 100));
		await client.first(
			({ streamId, type }) => streamId === 1 && type === FRAME.DATA,
		);
		client.socket.destroy();
		await until(() => log.length === 4);
		assert.deepEqual(log, ["drain", "abort", "cancel", "drain"]);
		const answer = await call(openSession(port), "/t/Echo", EMPTY_MESSAGE);
		assert.equal(answer.status, "0");
	});

	test("a deadline whose handler fails on it does not end the server", async () => {
		const { port } = await startServer(
			{
				"/t/Fail": method((call) => {
					call.onCancel = fail;
					return sink({ abort: fail });
				}),
			},
			options,
		);
		const { status } = await call(openSession(port), "/t/Fail", EMPTY_MESSAGE, {
			"grpc-timeout": "5m",
		});
		assert.equal(status, "4");
	});

	test("what follows a message that is being inflated waits within the window", async () => {
		const { port } = await startServer(
			{ "/t/Fine": { kind: "bidi", open: () => sink({}) } },
			{ ...options, limits: { streamWindowBytes: 64 * 1024 } },
		);
		const client = await openRaw(port);
		const compressed = gzipSync(Buffer.alloc(10_000_000), { level: 0 });
		const large = grpcMessage(compressed.subarray(0, 40_000), 1);
		large.writeUInt32BE(40_000, 1);
		client.send(
			requestHeaders(1, "/t/Fine", [["grpc-encoding", "gzip"]]),
			...[0, 15_000, 30_000].map((at) =>
				data(1, large.subarray(at, at + 15_000), false),
			),
			data(1, EMPTY_MESSAGE, false),
			frameBytes(FRAME.PING, 0, 0, Buffer.alloc(8)),
		);
		await client.first(({ type }) => type === FRAME.PING);
		const returned = client.frames.filter(
			({ type, streamId }) => type === FRAME.WINDOW_UPDATE && streamId === 1,
		);
		assert.equal(returned.length, 0);
	});
});
