// The server over real sockets, with node:http2 as the client that nobody here wrote.
import assert from "node:assert/strict";
import http2 from "node:http2";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import {
	GrpcError,
	type ServerCall,
	Status,
	unaryMethod,
} from "../src/index.ts";
import { grpcMessage } from "./support/frames.ts";
import {
	call,
	describeReadModes,
	echo,
	holding,
	openSession,
	startServer,
	until,
} from "./support/harness.ts";

describeReadModes((options) => {
	test("messages of every size come back as they went", async () => {
		const { port } = await startServer({ "/t/Echo": echo }, options);
		const client = openSession(port);
		for (const size of [0, 1, 5, 1023, 1024, 16_384, 70_000, 3_000_000]) {
			const message = Buffer.alloc(size, size % 251);
			const answer = await call(client, "/t/Echo", grpcMessage(message));
			assert.equal(answer.status, "0");
			assert.ok(answer.body.equals(grpcMessage(message)), `${size} bytes`);
		}
	});

	test("calls whose indexed heads differ by one octet reach their own methods", async () => {
		const named = (name: string) =>
			unaryMethod<Uint8Array, Uint8Array>({
				decode: (bytes) => bytes,
				encode: (bytes) => bytes,
				handle: () => Buffer.from(name),
			});
		const { port } = await startServer(
			{ "/t/One": named("one"), "/t/Two": named("two") },
			options,
		);
		const client = openSession(port);
		for (let round = 0; round < 5; round++)
			for (const name of ["One", "Two"]) {
				const answer = await call(
					client,
					`/t/${name}`,
					grpcMessage(Buffer.alloc(0)),
				);
				assert.equal(answer.body.subarray(5).toString(), name.toLowerCase());
			}
	});

	test("many streams at once each get their own answer", async () => {
		const { port } = await startServer({ "/t/Echo": echo }, options);
		const client = openSession(port);
		const answers = await Promise.all(
			Array.from({ length: 500 }, (_, index) =>
				call(client, "/t/Echo", grpcMessage(Buffer.from(`message ${index}`))),
			),
		);
		for (const [index, { body }] of answers.entries())
			assert.equal(body.subarray(5).toString(), `message ${index}`);
	});

	test("what a handler throws ends its own call only, and its text stays inside", async () => {
		const failing = unaryMethod<Uint8Array, Uint8Array>({
			decode: (bytes) => bytes,
			encode: (bytes) => bytes,
			handle: (bytes) => {
				if (bytes.byteLength === 0)
					throw new GrpcError(Status.NOT_FOUND, "no such thing: ü %");
				throw new Error("a secret path");
			},
		});
		const { port } = await startServer(
			{ "/t/Fail": failing, "/t/Echo": echo },
			options,
		);
		const client = openSession(port);
		const known = await call(client, "/t/Fail", grpcMessage(Buffer.alloc(0)));
		assert.deepEqual(
			[known.status, known.message],
			["5", "no such thing: ü %"],
		);
		const unknown = await call(
			client,
			"/t/Fail",
			grpcMessage(Buffer.from("x")),
		);
		assert.deepEqual(
			[unknown.status, unknown.message],
			["13", "internal error"],
		);
		assert.equal(
			(await call(client, "/t/Echo", grpcMessage(Buffer.from("y")))).status,
			"0",
		);
	});

	test("a method that is not there, and a message over the limit, are refused on their stream", async () => {
		const { port } = await startServer(
			{ "/t/Echo": echo },
			{ ...options, maxMessageBytes: 1000 },
		);
		const client = openSession(port);
		assert.equal(
			(await call(client, "/t/None", grpcMessage(Buffer.alloc(1)))).status,
			"12",
		);
		const large = await call(
			client,
			"/t/Echo",
			grpcMessage(Buffer.alloc(1001)),
		);
		assert.equal(large.status, "8");
		assert.match(large.message, /1001 bytes exceeds the limit of 1000/);
		assert.equal(
			(await call(client, "/t/Echo", grpcMessage(Buffer.alloc(1000)))).status,
			"0",
		);
	});

	test("compressed messages are inflated, and a bomb is refused by its ratio", async () => {
		const { port } = await startServer(
			{ "/t/Echo": echo },
			{ ...options, maxMessageBytes: 100_000_000, maxInflateRatio: 50 },
		);
		const client = openSession(port);
		const text = Buffer.from("sensor ".repeat(1000));
		const headers = { "grpc-encoding": "gzip" };
		const fine = await call(
			client,
			"/t/Echo",
			grpcMessage(gzipSync(text), 1),
			headers,
		);
		assert.ok(fine.body.equals(grpcMessage(text)));
		const bomb = gzipSync(Buffer.alloc(50_000_000));
		const refused = await call(
			client,
			"/t/Echo",
			grpcMessage(bomb, 1),
			headers,
		);
		assert.equal(refused.status, "8");
		const broken = await call(
			client,
			"/t/Echo",
			grpcMessage(Buffer.from("junk"), 1),
			headers,
		);
		assert.equal(broken.status, "13");
	});

	test("a deadline that passes ends the call and tells the handler", async () => {
		const aborts: string[] = [];
		const { port } = await startServer(
			{ "/t/Hold": holding([], aborts) },
			options,
		);
		const answer = await call(
			openSession(port),
			"/t/Hold",
			grpcMessage(Buffer.alloc(1)),
			{
				"grpc-timeout": "20m",
			},
		);
		assert.equal(answer.status, "4");
		assert.deepEqual(aborts, ["cancel deadline"]);
	});

	test("a client that resets, or leaves in the middle of a message, cancels its calls", async () => {
		const calls: ServerCall[] = [];
		const aborts: string[] = [];
		const { port } = await startServer(
			{ "/t/Hold": holding(calls, aborts) },
			options,
		);
		const client = openSession(port);
		const head = {
			":method": "POST",
			":path": "/t/Hold",
			"content-type": "application/grpc",
		};
		const whole = client.request(head);
		whole.on("error", () => {});
		whole.end(grpcMessage(Buffer.alloc(10)));
		const half = client.request(head);
		half.on("error", () => {});
		half.write(grpcMessage(Buffer.alloc(5000)).subarray(0, 3000));
		await until(() => calls.length === 2);
		whole.close(http2.constants.NGHTTP2_CANCEL);
		await until(() => aborts.length > 0);
		client.destroy();
		await until(() => aborts.length === 3);
		assert.deepEqual(aborts.sort(), [
			"abort connection",
			"cancel client",
			"cancel connection",
		]);
	});

	test("close lets a call under way finish and then ends the connection", async () => {
		const calls: ServerCall[] = [];
		const { server, port } = await startServer(
			{ "/t/Hold": holding(calls, []) },
			options,
		);
		const client = openSession(port);
		const pending = call(client, "/t/Hold", grpcMessage(Buffer.alloc(1)));
		await until(() => calls.length > 0);
		const closed = server.close();
		calls[0]?.finish(Status.OK);
		assert.equal((await pending).status, "0");
		await closed;
		assert.equal(server.stats().connectionCount, 0);
	});
});
