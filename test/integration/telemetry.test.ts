// StreamTelemetry with a real client (grpc-js) against the whole server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
	create,
	type DescMessage,
	type MessageInitShape,
} from "@bufbuild/protobuf";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import {
	DropPolicy,
	Reliability,
} from "@saccade/protocol/gen/saccade/v1/qos_pb.js";
import * as pb from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

const STREAM = {
	path: "/saccade.v1.SensorPipeline/StreamTelemetry",
	request: pb.SensorReadingSchema,
	response: pb.ControlCommandSchema,
};
const rpc = <Req extends DescMessage, Res extends DescMessage>(
	name: string,
	request: Req,
	response: Res,
) => ({ path: `/saccade.v1.SensorPipeline/${name}`, request, response });

type Call = ClientDuplexStream<pb.SensorReading, pb.ControlCommand>;
type ReadingInit = MessageInitShape<typeof pb.SensorReadingSchema>;

let server: TestServer;
let client: TestClient;

before(async () => {
	server = await startTestServer(
		fileURLToPath(new URL("../../models/repository", import.meta.url)),
		"--model-control-mode=explicit",
		"--load-model=simple",
	);
	client = new TestClient(server.grpcAddress);
});

after(async () => {
	client.close();
	await server.close();
});

/** A stream whose commands are kept as they come. */
class Telemetry {
	readonly call: Call = client.bidi(STREAM);
	readonly commands: pb.ControlCommand[] = [];
	readonly ended: Promise<{ code: number; details: string }>;

	constructor() {
		this.call.on("data", (command: pb.ControlCommand) =>
			this.commands.push(command),
		);
		this.ended = new Promise((resolve) => {
			this.call.on("error", () => {});
			this.call.on("status", resolve);
		});
	}

	send(reading: ReadingInit): void {
		this.call.write(create(pb.SensorReadingSchema, reading));
	}

	get outcomes(): pb.FrameOutcome[] {
		return this.commands.flatMap(({ outcomes }) => outcomes);
	}

	get opened(): pb.StreamOpened[] {
		return this.commands.flatMap(({ opened }) => opened ?? []);
	}

	get totals(): pb.Totals | undefined {
		return this.commands.findLast(({ totals }) => totals !== undefined)?.totals;
	}

	/** Ends our side; resolves with the status. */
	close(): Promise<{ code: number; details: string }> {
		this.call.end();
		return this.ended;
	}
}

const reading = (sequence: number, more: object = {}) => ({
	timestampNs: 1_700_000_000_000_000_000n + BigInt(sequence) * 1_000_000n,
	deviceId: "thermometer",
	value: 20 + sequence,
	sequence: BigInt(sequence),
	...more,
});

test("a device that knows three fields gets a decision for each reading", async () => {
	const telemetry = new Telemetry();
	for (let i = 1; i <= 3; i++) {
		const { timestampNs, deviceId, value } = reading(i);
		telemetry.send({ timestampNs, deviceId, value });
	}
	const { code } = await telemetry.close();
	assert.equal(code, 0);
	assert.equal(telemetry.opened[0]?.accepted, true);
	assert.equal(telemetry.opened[0]?.pipeline, "scalar");
	assert.equal(telemetry.outcomes.length, 3);
	for (const [i, outcome] of telemetry.outcomes.entries()) {
		const { timestampNs } = reading(i + 1);
		assert.equal(outcome.outcome, pb.Outcome.RESULT);
		assert.equal(outcome.timestampNs, timestampNs);
		assert.equal(outcome.deviceId, "thermometer");
		assert.equal(outcome.decision?.action, "keep");
		assert.equal(outcome.decision?.validUntilNs, timestampNs + 1_000_000_000n);
		assert.ok(outcome.latency!.finishedNs >= outcome.latency!.receivedNs);
	}
	assert.equal(telemetry.totals?.received, 3n);
	assert.equal(telemetry.totals?.inFlight, 0n);
	assert.deepEqual(
		telemetry.totals?.outcomes.map(({ outcome, count }) => [outcome, count]),
		[[pb.Outcome.RESULT, 3n]],
	);
});

