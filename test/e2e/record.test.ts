// Recordings of the real command: killed in the middle, on a disk that is full, and asked for from another process.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	mkdtempSync,
	readdirSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import * as pb from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { replayFile } from "../../packages/server/src/app/replay.ts";
import { readMcap } from "../../packages/server/src/recording/read-mcap.ts";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { readRecording } from "../../packages/server/src/wire/recording/recording-reader.ts";
import { until } from "../support/until.ts";
import { LAUNCHER, saccade, serve } from "./support/command.ts";

const MODELS = [
	`--model-repository=${fileURLToPath(new URL("../../models/repository", import.meta.url))}`,
	"--model-control-mode=explicit",
];
const STREAM = {
	path: "/saccade.v1.SensorPipeline/StreamTelemetry",
	request: pb.SensorReadingSchema,
	response: pb.ControlCommandSchema,
};

function stateFolder(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "saccade-state-"));
	t.after(() => rmSync(folder, { recursive: true }));
	return folder;
}

function recordingIn(folder: string): string {
	const [name] = readdirSync(join(folder, "recordings"));
	assert.ok(name !== undefined);
	return join(folder, "recordings", name);
}

/** Readings whose outcomes have come back. */
async function send(t: TestContext, grpc: string, count: number) {
	const client = new TestClient(grpc);
	t.after(() => client.close());
	const call = client.bidi(STREAM);
	call.on("error", () => {});
	let outcomes = 0;
	call.on("data", (command: pb.ControlCommand) => {
		outcomes += command.outcomes.length;
	});
	for (let i = 1; i <= count; i++)
		call.write(
			create(pb.SensorReadingSchema, {
				timestampNs: BigInt(i) * 1_000_000n,
				deviceId: "thermometer",
				value: i,
				sequence: BigInt(i),
			}),
		);
	await until("all have an outcome", () => outcomes === count);
	return call;
}

test("a server that is killed leaves a recording that is read and replayed up to its last chunk", {
	timeout: 120_000,
}, async (t) => {
	const folder = stateFolder(t);
	const serving = await serve(t, [
		...MODELS,
		"--record",
		`--state-dir=${folder}`,
	]);
	await send(t, serving.grpc, 500);
	const path = recordingIn(folder);
	await until("the chunk is in the file", () => statSync(path).size > 50_000);
	serving.process.kill("SIGKILL");
	await serving.silent;
	const reading = readRecording(path);
	let outcomeCount = 0;
	let step = reading.next();
	for (; step.done !== true; step = reading.next())
		if (step.value.kind === "outcome") outcomeCount++;
	assert.equal(step.value, false, "the file has no end");
	assert.equal(outcomeCount, 500);
	const report = await replayFile(path);
	assert.equal(report.firstDifference, null);
	assert.equal(report.identicalCount, 500);
});

test("saccade record asks a running server, and saccade replay finds every outcome again", {
	timeout: 120_000,
}, async (t) => {
	const folder = stateFolder(t);
	const serving = await serve(t, [...MODELS, `--state-dir=${folder}`]);
	const out = join(folder, "copy.mcap");
	const child = spawn(
		process.execPath,
		[
			LAUNCHER,
			"record",
			"--url",
			serving.http,
			"--name",
			"drive",
			"--out",
			out,
		],
		{ stdio: ["ignore", "pipe", "inherit"] },
	);
	t.after(() => child.kill("SIGKILL"));
	await once(child.stdout, "data");
	const call = await send(t, serving.grpc, 100);
	const second = await saccade(["record", "--url", serving.http]);
	assert.equal(second.code, 1);
	assert.match(second.stderr, /a recording is under way/);
	call.end();
	child.kill("SIGINT");
	const [code] = await once(child, "exit");
	assert.equal(code, 0);
	const page = await (await fetch(`http://${serving.metrics}/metrics`)).text();
	assert.match(page, /^saccade_recording_active 0$/m);
	const replayed = await saccade(["replay", out, "--json"]);
	assert.equal(replayed.code, 0, replayed.stderr);
	const report = JSON.parse(replayed.stdout);
	assert.equal(report.identicalCount, 100);
	assert.equal(report.isWhole, true);
	const live = await saccade(["replay", out, "--url", serving.grpc, "--json"]);
	assert.equal(live.code, 0, live.stderr);
	assert.deepEqual(JSON.parse(live.stdout).outcomes, { RESULT: 100 });
	const topics = new Set([...readMcap(out)].map(({ topic }) => topic));
	assert.ok(
		topics.has("/sensors/thermometer/SensorReading"),
		[...topics].join(),
	);
	assert.ok(topics.has("/streams/s1/decisions"), [...topics].join());
});

test("a full disk ends the recording with an alarm, and serving goes on", {
	timeout: 120_000,
	skip: process.platform === "win32",
}, async (t) => {
	const folder = stateFolder(t);
	// Files of at most 32 KiB: writing beyond fails as on a full disk, once its signal is ignored.
	const limited = join(folder, "limited.sh");
	writeFileSync(
		limited,
		`#!/bin/bash\ntrap '' XFSZ\nulimit -f 32\nexec "${process.execPath}" "$@"\n`,
		{ mode: 0o755 },
	);
	const serving = await serve(
		t,
		[...MODELS, "--record", `--state-dir=${folder}`],
		{ node: limited },
	);
	await send(t, serving.grpc, 400);
	await until("the alarm is told", () =>
		/the recording ended by itself: EFBIG/.test(serving.errors()),
	);
	const page = await (await fetch(`http://${serving.metrics}/metrics`)).text();
	assert.match(page, /^saccade_recording_failures_total 1$/m);
	assert.match(page, /^saccade_recording_active 0$/m);
	await send(t, serving.grpc, 100);
});
