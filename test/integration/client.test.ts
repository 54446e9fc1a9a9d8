// @saccade/client against the whole server.
import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
	ClientError,
	commandOf,
	type FrameOutcome,
	HttpClient,
	type InferenceClient,
	type Opening,
	performanceClock,
} from "@saccade/client";
import { GrpcClient } from "@saccade/client/grpc";
import * as pb from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

const LIST_SENSORS = {
	path: "/saccade.v1.SensorPipeline/ListSensors",
	request: pb.ListSensorsRequestSchema,
	response: pb.ListSensorsResponseSchema,
};
const SAFE = { action: "brake", reasons: ["silence"], targets: [] };
let server: TestServer;
let grpc: GrpcClient;
let http: HttpClient;
let clients: readonly (readonly [string, InferenceClient])[];

before(async () => {
	server = await startTestServer(
		fileURLToPath(new URL("../../models/repository", import.meta.url)),
		"--model-control-mode=explicit",
		"--load-model=simple",
		"--load-model=identity_bytes",
	);
	grpc = new GrpcClient(server.grpcAddress);
	http = new HttpClient(`127.0.0.1:${server.http.port}`);
	clients = [
		["gRPC", grpc],
		["HTTP", http],
	];
});

after(async () => {
	grpc.close();
	await server.close();
});

const numbers = (name: string, from: number) => ({
	name,
	datatype: "INT32" as const,
	shape: [1, 16],
	data: new Uint8Array(
		Int32Array.from({ length: 16 }, (_, i) => from + i).buffer,
	),
});
const request = {
	model: "simple",
	inputs: [numbers("INPUT0", 0), numbers("INPUT1", 100)],
};

test("an inference is answered with the outputs that were asked for", async () => {
	for (const [name, client] of clients) {
		const all = await client.infer({ ...request, deadlineMs: 20_000 });
		assert.deepEqual(
			all.outputs.map((output) => output.name),
			["OUTPUT0", "OUTPUT1"],
			name,
		);
		const sum = all.outputs[0]!;
		assert.deepEqual(sum.shape, [1, 16]);
		const { buffer, byteOffset, length } = sum.data;
		assert.deepEqual(
			[...new Int32Array(buffer, byteOffset, length / 4)],
			Array.from({ length: 16 }, (_, i) => 100 + 2 * i),
			name,
		);
		const one = await client.infer({ ...request, outputs: ["OUTPUT1"] });
		assert.deepEqual(
			one.outputs.map((output) => output.name),
			["OUTPUT1"],
			name,
		);
		assert.equal(one.model, "simple");
	}
});

test("what is refused has the server's code and text on both transports", async () => {
	for (const [wrong, code, text] of [
		[{ ...request, model: "nothing" }, "NOT_FOUND", /nothing/],
		[
			{ ...request, inputs: [numbers("INPUT0", 0)] },
			"INVALID_ARGUMENT",
			/INPUT1/,
		],
		[{ ...request, deadlineMs: 0.001 }, "DEADLINE_EXCEEDED", /deadline/],
		[{ ...request, deadlineMs: -1 }, "INVALID_ARGUMENT", /must be > 0, got -1/],
	] as const)
		for (const [name, client] of clients) {
			const error = await client.infer(wrong).then(
				() => assert.fail("answered"),
				(reason: unknown) => reason,
			);
			assert.ok(error instanceof ClientError, `${name}: ${error}`);
			assert.equal(error.code, code, `${name}: ${error.message}`);
			assert.match(error.message, text, name);
		}
});

test("a caller who leaves is answered CANCELLED at once", async () => {
	for (const [name, client] of clients) {
		await assert.rejects(
			client.infer({ ...request, signal: AbortSignal.abort() }),
			{ code: "CANCELLED" },
			name,
		);
	}
});

test("a deadline is kept by this side, too, when the server says nothing", async (t) => {
	const silent = createHttpServer(() => {});
	await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
	t.after(() => silent.close());
	t.after(() => silent.closeAllConnections());
	const { port } = silent.address() as AddressInfo;
	const client = new HttpClient(`127.0.0.1:${port}`);
	await assert.rejects(client.infer({ ...request, deadlineMs: 20 }), {
		code: "DEADLINE_EXCEEDED",
		message: "no answer within the deadline of 20 ms",
	});
});

test("where no server is, the error says so", async () => {
	const nowhere = new GrpcClient("127.0.0.1:1");
	for (const client of [nowhere, new HttpClient("127.0.0.1:1")])
		await assert.rejects(client.infer(request), {
			code: "UNAVAILABLE",
			message: /127\.0\.0\.1:1 does not answer; is a server running there/,
		});
	nowhere.close();
	assert.throws(() => new HttpClient("http://"), {
		code: "INVALID_ARGUMENT",
	});
});