test("an opening is answered with the profile as it holds; a second one is refused and changes nothing", async () => {
	const telemetry = new Telemetry();
	const opening = (pipeline: string): ReadingInit => ({
		content: {
			case: "open",
			value: create(pb.StreamOpenSchema, {
				pipeline,
				qos: { dropPolicy: DropPolicy.DROP_OLDEST },
			}),
		},
	});
	telemetry.send(opening("scalar"));
	telemetry.send(opening("model:simple"));
	telemetry.send(reading(1));
	const { code } = await telemetry.close();
	assert.equal(code, 0);
	assert.deepEqual(
		telemetry.opened.map(({ accepted }) => accepted),
		[true, false],
	);
	assert.match(telemetry.opened[1]?.reason ?? "", /open already/);
	assert.equal(telemetry.opened[0]?.qos?.depth, 100);
	assert.equal(telemetry.outcomes[0]?.outcome, pb.Outcome.RESULT);
});

test("a profile that contradicts itself and a pipeline that is not there end the stream with the reason", async () => {
	for (const [value, expected] of [
		[{ qos: { depth: 1000 } }, /depth must be 1 to 100/],
		[
			{
				qos: {
					dropPolicy: DropPolicy.BLOCK,
					reliability: Reliability.BEST_EFFORT,
				},
			},
			/BLOCK loses nothing/,
		],
		[{ pipeline: "nowhere" }, /no pipeline 'nowhere'/],
		[{ pipeline: "model:nowhere" }, /nowhere/],
		[{ sensors: [{ deviceId: "a" }, { deviceId: "a" }] }, /'a' is named twice/],
	] as const) {
		const telemetry = new Telemetry();
		telemetry.send({
			content: {
				case: "open",
				value: create(pb.StreamOpenSchema, value as never),
			},
		});
		const { code, details } = await telemetry.ended;
		assert.notEqual(code, 0);
		assert.match(details, expected);
		if (telemetry.opened.length > 0)
			assert.equal(telemetry.opened[0]?.accepted, false);
	}
});

test("tensors of a frame run through a model of the repository, with its stamps", async () => {
	const telemetry = new Telemetry();
	telemetry.send({
		content: {
			case: "open",
			value: create(pb.StreamOpenSchema, {
				pipeline: "model:simple",
				qos: { latencyBudgetNs: 5_000_000_000n, dropPolicy: DropPolicy.BLOCK },
			}),
		},
	});
	const input = (name: string, from: number) => ({
		name,
		datatype: "INT32",
		shape: [1n, 16n],
		data: new Uint8Array(
			Int32Array.from({ length: 16 }, (_, i) => from + i).buffer,
		),
	});
	telemetry.send(
		reading(1, {
			content: {
				case: "tensors",
				value: { tensors: [input("INPUT0", 0), input("INPUT1", 100)] } as never,
			},
		}),
	);
	telemetry.send(
		reading(2, {
			content: {
				case: "tensors",
				value: { tensors: [input("INPUT0", 0)] } as never,
			},
		}),
	);
	await telemetry.close();
	const [first, second] = telemetry.outcomes.toSorted((a, b) =>
		Number(a.sequence - b.sequence),
	);
	assert.equal(first?.outcome, pb.Outcome.RESULT, first?.detail);
	const sum = first?.outputs.find(({ name }) => name === "OUTPUT0");
	assert.deepEqual(sum?.shape, [1n, 16n]);
	const bytes = new Uint8Array(sum!.data);
	assert.deepEqual(
		[...new Int32Array(bytes.buffer)],
		Array.from({ length: 16 }, (_, i) => 100 + 2 * i),
	);
	assert.equal(first?.latency?.stages[0]?.name, "model");
	assert.ok(first!.latency!.deadlineNs > 0n);
	assert.equal(second?.outcome, pb.Outcome.INVALID);
	assert.match(second?.detail ?? "", /INPUT1/);
});

