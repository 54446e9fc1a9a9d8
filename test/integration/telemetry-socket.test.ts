// Sensor streams over WebSocket, with Node's own client and, for what that cannot do, with `ws` and bare sockets.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
	create,
	fromBinary,
	type MessageInitShape,
	toBinary,
} from "@bufbuild/protobuf";
import * as pb from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { WebSocket as WsClient } from "ws";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

const repository = fileURLToPath(
	new URL("../../models/repository", import.meta.url),
);
const start = (...more: string[]) =>
	startTestServer(
		repository,
		"--model-control-mode=explicit",
		"--load-model=simple",
		...more,
	);

let server: TestServer;
before(async () => {
	server = await start();
});
after(() => server.close());

const encode = (
	reading: MessageInitShape<typeof pb.SensorReadingSchema>,
): Uint8Array<ArrayBuffer> =>
	new Uint8Array(
		toBinary(pb.SensorReadingSchema, create(pb.SensorReadingSchema, reading)),
	);
const reading = (value: number) =>
	encode({
		timestampNs: 1_700_000_000_000_000_000n + BigInt(value) * 1_000_000n,
		deviceId: "thermometer",
		value,
	});
const urlOf = ({ http }: TestServer) =>
	`ws://127.0.0.1:${http.port}/saccade/v1/stream`;

/** What comes, as it comes. */
async function open(of: TestServer = server) {
	const socket = new WebSocket(urlOf(of));
	socket.binaryType = "arraybuffer";
	const commands: pb.ControlCommand[] = [];
	socket.addEventListener("message", ({ data }) =>
		commands.push(
			fromBinary(pb.ControlCommandSchema, new Uint8Array(data as ArrayBuffer)),
		),
	);
	const closed = new Promise<CloseEvent>((resolve) =>
		socket.addEventListener("close", resolve),
	);
	await once(socket, "open");
	return {
		socket,
		closed,
		commands,
		outcomes: () => commands.flatMap(({ outcomes }) => outcomes),
	};
}

test("a reading of three fields gets its decision, as over gRPC", async () => {
	const { socket, outcomes, closed } = await open();
	for (const value of [20, 21, 22]) socket.send(reading(value));
	await until("all are answered", () => outcomes().length === 3);
	for (const { outcome, decision } of outcomes()) {
		assert.equal(outcome, pb.Outcome.RESULT);
		assert.equal(decision?.action, "keep");
	}
	socket.close(1000);
	assert.equal((await closed).code, 1000);
});

test("text, and a message that is no reading, end the stream with the reason", async () => {
	for (const [message, text] of [
		["{}", /messages are binary/],
		[Uint8Array.of(0xff, 0xff), /./],
	] as const) {
		const { socket, closed } = await open();
		socket.send(message);
		const { code, reason } = await closed;
		assert.equal(code, 4400);
		assert.match(reason, text);
	}
});

test("a refused opening tells why, and a reason is cut where the protocol ends it", async () => {
	const { socket, closed, commands } = await open();
	const pipeline = `model:${"ü".repeat(200)}`;
	socket.send(
		encode({ content: { case: "open", value: { pipeline } as never } }),
	);
	const { code, reason } = await closed;
	assert.equal(code, 4404);
	assert.ok(Buffer.byteLength(reason) <= 123);
	assert.ok(!reason.includes("�"), "a character was cut in two");
	assert.equal(commands[0]?.opened?.accepted, false);
});

test("a message beyond the limit closes the connection, and nobody else notices", async () => {
	const small = await start("--http-max-input-size=1000");
	try {
		const bystander = await open(small);
		const { socket, closed } = await open(small);
		socket.send(new Uint8Array(2000));
		assert.equal((await closed).code, 1009);
		bystander.socket.send(reading(1));
		await until(
			"the other is answered",
			() => bystander.outcomes().length === 1,
		);
		bystander.socket.close();
		await bystander.closed;
	} finally {
		await small.close();
	}
});

/** The first line of the answer to a handshake. */
async function handshake(
	path: string,
	headers: Record<string, string>,
): Promise<string> {
	const socket = connect(server.http.port, "127.0.0.1");
	const lines = Object.entries({
		Host: "localhost",
		Connection: "Upgrade",
		Upgrade: "websocket",
		"Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
		...headers,
	}).map(([name, value]) => `${name}: ${value}\r\n`);
	socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
	const [bytes] = (await once(socket, "data")) as [Buffer];
	socket.destroy();
	return bytes.toString().split("\r\n", 1)[0] ?? "";
}

test("pages of strangers, unknown hosts and other paths are not upgraded", async () => {
	const path = "/saccade/v1/stream";
	assert.match(await handshake(path, {}), /101/);
	assert.match(await handshake(path, { Origin: "http://localhost" }), /101/);
	assert.match(await handshake(path, { Origin: "http://evil.example" }), /403/);
	assert.match(await handshake(path, { Host: "evil.example" }), /403/);
	assert.match(await handshake("/v2", {}), /404/);
	assert.match(await handshake(path, { "Sec-WebSocket-Version": "7" }), /400/);
});

test("an upgrade that is none of ours is ignored, and the request is served", async () => {
	const headers = { Upgrade: "h2c", Connection: "Upgrade, HTTP2-Settings" };
	assert.match(await handshake("/v2/health/live", headers), /200/);
});

test("a client that does not read is told of the newest outcomes, and how many were only counted", async () => {
	const client = new WsClient(urlOf(server));
	await once(client, "open");
	const told: pb.ControlCommand[] = [];
	client.on("message", (data: Buffer) =>
		told.push(fromBinary(pb.ControlCommandSchema, data)),
	);
	client.pause();
	const count = 60_000;
	for (let value = 0; value < count; value++) client.send(reading(value));
	await until("all are with the server", () => client.bufferedAmount === 0);
	client.resume();
	await until("the rest is told", () => {
		const outcomes = told.reduce((sum, one) => sum + one.outcomes.length, 0);
		const totals = told.findLast(({ totals }) => totals !== undefined)?.totals;
		return outcomes + Number(totals?.onlyCounted ?? 0) === count;
	});
	client.close();
	await once(client, "close");
});

test("a server that ends lets the frames it took end first", async () => {
	const other = await start();
	const { socket, closed, outcomes } = await open(other);
	socket.send(reading(1));
	await until("it is answered", () => outcomes().length === 1);
	await Promise.all([closed, other.close()]);
	assert.equal((await closed).code, 1000);
});

test("a client that vanishes leaves nothing behind", async () => {
	const other = await start();
	const client = new WsClient(urlOf(other));
	await once(client, "open");
	client.send(reading(1));
	client.terminate();
	// Asserts that no connection and no lease is left.
	await other.close();
});

test("a client that is gone in the middle of a frame leaves nothing behind", async () => {
	const other = await start();
	const socket = connect(other.http.port, "127.0.0.1");
	socket.write(
		"GET /saccade/v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
	);
	await once(socket, "data");
	// A whole reading, and 100 KB of a message that says it has 1 MB; masked with zeros.
	const whole = reading(1);
	const answered = once(socket, "data");
	socket.write(Buffer.of(0x82, 0x80 | whole.length, 0, 0, 0, 0));
	socket.write(whole);
	await answered;
	const head = Buffer.alloc(14);
	head.set([0x82, 0x80 | 127]);
	head.writeBigUInt64BE(1_000_000n, 2);
	socket.write(Buffer.concat([head, Buffer.alloc(100_000)]));
	await new Promise<void>((resolve) => socket.write("", () => resolve()));
	socket.resetAndDestroy();
	// Asserts that no connection and no lease is left.
	await other.close();
});
