import assert from "node:assert/strict";
import { test } from "node:test";
import type { JoinRule } from "../pipelines/pipeline.ts";
import {
	createStreams,
	HeldPipeline,
	openStream,
	readingOf,
} from "./testing/harness.ts";

const MS = 1000;

/** A stream of lidar (leads), camera and imu; frames are numbered by the ms that they were measured at. */
function joined(join: JoinRule) {
	const streams = createStreams();
	const pipeline = new HeldPipeline({ join });
	streams.pipelines.set("join", pipeline);
	const startUs = streams.clock.nowUs();
	const { stream, log } = openStream(
		streams,
		{
			dropPolicy: "drop-oldest",
			maxInFlightCount: 16,
			reliability: "best-effort",
		},
		{
			pipeline: "join",
			sensors: ["lidar", "camera", "imu"].map((deviceId) => ({
				deviceId,
				frameId: "",
				periodUs: Number.POSITIVE_INFINITY,
				calibration: null,
			})),
		},
	);
	return {
		...streams,
		stream,
		log,
		/** Measured at `atMs`, received now. */
		send: (deviceId: string, atMs: number) =>
			stream.reading(
				readingOf(streams.clock, atMs, {
					deviceId,
					timestampNs: BigInt((startUs + atMs * MS) * 1000),
				}),
			),
		/** What ran: the leader and what was joined with it. */
		runs: () =>
			pipeline.runs.map(({ frame, context }) => [
				frame.sequence,
				...context.companions.map(
					({ deviceId, sequence }) => `${deviceId} ${sequence}`,
				),
			]),
	};
}

const WINDOW = {
	kind: "window",
	windowUs: 20 * MS,
	waitUs: 100 * MS,
	allowMissing: false,
} as const;

test("a leader runs with the nearest frame of each other sensor, once a later one proves that it is the nearest", () => {
	const { clock, send, runs } = joined(WINDOW);
	clock.advance(200 * MS);
	send("camera", 90);
	send("lidar", 100);
	send("imu", 95);
	assert.deepEqual(runs(), []);
	send("camera", 104);
	assert.deepEqual(runs(), [], "a nearer one of the imu may come");
	send("imu", 101);
	assert.deepEqual(runs(), [[100, "camera 104", "imu 101"]]);
});

test("a sensor that is silent holds the join up for no longer than the wait", () => {
	const { clock, send, runs, log } = joined(WINDOW);
	clock.advance(100 * MS);
	send("lidar", 100);
	send("camera", 100);
	clock.advance(99 * MS);
	assert.deepEqual(log.lines, []);
	clock.advance(1 * MS);
	assert.deepEqual(log.lines[0], "100 SUPERSEDED unmatched");
	assert.deepEqual(runs(), []);
});

test("a missing packet does not stall the join: what came later proves that it cannot come", () => {
	const { clock, send, runs } = joined({ ...WINDOW, allowMissing: true });
	clock.advance(300 * MS);
	send("lidar", 100);
	send("camera", 101);
	// The imu's frame at 100 ms was lost; the next one is outside the window.
	send("imu", 130);
	assert.deepEqual(runs(), [[100, "camera 101"]]);
});

test("leaders are joined in the order they were measured in, each frame at most once", () => {
	const { clock, send, runs } = joined(WINDOW);
	clock.advance(300 * MS);
	send("camera", 100);
	send("imu", 100);
	send("lidar", 101);
	send("lidar", 121);
	send("camera", 122);
	send("imu", 122);
	assert.deepEqual(runs(), [
		[101, "camera 100", "imu 100"],
		[121, "camera 122", "imu 122"],
	]);
});

test("latest: every leader runs at once, with the newest of the others that is young enough", () => {
	const { clock, send, runs, log } = joined({
		kind: "latest",
		maxAgeUs: 50 * MS,
	});
	clock.advance(300 * MS);
	send("lidar", 100);
	send("camera", 110);
	send("camera", 120);
	send("imu", 125);
	send("lidar", 130);
	send("lidar", 172);
	assert.deepEqual(runs(), [
		[100],
		[130, "camera 120", "imu 125"],
		[172, "imu 125"],
	]);
	assert.deepEqual(log.lines, ["110 SUPERSEDED newer-frame"]);
});

test("what was joined ends with its leader", async () => {
	const streams = joined(WINDOW);
	streams.clock.advance(200 * MS);
	for (const id of ["camera", "imu", "lidar"]) streams.send(id, 100);
	const { pipelines } = streams;
	(pipelines.get("join") as HeldPipeline).runs[0]?.finish();
	await new Promise((resolve) => setImmediate(resolve));
	assert.deepEqual(streams.log.outcomes, ["RESULT", "RESULT", "RESULT"]);
});
