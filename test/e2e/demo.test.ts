// `saccade demo` and `saccade drive` as a user types them. The networks here are made by hand and see nothing: what they
// are worth is the models' own business.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { addBlindDetectors } from "../support/blind-detectors.ts";
import { followConsole } from "../support/console.ts";
import { saccade, serve } from "./support/command.ts";

const repository = mkdtempSync(join(tmpdir(), "saccade-demo-"));
addBlindDetectors(repository);
after(() => rmSync(repository, { recursive: true }));

test("a headless drive in real time tells one outcome for every frame, its latencies and its promises", {
	timeout: 120_000,
}, async () => {
	const { code, stdout, stderr } = await saccade([
		"demo",
		"--headless",
		"--seconds=2",
		"--seed=3",
		"--json",
		"--model-repository",
		repository,
	]);
	const report = JSON.parse(stdout || assert.fail(stderr));
	const ended: number[] = Object.values(report.outcomes);
	assert.equal(
		ended.reduce((a, b) => a + b),
		report.frames,
	);
	// Two seconds of LiDAR, camera, IMU, wheels and planner; fewer where it collides.
	assert.ok(report.frames > 100, `${report.frames}`);
	// How many are in time is up to the machine; here the tests of others may run beside it.
	if (report.latencyMs === null) assert.equal(report.inDeadline, 0, stdout);
	else {
		const { p50, p99, p999 } = report.latencyMs;
		assert.ok(0 < p50 && p50 <= p99 && p99 <= p999, stdout);
	}
	assert.ok(report.inDeadline >= 0 && report.inDeadline <= 1);
	const [conserved, ...others] = report.promises;
	assert.deepEqual(
		[conserved.value, conserved.held],
		[0, true],
		"each frame has one outcome",
	);
	assert.equal(others.length, 4);
	const allHeld = report.promises.every(({ held }: { held: boolean }) => held);
	assert.equal(code, allHeld ? 0 : 1, stderr);
});

test("drives in virtual time tell the numbers that promises are judged by, and fail where detectors see nothing", {
	timeout: 120_000,
}, async () => {
	const args = ["demo", "--headless", "--virtual", "--drives=1", "--seed=5"];
	const { code, stdout, stderr } = await saccade([
		...args,
		"--json",
		"--model-repository",
		repository,
	]);
	const report = JSON.parse(stdout || assert.fail(stderr));
	assert.deepEqual(report.accuracy, { lidarMap: 0, cameraMap: 0 });
	for (const name of [
		"collisions",
		"collisionsWithoutPerception",
		"progress",
		"falseBrakes",
	])
		assert.equal(typeof report[name], "number", name);
	assert.equal(report.promises[0].held, false);
	assert.equal(code, 1, stderr);
});

test("the vehicle alone speaks to any server, and says when none is there", {
	timeout: 120_000,
}, async (t) => {
	const serving = await serve(t, ["--model-repository", repository]);
	const drive = await saccade([
		"drive",
		"--url",
		serving.grpc,
		"--seconds=1",
		"--seed=3",
	]);
	assert.match(
		drive.stdout,
		/^\d+ frames in [\d.]+ s: \d+ RESULT/,
		drive.stderr,
	);
	assert.match(drive.stdout, /held: frames without exactly one outcome: 0/);
	const console = followConsole(`http://${serving.http}`, ["pipelines"]);
	t.after(() => console.close());
	await console.until((link) => link.entries("pipelines").size > 0);
	assert.deepEqual([...console.link.entries("pipelines").keys()], ["drive"]);
	const nowhere = await saccade(["drive", "--url=127.0.0.1:1", "--seconds=1"]);
	assert.equal(nowhere.code, 1);
	assert.match(
		nowhere.stderr,
		/^saccade drive: 127\.0\.0\.1:1 does not answer; is a server running there\?/,
	);
});

test("what cannot be done is refused with what to do", async () => {
	for (const [args, text] of [
		[
			["demo", "--headless", "--seed=x", "-r", repository],
			/--seed is a whole number from 0 on, got 'x'/,
		],
		[
			["demo", "--headless", "--seconds=0", "-r", repository],
			/--seconds is a number above 0, got '0'/,
		],
		[
			["demo", "--headless", "--virtual", "--drives=1.5", "-r", repository],
			/--drives is a whole number up to 1000000, got '1\.5'/,
		],
		[["demo", "--virtual"], /--virtual goes with --headless/],
		[
			["demo", "--headless", "-r", tmpdir()],
			/the drive needs bev_detector and camera_detector, which .* does not have; --model-repository names/,
		],
	] as const) {
		const { code, stderr } = await saccade(args);
		assert.equal(code, 2, stderr);
		assert.match(stderr, text);
	}
});
