import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameDropped } from "../pipelines/frame-dropped.ts";
import {
	createStreams,
	HeldPipeline,
	openStream,
	readingOf,
	turn,
} from "./testing/harness.ts";

const DEVICES = ["lidar", "imu"];

function open(qos: Parameters<typeof openStream>[1] = {}) {
	const streams = createStreams();
	const pipeline = new HeldPipeline({ lanes: DEVICES });
	streams.pipelines.set("lanes", pipeline);
	const { stream, log } = openStream(streams, qos, {
		pipeline: "lanes",
		sensors: DEVICES.map((deviceId) => ({
			...{ deviceId, frameId: "", periodUs: 1e6, calibration: null },
		})),
	});
	const send = (deviceId: string, sequence: number, interrupt = false) =>
		stream.reading(readingOf(streams.clock, sequence, { deviceId, interrupt }));
	const running = () => pipeline.runs.map(({ frame }) => frame.sequence);
	return { pipeline, stream, log, send, running };
}

test("in each lane one frame runs and the newest waits; lanes do not wait for each other", async () => {
	const { pipeline, log, send, running } = open();
	for (const sequence of [1, 2, 3]) send("lidar", sequence);
	for (const sequence of [11, 12, 13]) send("imu", sequence);
	assert.deepEqual(running(), [1, 11]);
	assert.deepEqual(log.lines, [
		"2 SUPERSEDED newer-frame",
		"12 SUPERSEDED newer-frame",
	]);
	pipeline.runs[1]!.finish();
	await turn();
	assert.deepEqual(running(), [1, 11, 13], "the other lane still runs");
	pipeline.runs[0]!.finish();
	await turn();
	assert.deepEqual(running(), [1, 11, 13, 3]);
});

test("credit is what every lane has room for", () => {
	const { stream, send } = open({ dropPolicy: "block", depth: 2 });
	assert.equal(stream.credit().count, 3);
	send("lidar", 1);
	send("lidar", 2);
	// One of the LiDAR runs, one waits: one more has room.
	assert.equal(stream.credit().count, 1);
	send("imu", 11);
	assert.equal(stream.credit().count, 1);
	assert.deepEqual([stream.runningCount, stream.waitingCount], [2, 1]);
});

test("an interrupt stops what runs in every lane", () => {
	const { log, send, running } = open();
	send("lidar", 1);
	send("imu", 11);
	send("imu", 12, true);
	assert.deepEqual(log.lines, [
		"1 SUPERSEDED preempted",
		"11 SUPERSEDED preempted",
	]);
	assert.deepEqual(running(), [1, 11, 12]);
});

test("a frame that its pipeline drops ends with the pipeline's reason, and is nobody's fault", async () => {
	const { pipeline, log, send } = open();
	send("lidar", 1);
	pipeline.runs[0]!.fail(new FrameDropped("unmatched", "no partner"));
	await turn();
	assert.deepEqual(log.lines, ["1 SUPERSEDED unmatched"]);
});

test("a lane's frames end with the stream, wherever they are", async () => {
	const { stream, log, send, pipeline } = open();
	for (const sequence of [1, 2]) send("lidar", sequence);
	send("imu", 11);
	stream.cancel();
	assert.equal(stream.totals().inFlight, 0);
	assert.equal(stream.totals().outcomes.CANCELLED, 3);
	for (const run of pipeline.runs) run.finish();
	await turn();
	assert.equal(pipeline.closedCount, 1);
	assert.equal(log.totals, null);
});
