// The server over real sockets, with node:http2 as the client that nobody here wrote.
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
	createGrpcServer,
	GrpcError,
	type GrpcServer,
	type GrpcServerOptions,
	type MessageSink,
	type MethodHandler,
	type ServerCall,
	Status,
	unaryMethod,
} from "../src/index.ts";

const servers: GrpcServer[] = [];
const sessions: http2.ClientHttp2Session[] = [];

afterEach(async () => {
	for (const session of sessions.splice(0)) session.destroy();
	for (const server of servers.splice(0)) {
		await server.close(1000);
		assert.deepEqual(
			{ ...server.stats(), readMode: "" },
			{ connectionCount: 0, callCount: 0, readMode: "" },
		);
	}
});

/** Answers each message with itself. */
const echo = unaryMethod<Uint8Array, Uint8Array>({
	decode: (bytes) => bytes,
	encode: (bytes) => bytes,
	handle: (bytes) => bytes,
});

/** Keeps calls open until the test ends them. */
function holding(calls: ServerCall[], aborts: string[]): MethodHandler {
	return {
		kind: "unary",
		open: (call): MessageSink => {
			calls.push(call);
			call.onCancel = (reason) => aborts.push(`cancel ${reason}`);
			return {
				begin: (byteLength) => new Uint8Array(byteLength),
				end: () => {},
				halfClose: () => {},
				abort: (reason) => aborts.push(`abort ${reason}`),
			};
		},
	};
}

async function start(
	methods: Record<string, MethodHandler>,
	options: Partial<GrpcServerOptions> = {},
): Promise<number> {
	const server = createGrpcServer({
		methods: new Map(Object.entries(methods)),
		...options,
	});
	servers.push(server);
	const address = await server.listen({ host: "127.0.0.1", port: 0 });
	return (address as AddressInfo).port;
}

function session(port: number): http2.ClientHttp2Session {
	const client = http2.connect(`http://127.0.0.1:${port}`, {
		settings: { initialWindowSize: 1 << 20 },
	});
	sessions.push(client);
	return client;
}

function frame(message: Uint8Array, compressed = 0): Buffer {
	const prefix = Buffer.alloc(5);
	prefix[0] = compressed;
	prefix.writeUInt32BE(message.byteLength, 1);
	return Buffer.concat([prefix, message]);
}

interface Answer {
	readonly status: string;
	readonly message: string;
	readonly body: Buffer;
}

async function call(
	client: http2.ClientHttp2Session,
	path: string,
	body: Buffer,
	headers: http2.OutgoingHttpHeaders = {},
): Promise<Answer> {
	const stream = client.request({
		":method": "POST",
		":path": path,
		"content-type": "application/grpc",
		te: "trailers",
		...headers,
	});
	let fields: http2.IncomingHttpHeaders = {};
	stream.on("response", (head) => Object.assign(fields, head));
	stream.on("trailers", (trailers) => {
		fields = { ...fields, ...trailers };
	});
	const parts: Buffer[] = [];
	stream.on("data", (part: Buffer) => parts.push(part));
	stream.end(body);
	await once(stream, "close");
	return {
		status: String(fields["grpc-status"] ?? fields[":status"]),
		message: decodeURIComponent(String(fields["grpc-message"] ?? "")),
		body: Buffer.concat(parts),
	};
}

for (const reuseReadBuffer of [true, false])
	describe(`reading by ${reuseReadBuffer ? "one reused buffer" : "data events"}`, () => {
		test("messages of every size come back as they went", async () => {
			const port = await start({ "/t/Echo": echo }, { reuseReadBuffer });
			const client = session(port);
			for (const size of [0, 1, 5, 1023, 1024, 16_384, 70_000, 3_000_000]) {
				const message = Buffer.alloc(size, size % 251);
				const answer = await call(client, "/t/Echo", frame(message));
				assert.equal(answer.status, "0");
				assert.ok(answer.body.equals(frame(message)), `${size} bytes`);
			}
		});

		test("calls whose indexed heads differ by one octet reach their own methods", async () => {
			const named = (name: string) =>
				unaryMethod<Uint8Array, Uint8Array>({
					decode: (bytes) => bytes,
					encode: (bytes) => bytes,
					handle: () => Buffer.from(name),
				});
			const port = await start(
				{ "/t/One": named("one"), "/t/Two": named("two") },
				{ reuseReadBuffer },
			);
			const client = session(port);
			for (let round = 0; round < 5; round++)
				for (const name of ["One", "Two"]) {
					const answer = await call(
						client,
						`/t/${name}`,
						frame(Buffer.alloc(0)),
					);
					assert.equal(answer.body.subarray(5).toString(), name.toLowerCase());
				}
		});
	});