const opening: Opening = {
	qos: { dropPolicy: "drop-oldest" },
	sensors: [{ deviceId: "thermometer", periodMs: 100 }],
	clockDomain: "host-monotonic",
	safeCommand: SAFE,
};

/** On both transports: they are to be the same to whoever uses them. */
function streamTest(
	name: string,
	run: (client: GrpcClient | HttpClient) => Promise<void>,
): void {
	test(`${name} (gRPC)`, { timeout: 30_000 }, () => run(grpc));
	test(`${name} (WebSocket)`, { timeout: 30_000 }, () => run(http));
}

streamTest(
	"each reading gets its outcome, and its decision holds",
	async (client) => {
		const outcomes: FrameOutcome[] = [];
		const stream = client.openStream(opening, {
			onOutcome: (outcome) => outcomes.push(outcome),
		});
		assert.equal(commandOf(stream.command), SAFE);
		assert.match(await stream.opened, /^s\d+$/);
		const timestampNs = process.hrtime.bigint();
		for (let i = 0n; i < 3n; i++)
			assert.equal(
				stream.send({
					timestampNs: timestampNs + i,
					deviceId: "thermometer",
					value: 20,
				}),
				"sent",
			);
		const closed = stream.close();
		assert.equal(
			stream.send({ timestampNs, deviceId: "thermometer", value: 20 }),
			"closed",
			"at once, while outcomes are still to come",
		);
		const totals = await closed;
		assert.deepEqual(totals, {
			received: 3,
			inFlight: 0,
			onlyCounted: 0,
			outcomes: { RESULT: 3 },
		});
		assert.deepEqual(
			outcomes.map(({ sequence, outcome }) => [sequence, outcome]),
			[
				[1, "RESULT"],
				[2, "RESULT"],
				[3, "RESULT"],
			],
		);
		const held = stream.command;
		assert.ok(held.kind === "decision", "valid for a second");
		assert.equal(held.decision.validUntilNs, timestampNs + 2n + 1_000_000_000n);
		assert.equal(
			stream.send({ timestampNs, deviceId: "thermometer" }),
			"closed",
		);
		stream.cancel();
	},
);

streamTest(
	"payloads of every kind arrive as they were meant",
	async (client) => {
		const outcomes = new Map<string, FrameOutcome>();
		const stream = client.openStream(
			{ ...opening, sensors: [] },
			{ onOutcome: (outcome) => outcomes.set(outcome.deviceId, outcome) },
		);
		const vector = { x: 1, y: 2, z: 3 };
		const points = new Uint8Array(32);
		for (const [deviceId, payload] of [
			[
				"image",
				{
					kind: "image",
					encoding: "mono8",
					width: 2,
					height: 2,
					data: new Uint8Array(4),
				},
			],
			[
				"short",
				{
					kind: "image",
					encoding: "rgb8",
					width: 2,
					height: 2,
					data: new Uint8Array(4),
				},
			],
			["cloud", { kind: "cloud", data: points }],
			[
				"named",
				{
					kind: "cloud",
					fields: [
						{ name: "x", offsetBytes: 0, type: "float32" },
						{ name: "y", offsetBytes: 4, type: "float32" },
						{ name: "z", offsetBytes: 8, type: "float32" },
					],
					strideBytes: 16,
					data: points,
				},
			],
			["ros", { kind: "cloud", layout: "point-cloud2", data: points }],
			[
				"imu",
				{ kind: "imu", angularVelocity: vector, linearAcceleration: vector },
			],
		] as const)
			stream.send({ timestampNs: process.hrtime.bigint(), deviceId, payload });
		await stream.close();
		assert.deepEqual(
			Object.fromEntries(
				[...outcomes].map(([id, { outcome }]) => [id, outcome]),
			),
			{
				image: "RESULT",
				short: "INVALID",
				cloud: "RESULT",
				named: "RESULT",
				ros: "INVALID",
				imu: "RESULT",
			},
		);
		assert.equal(outcomes.get("short")?.reason, "malformed");
		stream.cancel();
	},
);

