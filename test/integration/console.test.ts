// The console's WebSocket against a whole server: what it tells, and what strangers and broken consoles may try.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { HttpClient } from "@saccade/client";
import { GrpcClient } from "@saccade/client/grpc";
import { TIMED_LAYOUT } from "@saccade/perception";
import { OUTCOMES } from "@saccade/protocol";
import { type ConsoleTick, mediaTopic } from "@saccade/protocol/console";
import sharp from "sharp";
import { WebSocket as WsClient } from "ws";
import { addBlindDetectors } from "../support/blind-detectors.ts";
import { followConsole } from "../support/console.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

let server: TestServer;
let origin: string;
let grpc: GrpcClient;

const repository = makeModelRepository({ after }, "simple", "mlp");

before(async () => {
	addBlindDetectors(repository);
	server = await startTestServer(repository);
	origin = `http://127.0.0.1:${server.http.port}`;
	grpc = new GrpcClient(server.grpcAddress);
});
after(async () => {
	grpc.close();
	await server.close();
});

const consoleUrl = () => `${origin.replace("http", "ws")}/saccade/v1/console`;
/** Few enough for a client to send at once. */
const FRAMES = 10;
const NOTHING = { onOutcome: () => {} };
const SAFE = { action: "stop", reasons: ["silence"], targets: [] };

test("the page with its script, style and types weighs less than 250 kB compressed, and the 3D view less than 150 more", {
	timeout: 60_000,
}, async () => {
	const weigh = async (path: string) => {
		const answer = await fetch(origin + path, {
			headers: { "accept-encoding": "gzip" },
		});
		assert.equal(answer.status, 200, path);
		const length = Number(answer.headers.get("content-length"));
		return { length, text: await answer.text() };
	};
	const page = await weigh("/");
	const named = (text: string) =>
		new Set(text.match(/\/assets\/[\w.-]+/g) ?? []);
	const files = [...named(page.text)];
	let sum = page.length;
	let later = 0;
	for (const file of files) {
		const { length, text } = await weigh(file);
		sum += length;
		if (file.endsWith(".css"))
			for (const font of named(text)) sum += (await weigh(font)).length;
		const scene = /cloud-scene-[\w-]+\.js/.exec(text)?.[0];
		if (scene !== undefined) later = (await weigh(`/assets/${scene}`)).length;
	}
	assert.ok(files.length >= 2, files.join());
	assert.ok(sum > 50_000 && sum < 250_000, `${sum}`);
	assert.ok(later > 50_000 && later < 150_000, `${later}`);
});

test("streams, sensors, outcomes and decisions are told as they happen, and what is over goes", {
	timeout: 60_000,
}, async (t) => {
	const console = followConsole(origin, [
		"streams",
		"sensors",
		"pipelines",
		"frames",
		"drive",
	]);
	t.after(() => console.close());
	const stream = grpc.openStream(
		{ name: "thermometers", pipeline: "scalar", safeCommand: SAFE },
		NOTHING,
	);
	const id = await stream.opened;
	const sensor = '<img src=x onerror="alert(1)">';
	for (let i = 1; i <= FRAMES; i++)
		stream.send({ timestampNs: BigInt(i), deviceId: sensor, value: i });
	await console.until(
		(link) => link.entries("streams").get(id)?.received === FRAMES,
	);
	const shown = console.link.entries("streams").get(id)!;
	assert.deepEqual(
		[shown.name, shown.pipeline, shown.clockDomain],
		["thermometers", "scalar", "device"],
	);
	await console.until((link) => link.entries("sensors").has(sensor));
	await console.until((link) => link.entries("drive").has(`${id}/${sensor}`));
	// What each second says adds up to what the pipeline says, and that to what came.
	const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
	await console.until(
		(link) =>
			sum(
				[...link.entries("frames").values()].flatMap((bin) => bin.outcomes),
			) === FRAMES &&
			sum(
				OUTCOMES.map(
					(one) => link.entries("pipelines").get("scalar")?.outcomes[one] ?? 0,
				),
			) === FRAMES,
	);
	await stream.close();
	await console.until((link) => !link.entries("streams").has(id));
});