test("bad payloads are INVALID with their reason, and the stream goes on", async () => {
	const telemetry = new Telemetry();
	telemetry.send({
		content: {
			case: "open",
			value: create(pb.StreamOpenSchema, {
				qos: { dropPolicy: DropPolicy.DROP_OLDEST },
			}),
		},
	});
	const image = { encoding: "rgb8", width: 640, height: 480 };
	const contents = [
		{ case: "image", value: { ...image, data: new Uint8Array(0) } },
		{ case: "image", value: { ...image, data: new Uint8Array(2000) } },
		{
			case: "cloud",
			value: {
				layout: {
					case: "packed",
					value: { data: new Uint8Array(16 * 100 + 3) },
				},
			},
		},
		{
			case: "cloud",
			value: {
				layout: { case: "foxglove", value: new Uint8Array(2000).fill(0xff) },
			},
		},
		{ case: "image", value: { ...image, data: new Uint8Array(640 * 480 * 3) } },
		{
			case: "cloud",
			value: {
				layout: {
					case: "packed",
					value: { data: new Uint8Array(16 * 5000).fill(0xff) },
				},
			},
		},
	];
	for (const [i, content] of contents.entries())
		telemetry.send(reading(i + 1, { content: content as never }));
	await telemetry.close();
	assert.deepEqual(
		telemetry.outcomes.map(({ outcome, reason }) => reason || outcome),
		[
			"empty-payload",
			"malformed",
			"malformed",
			"malformed",
			pb.Outcome.RESULT,
			pb.Outcome.RESULT,
		],
	);
	assert.equal(server.server.resources().bodyLeaseCount, 0);
});

test("a client that never reads its commands costs a bound, and every outcome is still counted", async () => {
	const telemetry = new Telemetry();
	telemetry.call.pause();
	const sent = 20_000;
	for (let i = 1; i <= sent; i++) {
		telemetry.send(reading(i));
		// The client's own buffer is not what is tested.
		if (i % 500 === 0)
			await until(
				"the client wrote",
				() =>
					telemetry.call.writableLength < 50_000 &&
					telemetry.call.writableLength >= 0,
			);
	}
	await until("all were received", async () => {
		const { streams } = await client.unary(
			rpc(
				"ListStreams",
				pb.ListStreamsRequestSchema,
				pb.ListStreamsResponseSchema,
			),
			{},
		);
		return streams[0]?.totals?.received === BigInt(sent);
	});
	telemetry.call.end();
	telemetry.call.resume();
	const { code } = await telemetry.ended;
	assert.equal(code, 0);
	const { totals, outcomes } = telemetry;
	assert.equal(totals?.received, BigInt(sent));
	assert.equal(BigInt(outcomes.length) + totals!.onlyCounted, BigInt(sent));
	assert.ok(totals!.onlyCounted > 0n, "it was held back");
	assert.equal(outcomes.at(-1)?.sequence, BigInt(sent), "the newest is told");
});