streamTest(
	"tensors run through a model, within a budget that is told back",
	async (client) => {
		let told: FrameOutcome | null = null;
		const stream = client.openStream(
			{ ...opening, pipeline: "model:simple", sensors: [] },
			{
				onOutcome: (outcome) => {
					told = outcome;
				},
			},
		);
		stream.send({
			timestampNs: process.hrtime.bigint(),
			deviceId: "a",
			deadlineMs: 20_000,
			payload: { kind: "tensors", tensors: request.inputs },
		});
		await stream.close();
		const outcome = told as FrameOutcome | null;
		assert.equal(outcome?.outcome, "RESULT", outcome?.detail);
		assert.equal(outcome?.latency.deadlineNs, 20e9);
		assert.ok((outcome?.latency.finishedNs ?? 0) > 0);
		assert.equal(outcome?.outputs[0]?.name, "OUTPUT0");
	},
);

streamTest(
	"with policy block nothing is sent beyond the credit, and nothing is lost",
	async (client) => {
		let resultCount = 0;
		let turnedAway = 0;
		const room: (() => void)[] = [];
		const stream = client.openStream(
			{
				...opening,
				pipeline: "model:simple",
				sensors: [],
				qos: { dropPolicy: "block", depth: 2 },
			},
			{
				onOutcome: ({ outcome, detail }) => {
					assert.equal(outcome, "RESULT", detail);
					resultCount++;
				},
				onRoom: () => room.shift()?.(),
			},
		);
		const reading = () => ({
			timestampNs: process.hrtime.bigint(),
			deviceId: "a",
			payload: { kind: "tensors", tensors: request.inputs } as const,
		});
		assert.equal(stream.send(reading()), "no-credit", "before it is open");
		for (let sent = 0; sent < 50; ) {
			const roomAgain = new Promise<void>((resolve) => room.push(resolve));
			if (stream.send(reading()) === "sent") {
				sent++;
				room.length = 0;
				continue;
			}
			turnedAway++;
			await roomAgain;
		}
		const totals = await stream.close();
		assert.deepEqual([totals.received, resultCount], [50, 50]);
		assert.ok(turnedAway > 10, `${turnedAway} times turned away`);
	},
);

streamTest(
	"a stream that is refused says why, with the code",
	async (client) => {
		for (const [refused, code, text] of [
			[
				{ ...opening, pipeline: "nowhere" },
				"NOT_FOUND",
				/no pipeline 'nowhere'/,
			],
			[
				{ ...opening, qos: { depth: 1000 } },
				"INVALID_ARGUMENT",
				/depth must be 1 to 100/,
			],
		] as const) {
			const stream = client.openStream(refused);
			await assert.rejects(stream.opened, { code, message: text });
			await assert.rejects(stream.ended, { code });
			assert.equal(stream.command.kind, "safe");
		}
	},
);

streamTest("a device that falls silent is told as an event", async (client) => {
	const kinds: string[] = [];
	const stream = client.openStream(
		{ ...opening, sensors: [{ deviceId: "a", periodMs: 20 }] },
		{ onEvent: ({ kind, deviceId }) => kinds.push(`${kind} ${deviceId}`) },
	);
	stream.send({ timestampNs: process.hrtime.bigint(), deviceId: "a" });
	await until("it is missed", () => kinds.includes("missed_period a"));
	await stream.close();
});

streamTest(
	"what breaks the protocol ends the stream with its code and all of the text",
	async (client) => {
		const name = `model:${"é".repeat(90)}`;
		const refused = client.openStream({ ...opening, pipeline: name });
		// Longer than the reason of a WebSocket's close may be.
		await assert.rejects(refused.ended, {
			code: "NOT_FOUND",
			message: new RegExp(`'${"é".repeat(90)}'`),
		});
	},
);

streamTest(
	"who cancels is answered at once, and the server lets go of what it had",
	async (client) => {
		const stream = client.openStream({ ...opening, pipeline: "model:simple" });
		await stream.opened;
		stream.cancel();
		await assert.rejects(stream.ended, { code: "CANCELLED" });
		assert.equal(
			stream.send({ timestampNs: 1n, deviceId: "thermometer" }),
			"closed",
		);
	},
);

streamTest(
	"an interrupt goes before what waits, and what runs is stopped for it",
	async (client) => {
		const outcomes = new Map<number, string>();
		const interrupts: number[] = [];
		const stream = client.openStream(
			{ ...opening, pipeline: "model:simple", sensors: [] },
			{
				onOutcome: ({ sequence, outcome, reason }) =>
					outcomes.set(sequence, reason ?? outcome),
			},
		);
		await stream.opened;
		const send = (interrupt: boolean) => {
			const answer = stream.send({
				timestampNs: process.hrtime.bigint(),
				deviceId: "a",
				interrupt,
				payload: { kind: "tensors", tensors: request.inputs },
			});
			assert.equal(answer, "sent");
			if (interrupt) interrupts.push(stream.sentCount);
		};
		// How much of it arrives in one turn is the network's to say.
		await until("one is stopped for an interrupt", async () => {
			for (const interrupt of [false, false, true]) send(interrupt);
			await until("all are told", () => outcomes.size === stream.sentCount);
			return [...outcomes.values()].includes("preempted");
		});
		await stream.close();
		for (const sequence of interrupts)
			assert.equal(outcomes.get(sequence), "RESULT");
	},
);