test("a picture comes as JPEG and a cloud as points, of those devices that are followed", {
	timeout: 60_000,
}, async (t) => {
	const camera = grpc.openStream(
		{
			name: "eye",
			pipeline: "camera",
			safeCommand: SAFE,
			sensors: [{ deviceId: "front" }],
		},
		NOTHING,
	);
	const lidar = grpc.openStream(
		{
			name: "roof",
			pipeline: "lidar",
			safeCommand: SAFE,
			sensors: [
				{ deviceId: "top", frameId: "top" },
				...["imu", "wheels", "planner"].map((deviceId) => ({ deviceId })),
			],
			transforms: [
				{ parent: "base_link", child: "top", translation: [1, 0, 1.7] },
			],
		},
		NOTHING,
	);
	const [eye, roof] = await Promise.all([camera.opened, lidar.opened]);
	const topics = [mediaTopic(eye, "front"), mediaTopic(roof, "top")];
	const console = followConsole(origin, [...topics, "streams"]);
	const beside = followConsole(origin, ["streams"]);
	t.after(() => {
		console.close();
		beside.close();
	});
	await console.until((link) => link.entries("streams").has(roof));
	const rows = Float32Array.of(10, -2, 0.5, 0.25, 0, 20, 4, 1, 1, 0);
	let sequence = 0;
	const send = () => {
		sequence++;
		const timestampNs = BigInt(sequence) * 100_000_000n;
		camera.send({
			timestampNs,
			deviceId: "front",
			payload: {
				kind: "image",
				encoding: "rgb8",
				width: 320,
				height: 192,
				// Dark above, light below.
				data: new Uint8Array(3 * 320 * 192).fill(200, 3 * 320 * 96),
			},
		});
		lidar.send({
			timestampNs,
			deviceId: "top",
			payload: {
				kind: "cloud",
				...TIMED_LAYOUT,
				data: new Uint8Array(rows.buffer),
			},
		});
	};
	const timer = setInterval(send, 50);
	t.after(() => clearInterval(timer));
	const of = (kind: string) =>
		console.media.find(({ head }) => head.kind === kind);
	await until("a picture and a cloud", () => !!of("picture") && !!of("cloud"));
	const picture = of("picture")!;
	assert.ok(picture.head.kind === "picture");
	assert.deepEqual(
		[picture.head.type, picture.head.width, picture.head.height],
		["image/jpeg", 320, 192],
	);
	const pixels = await sharp(picture.bytes).raw().toBuffer();
	assert.ok(pixels[3 * 320 * 10]! < 10 && pixels[3 * 320 * 180]! > 190);
	const cloud = of("cloud")!;
	assert.ok(cloud.head.kind === "cloud");
	const { count, stepM, mount } = cloud.head;
	const { buffer, byteOffset } = cloud.bytes;
	const places = new Int16Array(buffer as ArrayBuffer, byteOffset, 3 * count);
	assert.deepEqual(
		Array.from(places, (step) => Math.round(100 * step * stepM) / 100),
		[10, -2, 0.5, 20, 4, 1],
	);
	assert.deepEqual(
		[mount[3], mount[7], mount[11]].map((one) => Math.round(10 * one!)),
		[10, 0, 17],
	);
	assert.equal(beside.media.length, 0);
	clearInterval(timer);
	await Promise.all([camera.close(), lidar.close()]);
});

