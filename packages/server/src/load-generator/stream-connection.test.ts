// The generator of streams against node:http2 and protobuf-es, which share no code with it. The windows of node:http2
// hold less than a batch of readings, so that flow control is at work.
import assert from "node:assert/strict";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import {
	create,
	fromBinary,
	type MessageInitShape,
	toBinary,
} from "@bufbuild/protobuf";
import {
	ControlCommandSchema,
	Outcome,
	type SensorReading,
	SensorReadingSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { type OpenLoad, runOpenLoop } from "./open-loop.ts";
import { type StreamLoad, StreamLoadConnection } from "./stream-connection.ts";

type Command = MessageInitShape<typeof ControlCommandSchema>;
type Behaviour = (
	readings: readonly SensorReading[],
	stream: ServerHttp2Stream,
) => void;

async function serve(t: TestContext, behave: Behaviour): Promise<number> {
	const server = createServer();
	server.on("session", (session) => t.after(() => session.destroy()));
	server.on("stream", (stream) => {
		stream.on("error", () => {});
		stream.respond({ ":status": 200, "content-type": "application/grpc" });
		let bytes = Buffer.alloc(0);
		stream.on("data", (chunk: Buffer) => {
			bytes = Buffer.concat([bytes, chunk]);
			const readings: SensorReading[] = [];
			while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
				const end = 5 + bytes.readUInt32BE(1);
				readings.push(fromBinary(SensorReadingSchema, bytes.subarray(5, end)));
				bytes = bytes.subarray(end);
			}
			behave(readings, stream);
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	t.after(() => server.close());
	return (server.address() as AddressInfo).port;
}

function say(stream: ServerHttp2Stream, command: Command): void {
	const bytes = toBinary(
		ControlCommandSchema,
		create(ControlCommandSchema, command),
	);
	const message = Buffer.concat([Buffer.alloc(5), bytes]);
	message.writeUInt32BE(bytes.length, 1);
	// In two parts: a message ends where it ends, not where a frame does.
	stream.write(message.subarray(0, 7));
	stream.write(message.subarray(7));
}

const outcomesOf = (
	readings: readonly SensorReading[],
	outcome: Outcome,
	reason = "",
): Command => ({
	outcomes: readings.map(({ timestampNs, deviceId, sequence }) => ({
		timestampNs,
		deviceId,
		sequence,
		outcome,
		reason,
	})),
});

const PLAIN: StreamLoad = {
	opening: new Uint8Array(0),
	devices: ["a", "b", "c"],
	contents: [],
};

function load(
	port: number,
	more: Partial<OpenLoad> = {},
	stream: StreamLoad = PLAIN,
) {
	const target = { host: "127.0.0.1", port, tellsDeadline: true };
	return runOpenLoop(
		{
			connect: (events) => new StreamLoadConnection(target, stream, events),
			connections: 1,
			requestCount: 1_000_000,
			isRight: () => true,
			arrivals: { kind: "poisson", ratePerSecond: 2000 },
			seed: 1,
			deadlineUs: 5e6,
			leadUs: 50_000,
			windowUs: 300_000,
			maxOutstanding: 10_000,
			...more,
		},
		{ windowStarted: () => {}, windowEnded: () => {} },
	);
}

describe("open-loop load over a sensor stream", { timeout: 60_000 }, () => {
	test("sends every reading once, in order, with its deadline and time of arrival; each answer finds its reading", async (t) => {
		const seen: SensorReading[] = [];
		const port = await serve(t, (readings, stream) => {
			seen.push(...readings);
			// Newest first: it is the number that tells whose outcome it is.
			if (readings.length > 0)
				say(stream, outcomesOf(readings.toReversed(), Outcome.RESULT));
		});
		const { scheduled, outcomes } = await load(port);
		assert.ok(scheduled > 300, String(scheduled));
		assert.equal(outcomes.inTime, scheduled);
		assert.deepEqual(
			seen.map(({ sequence }) => Number(sequence)),
			seen.map((_, i) => i + 1),
		);
		for (const [i, reading] of seen.entries()) {
			assert.equal(reading.deviceId, PLAIN.devices[i % 3]);
			assert.equal(reading.value, i);
			assert.equal(reading.deadlineNs, 5_000_000_000n);
			const before = seen[i - 1]?.timestampNs ?? -1n;
			assert.ok(reading.timestampNs > before, `number ${i}`);
		}
	});

	test("tells what became of readings that have no result", async (t) => {
		const port = await serve(t, (readings, stream) => {
			const every = (n: number) =>
				readings.filter(({ sequence }) => Number(sequence) % 3 === n);
			say(stream, outcomesOf(every(0), Outcome.SHED, "queue-full"));
			say(stream, outcomesOf(every(1), Outcome.EXPIRED, "deadline-passed"));
			say(stream, outcomesOf(every(2), Outcome.INVALID, "bad-payload"));
		});
		const { scheduled, outcomes, refusedBecause } = await load(port);
		const { shed, expired, failed } = outcomes;
		assert.equal(shed + expired + failed, scheduled);
		for (const count of [shed, expired, failed])
			assert.ok(Math.abs(count - scheduled / 3) < 2, String(count));
		assert.equal(refusedBecause["queue-full"], shed);
		assert.equal(refusedBecause["deadline-passed"], expired);
	});

	test("sends payloads larger than the window of the stream, after the opening", async (t) => {
		const opening = Buffer.from(
			toBinary(
				SensorReadingSchema,
				create(SensorReadingSchema, {
					content: { case: "open", value: { pipeline: "model:m" } },
				}),
			),
		);
		const data = new Uint8Array(150_000).map((_, i) => i);
		const content = toBinary(
			SensorReadingSchema,
			create(SensorReadingSchema, {
				content: {
					case: "tensors",
					value: { tensors: [{ name: "IN", datatype: "UINT8", data }] },
				},
			}),
		);
		const prefix = Buffer.alloc(5);
		prefix.writeUInt32BE(opening.length, 1);
		let first: SensorReading | null = null;
		const port = await serve(t, (readings, stream) => {
			first ??= readings[0] ?? null;
			const frames = readings.filter(({ content: { case: kind } }) => {
				return kind !== "open";
			});
			for (const { content: sent } of frames) {
				assert.ok(sent.case === "tensors");
				assert.ok(Buffer.from(data).equals(sent.value.tensors[0]!.data));
			}
			if (frames.length > 0) say(stream, outcomesOf(frames, Outcome.RESULT));
		});
		const { scheduled, outcomes } = await load(
			port,
			{ arrivals: { kind: "closed", inFlight: 3 } },
			{
				opening: Buffer.concat([prefix, opening]),
				devices: ["camera"],
				contents: [content],
			},
		);
		assert.ok(scheduled > 3);
		assert.equal(outcomes.inTime, scheduled);
		assert.equal(first!.content.case, "open");
	});

	test("ends with the reason when the stream is refused, and when it is closed", async (t) => {
		const refusing = await serve(t, (_, stream) =>
			say(stream, { opened: { accepted: false, reason: "no such pipeline" } }),
		);
		await assert.rejects(load(refusing), /not opened: no such pipeline/);
		const closing = await serve(t, (_, stream) => {
			stream.on("wantTrailers", () =>
				stream.sendTrailers({ "grpc-status": "14", "grpc-message": "bye" }),
			);
			stream.close();
		});
		await assert.rejects(load(closing));
	});
});