test("many streams at once each get their own answer", async () => {
	const port = await start({ "/t/Echo": echo });
	const client = session(port);
	const answers = await Promise.all(
		Array.from({ length: 500 }, (_, index) =>
			call(client, "/t/Echo", frame(Buffer.from(`message ${index}`))),
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
	const port = await start({ "/t/Fail": failing, "/t/Echo": echo });
	const client = session(port);
	const known = await call(client, "/t/Fail", frame(Buffer.alloc(0)));
	assert.deepEqual([known.status, known.message], ["5", "no such thing: ü %"]);
	const unknown = await call(client, "/t/Fail", frame(Buffer.from("x")));
	assert.deepEqual([unknown.status, unknown.message], ["13", "internal error"]);
	assert.equal(
		(await call(client, "/t/Echo", frame(Buffer.from("y")))).status,
		"0",
	);
});

test("a method that is not there, and a message over the limit, are refused on their stream", async () => {
	const port = await start({ "/t/Echo": echo }, { maxMessageBytes: 1000 });
	const client = session(port);
	assert.equal(
		(await call(client, "/t/None", frame(Buffer.alloc(1)))).status,
		"12",
	);
	const large = await call(client, "/t/Echo", frame(Buffer.alloc(1001)));
	assert.equal(large.status, "8");
	assert.match(large.message, /1001 bytes exceeds the limit of 1000/);
	assert.equal(
		(await call(client, "/t/Echo", frame(Buffer.alloc(1000)))).status,
		"0",
	);
});

test("compressed messages are inflated, and a bomb is refused by its ratio", async () => {
	const port = await start(
		{ "/t/Echo": echo },
		{ maxMessageBytes: 100_000_000, maxInflateRatio: 50 },
	);
	const client = session(port);
	const text = Buffer.from("sensor ".repeat(1000));
	const headers = { "grpc-encoding": "gzip" };
	const fine = await call(client, "/t/Echo", frame(gzipSync(text), 1), headers);
	assert.ok(fine.body.equals(frame(text)));
	const bomb = gzipSync(Buffer.alloc(50_000_000));
	const refused = await call(client, "/t/Echo", frame(bomb, 1), headers);
	assert.equal(refused.status, "8");
	const broken = await call(
		client,
		"/t/Echo",
		frame(Buffer.from("junk"), 1),
		headers,
	);
	assert.equal(broken.status, "13");
});

test("a deadline that passes ends the call and tells the handler", async () => {
	const aborts: string[] = [];
	const port = await start({ "/t/Hold": holding([], aborts) });
	const answer = await call(session(port), "/t/Hold", frame(Buffer.alloc(1)), {
		"grpc-timeout": "20m",
	});
	assert.equal(answer.status, "4");
	assert.deepEqual(aborts, ["cancel deadline"]);
});

test("a client that resets, or leaves in the middle of a message, cancels its calls", async () => {
	const calls: ServerCall[] = [];
	const aborts: string[] = [];
	const port = await start({ "/t/Hold": holding(calls, aborts) });
	const client = session(port);
	const head = {
		":method": "POST",
		":path": "/t/Hold",
		"content-type": "application/grpc",
	};
	const whole = client.request(head);
	whole.on("error", () => {});
	whole.end(frame(Buffer.alloc(10)));
	const half = client.request(head);
	half.on("error", () => {});
	half.write(frame(Buffer.alloc(5000)).subarray(0, 3000));
	while (calls.length < 2) await new Promise(setImmediate);
	whole.close(http2.constants.NGHTTP2_CANCEL);
	while (aborts.length === 0) await new Promise(setImmediate);
	client.destroy();
	while (aborts.length < 3) await new Promise(setImmediate);
	assert.deepEqual(aborts.sort(), [
		"abort connection",
		"cancel client",
		"cancel connection",
	]);
});

test("close lets a call under way finish and then ends the connection", async () => {
	const calls: ServerCall[] = [];
	const port = await start({ "/t/Hold": holding(calls, []) });
	const client = session(port);
	const pending = call(client, "/t/Hold", frame(Buffer.alloc(1)));
	while (calls.length === 0) await new Promise(setImmediate);
	const server = servers[0];
	assert.ok(server !== undefined);
	const closed = server.close();
	calls[0]?.finish(Status.OK);
	assert.equal((await pending).status, "0");
	await closed;
	assert.equal(server.stats().connectionCount, 0);
});

for (const [attack, octets] of [
	[
		"rapid reset",
		(id: number) => [...headers(id), ...rawFrame(3, 0, id, [0, 0, 0, 8])],
	],
	["PING flood", () => rawFrame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])],
	["SETTINGS flood", () => rawFrame(4, 0, 0, [])],
	[
		"empty DATA flood",
		(id: number) => [...(id === 1 ? headers(1) : []), ...rawFrame(0, 0, 1, [])],
	],
	[
		"CONTINUATION flood",
		(id: number) =>
			id === 1 ? rawFrame(1, 0, 1, [0x82]) : rawFrame(9, 0, 1, [0x84]),
	],
] as const)
	test(`a ${attack} is cut off, and other connections do not notice`, async () => {
		const port = await start({ "/t/Echo": echo });
		const attacker = connect(port, "127.0.0.1");
		attacker.on("error", () => {});
		const seen: Buffer[] = [];
		attacker.on("data", (bytes: Buffer) => seen.push(bytes));
		attacker.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
		attacker.write(Buffer.from(rawFrame(4, 0, 0, [])));
		const flood: number[] = [];
		for (let id = 1; id < 6000; id += 2) flood.push(...octets(id));
		attacker.write(Buffer.from(flood));
		await once(attacker, "close");
		// GOAWAY with ENHANCE_YOUR_CALM is the last thing that was said.
		const said = Buffer.concat(seen);
		assert.ok(said.includes(Buffer.from([0, 0, 0, 11])), "ENHANCE_YOUR_CALM");
		const answer = await call(
			session(port),
			"/t/Echo",
			frame(Buffer.from("alive")),
		);
		assert.equal(answer.status, "0");
	});

function rawFrame(
	type: number,
	flags: number,
	id: number,
	payload: readonly number[],
): number[] {
	return [
		0,
		payload.length >> 8,
		payload.length & 0xff,
		type,
		flags,
		0,
		0,
		id >> 8,
		id & 0xff,
		...payload,
	];
}

/** POST / over http to authority-less nowhere: complete, and no gRPC. */
function headers(id: number): number[] {
	return rawFrame(1, 4, id, [0x83, 0x86, 0x84]);
}