test("models, what they answered and where they ran are told", {
	timeout: 60_000,
}, async (t) => {
	const console = followConsole(origin, ["models", "lanes", "devices"]);
	t.after(() => console.close());
	await console.until((link) => link.entries("models").has("simple/1"));
	const before = console.link.entries("models").get("simple/1")!;
	assert.equal(before.state, "READY");
	assert.deepEqual(before.serving?.inputs, [
		{ name: "INPUT0", datatype: "INT32", shape: [-1, 16] },
		{ name: "INPUT1", datatype: "INT32", shape: [-1, 16] },
	]);
	const data = new Uint8Array(64);
	const input = (name: string) => ({
		name,
		datatype: "INT32" as const,
		shape: [1, 16],
		data,
	});
	const http = new HttpClient(origin);
	const answeredBefore = before.serving?.requests ?? 0;
	for (let i = 0; i < 5; i++)
		await http.infer({
			model: "simple",
			inputs: [input("INPUT0"), input("INPUT1")],
		});
	await console.until(
		(link) =>
			link.entries("models").get("simple/1")?.serving?.requests ===
			answeredBefore + 5,
	);
	const { serving } = console.link.entries("models").get("simple/1")!;
	assert.equal(serving?.outcomes["RESULT"], answeredBefore + 5);
	await console.until((link) =>
		link
			.items("lanes")
			.some(({ model, device }) => model === "simple" && device === "cpu"),
	);
	assert.equal(console.link.entries("devices").get("cpu")?.state, "healthy");
});

test("the log, the options and the process are told, and no path of the machine", {
	timeout: 60_000,
}, async (t) => {
	const console = followConsole(origin, ["logs", "options", "server"]);
	t.after(() => console.close());
	await console.until((link) =>
		link.items("logs").some(({ text }) => text === "model ready"),
	);
	await console.until((link) => link.entries("server").has("process"));
	const about = console.link.entries("server").get("about");
	assert.ok(about?.kind === "about");
	assert.deepEqual([about.hasAdminToken, about.canLoad], [false, false]);
	const option = (flag: string) => console.link.entries("options").get(flag);
	assert.equal(option("model-repository")?.value, "(set)");
	assert.deepEqual(
		[option("http-port")?.value, option("http-port")?.isDefault],
		["0", false],
	);
});

test("a console that stops reading is told two ticks and no more, and slows nobody", {
	timeout: 60_000,
}, async (t) => {
	const mute = followConsole(origin, ["server", "frames"], false);
	const ticks: number[] = [];
	const socket = new WsClient(consoleUrl());
	t.after(() => {
		mute.close();
		socket.terminate();
	});
	socket.on("message", (data) =>
		ticks.push((JSON.parse(String(data)) as ConsoleTick).tick),
	);
	await once(socket, "open");
	socket.send('{"topics":["server"]}');
	const reading = followConsole(origin, ["server"]);
	t.after(() => reading.close());
	await reading.until((link) => {
		const entry = link.entries("server").get("console");
		return entry?.kind === "console" && entry.droppedTicks > 2;
	});
	assert.equal(ticks.length, 2);
	const metrics = await fetch(
		`http://127.0.0.1:${server.metrics.port}/metrics`,
	);
	assert.match(
		await metrics.text(),
		/^saccade_console_dropped_ticks_total [1-9]/m,
	);
	// A tick that it was never told is no credit; the last one is.
	socket.send('{"seen":1000000000}');
	socket.send(`{"seen":${ticks.at(-1)}}`);
	await until("a third tick", () => ticks.length >= 3);
});

test("what a console must not say ends its connection with why, and no other's", {
	timeout: 60_000,
}, async (t) => {
	const good = followConsole(origin, ["server"]);
	t.after(() => good.close());
	const many = Array.from({ length: 65 }, (_, i) => `t${i}`);
	for (const [message, code, reason] of [
		["{", 4400, /a message is valid JSON/],
		["null", 4400, /a message is an object/],
		['{"topics":[1]}', 4400, /'topics', a list of texts/],
		[JSON.stringify({ topics: many }), 4400, /at most 64 topics/],
		[Buffer.from('{"topics":[]}'), 4400, /a text with JSON/],
		["x".repeat(20_000), 1009, /^/],
	] as const) {
		const socket = new WsClient(consoleUrl());
		await once(socket, "open");
		socket.send(message);
		const [closed, why] = await once(socket, "close");
		assert.equal(closed, code, String(message).slice(0, 40));
		assert.match(String(why), reason);
	}
	await good.until((link) => link.entries("server").has("about"));
});