test("sensors are registered, listed and unregistered; ten thousand of them", async () => {
	const register = rpc(
		"RegisterSensor",
		pb.RegisterSensorRequestSchema,
		pb.SensorStatusSchema,
	);
	const status = await client.unary(register, {
		deviceId: "lidar",
		periodNs: 100_000_000n,
	});
	assert.equal(status.registered, true);
	assert.equal(status.lastSeenAgoNs, -1n);
	await assert.rejects(client.unary(register, { deviceId: "" }), { code: 3 });
	for (let i = 0; i < 10_000; i += 100)
		await Promise.all(
			Array.from({ length: 100 }, (_, j) =>
				client.unary(register, { deviceId: `s${i + j}`, periodNs: 10n ** 9n }),
			),
		);
	const list = rpc(
		"ListSensors",
		pb.ListSensorsRequestSchema,
		pb.ListSensorsResponseSchema,
	);
	const telemetry = new Telemetry();
	telemetry.send(reading(1, { deviceId: "lidar" }));
	await until("it was told", () => telemetry.outcomes.length === 1);
	const { sensors } = await client.unary(list, {});
	assert.equal(sensors.length, 10_001);
	const lidar = sensors.find(({ deviceId }) => deviceId === "lidar");
	assert.equal(lidar?.received, 1n);
	assert.ok(lidar!.lastSeenAgoNs >= 0n);
	assert.equal(lidar?.periodNs, 100_000_000n);
	await telemetry.close();
	const unregister = rpc(
		"UnregisterSensor",
		pb.UnregisterSensorRequestSchema,
		pb.UnregisterSensorResponseSchema,
	);
	for (const { deviceId } of sensors)
		await client.unary(unregister, { deviceId });
	await assert.rejects(client.unary(unregister, { deviceId: "lidar" }), {
		code: 5,
	});
	assert.equal((await client.unary(list, {})).sensors.length, 0);
});

test("an exchange of clocks is answered with the server's two instants", async () => {
	const telemetry = new Telemetry();
	telemetry.send(reading(1));
	telemetry.send({
		deviceId: "thermometer",
		content: { case: "clockSync", value: { clientSendNs: 1000n } as never },
	});
	await until("it was answered", () =>
		telemetry.commands.some(({ clockSync }) => clockSync !== undefined),
	);
	const { clockSync } = telemetry.commands.find(
		(command) => command.clockSync !== undefined,
	)!;
	assert.equal(clockSync?.clientSendNs, 1000n);
	assert.ok(clockSync!.serverSendNs >= clockSync!.serverReceiveNs);
	await telemetry.close();
});

test("outcomes are counted by pipeline and outcome", async () => {
	const telemetry = new Telemetry();
	telemetry.send(reading(1, { value: Number.NaN }));
	await telemetry.close();
	const answer = await fetch(`http://127.0.0.1:${server.metrics.port}/metrics`);
	const text = await answer.text();
	assert.match(
		text,
		/saccade_outcomes_total\{source="scalar",outcome="INVALID"\} [1-9]/,
	);
	assert.equal(
		text.match(/^# TYPE saccade_outcomes_total counter$/gm)?.length,
		1,
	);
});

test("a reading posted as JSON gets its outcome; what is no reading is refused with what to change", async () => {
	const post = async (body: string) => {
		const answer = await fetch(
			`http://127.0.0.1:${server.http.port}/saccade/v1/telemetry`,
			{ method: "POST", body },
		);
		const told = (await answer.json()) as {
			outcome: string;
			reason: string;
			error: string;
			timestamp_ns: string;
			decision: { action: string; valid_until_ns: string };
		};
		return { status: answer.status, body: told };
	};
	const at = "1700000000123456789";
	const good = `{"timestamp_ns":${at},"device_id":"hall","value":21.5}`;
	const first = await post(good);
	assert.equal(first.status, 200);
	assert.equal(first.body.outcome, "RESULT");
	assert.equal(first.body.timestamp_ns, at);
	assert.equal(first.body.decision.action, "keep");
	assert.equal(first.body.decision.valid_until_ns, "1700000001123456789");
	const again = await post(good);
	assert.equal(again.status, 400);
	assert.equal(again.body.reason, "duplicate");
	for (const [body, message] of [
		['{"device_id":"hall","value":1}', /timestamp_ns/],
		['{"timestamp_ns":1.5,"device_id":"hall","value":1}', /timestamp_ns/],
		['{"timestamp_ns":1,"value":1}', /device_id/],
		['{"timestamp_ns":1,"device_id":"hall","value":"1"}', /value/],
		["[]", /not an object/],
		["{", /./],
	] as const) {
		const { status, body: answer } = await post(body);
		assert.equal(status, 400, body);
		assert.match(answer.error, message);
	}
});