streamTest(
	"a profile is changed while the stream is open, and one that contradicts itself changes nothing",
	async (client) => {
		const reasons: string[] = [];
		const stream = client.openStream(opening, {
			onPolicyChange: (reason) => reasons.push(reason),
		});
		await stream.opened;
		stream.reconfigure({ dropPolicy: "keep-last", depth: 3 });
		await until("it is told", () => reasons.length === 1);
		stream.reconfigure({ depth: 1000 });
		await until("it is told", () => reasons.length === 2);
		assert.match(reasons[0]!, /asked for by the client/);
		assert.match(reasons[1]!, /^refused: .*depth must be 1 to 100/);
		assert.equal((await stream.close()).received, 0, "they are no readings");
	},
);

streamTest(
	"a heartbeat keeps a device alive that measures nothing",
	async (client) => {
		const kinds: string[] = [];
		const stream = client.openStream(
			{
				...opening,
				qos: { liveliness: "manual-by-topic", livelinessLeaseMs: 300 },
				sensors: [{ deviceId: "kept" }, { deviceId: "silent" }],
			},
			{ onEvent: ({ kind, deviceId }) => kinds.push(`${kind} ${deviceId}`) },
		);
		await stream.opened;
		const heart = setInterval(() => stream.heartbeat("kept"), 20);
		await until("the other is lost", () =>
			kinds.includes("liveliness_lost silent"),
		);
		clearInterval(heart);
		assert.ok(!kinds.includes("liveliness_lost kept"), kinds.join());
		await stream.close();
	},
);

streamTest(
	"an exchange of clocks bounds the offset that the server estimates",
	async (client) => {
		const status = new TestClient(server.grpcAddress);
		const stream = client.openStream({
			...{
				safeCommand: SAFE,
				sensors: [{ deviceId: `synced-${client.constructor.name}` }],
			},
		});
		await stream.opened;
		const deviceId = `synced-${client.constructor.name}`;
		const uncertaintyNs = async () => {
			const { sensors } = await status.unary(LIST_SENSORS, {});
			const clock = sensors.find((one) => one.deviceId === deviceId)?.clock;
			return Number(clock?.uncertaintyNs ?? -1n);
		};
		stream.send({ timestampNs: performanceClock.nowNs(), deviceId });
		stream.syncClock(deviceId);
		await until("the offset is bounded", async () => {
			const ns = await uncertaintyNs();
			return ns > 0 && ns < 1e9;
		});
		await stream.close();
		status.close();
	},
);

test("where no server is, a stream over a WebSocket says so, and its safe command holds", async () => {
	const stream = new HttpClient("127.0.0.1:1").openStream(opening);
	for (const promise of [stream.opened, stream.ended])
		await assert.rejects(promise, {
			code: "UNAVAILABLE",
			message: /127\.0\.0\.1:1.* does not answer; is a server running there/,
		});
	assert.equal(commandOf(stream.command), SAFE);
});

test("a WebSocket that does not keep up turns readings away, and says when there is room", async () => {
	const room = Promise.withResolvers<void>();
	const stream = http.openStream(
		{ ...opening, sensors: [] },
		{ onRoom: room.resolve },
	);
	const send = () =>
		stream.send({
			timestampNs: process.hrtime.bigint(),
			deviceId: "cloud",
			payload: { kind: "cloud", data: new Uint8Array(320_000) },
		});
	let sent = 0;
	// Before it is connected nothing leaves.
	while (send() === "sent") sent++;
	assert.ok(sent >= 3 && sent < 10, `${sent} were taken`);
	assert.equal(send(), "backed-up");
	await room.promise;
	assert.equal(send(), "sent");
	const totals = await stream.close();
	assert.equal(totals.received, sent + 1);
	stream.cancel();
});

test("a program that cannot read CLOCK_MONOTONIC is told so, unless it has a clock", (t) => {
	const { hrtime } = process;
	t.after(() => {
		process.hrtime = hrtime;
	});
	// As in a browser.
	Reflect.set(process, "hrtime", undefined);
	assert.throws(() => http.openStream(opening), { code: "UNSUPPORTED" });
});