test("bytes that are no frames end the connection with a protocol error", {
	timeout: 60_000,
}, async () => {
	for (const bytes of [
		// Not masked, which a client must.
		[0x81, 0x02, 0x7b, 0x7d],
		// Reserved bits, and an opcode that there is not.
		[0xf3, 0x80, 0, 0, 0, 0],
		// A text that is no UTF-8.
		[0x81, 0x81, 0, 0, 0, 0, 0xff],
		// A ping that is too long.
		[0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0],
	]) {
		const socket = connect(server.http.port, "127.0.0.1");
		socket.write(
			`GET /saccade/v1/console HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
		);
		const [head] = await once(socket, "data");
		assert.match(String(head), /^HTTP\/1\.1 101 /);
		socket.on("data", () => {});
		socket.write(Uint8Array.from(bytes));
		await once(socket, "close");
	}
	assert.equal((await fetch(`${origin}/v2/health/ready`)).status, 200);
});

test("pages of strangers are turned away before there is a connection", {
	timeout: 60_000,
}, async () => {
	for (const headers of [
		{ origin: "https://evil.example" },
		{ origin: "null" },
		{ host: "evil.example:8000" },
	]) {
		const socket = new WsClient(consoleUrl(), { headers });
		const [, response] = await once(socket, "unexpected-response");
		assert.equal(response.statusCode, 403, JSON.stringify(headers));
		socket.on("error", () => {});
		socket.terminate();
	}
});

test("a thousand consoles are served, the one beyond the limit hears why, and inference goes on", {
	timeout: 120_000,
}, async (t) => {
	const sockets: WsClient[] = [];
	t.after(() => {
		for (const socket of sockets) socket.terminate();
	});
	const told = new Set<WsClient>();
	const opened = () => {
		const socket = new WsClient(consoleUrl());
		sockets.push(socket);
		socket.on("message", (data) => {
			told.add(socket);
			const { tick } = JSON.parse(String(data)) as ConsoleTick;
			socket.send(`{"seen":${tick}}`);
		});
		return socket;
	};
	for (let i = 0; i < 1024; i += 64)
		await Promise.all(
			Array.from({ length: 64 }, async () => {
				const socket = opened();
				await once(socket, "open");
				socket.send('{"topics":["server","streams","models","frames"]}');
			}),
		);
	await until("all are told", () => told.size === 1024);
	const beyond = new WsClient(consoleUrl());
	const [code, reason] = await once(beyond, "close");
	assert.equal(code, 4503);
	assert.match(String(reason), /^1024 consoles are open, which is the limit/);
	const data = new Uint8Array(64);
	const input = (name: string) => ({
		name,
		datatype: "INT32" as const,
		shape: [1, 16],
		data,
	});
	for (let i = 0; i < 50; i++)
		await grpc.infer({
			model: "simple",
			inputs: [input("INPUT0"), input("INPUT1")],
			deadlineMs: 5000,
		});
});

test("through network threads the page is served, and says why it shows nothing", {
	timeout: 60_000,
}, async () => {
	const other = await startTestServer(repository, "--fronts=1");
	try {
		const at = `127.0.0.1:${other.http.port}`;
		const page = await fetch(`http://${at}/`);
		assert.equal(page.status, 200);
		assert.match(await page.text(), /<title>Saccade<\/title>/);
		const socket = new WsClient(`ws://${at}/saccade/v1/console`);
		const [code, reason] = await once(socket, "close");
		assert.equal(code, 4501);
		assert.match(String(reason), /not served through network threads/);
	} finally {
		await other.close();
	}
});
