// Declared pipelines in a recording: graphs whose steps run on the event loop, in threads and in models come out of a
// replay byte for byte, without a thread or a model, plug-ins that are never the same twice included.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import {
	BEV_INPUT_SHAPE,
	BEV_OUTPUT_SIZES,
	TIMED_LAYOUT,
} from "@saccade/perception";
import { replayFile } from "../../packages/server/src/app/replay.ts";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import { SaccadeError } from "../../packages/server/src/errors/saccade-error.ts";
import { bundledPipelines } from "../../packages/server/src/pipelines/bundled/bundled-pipelines.ts";
import { createCatalogue } from "../../packages/server/src/pipelines/catalogue.ts";
import { DeclaredPipelines } from "../../packages/server/src/pipelines/declared-pipelines.ts";
import type { FramePayload } from "../../packages/server/src/pipelines/frame.ts";
import { readDefinitions } from "../../packages/server/src/pipelines/graph/read-definition.ts";
import type { ModelRunner } from "../../packages/server/src/pipelines/model-runner.ts";
import type { Journal } from "../../packages/server/src/streams/journal.ts";
import { journaledRunner } from "../../packages/server/src/streams/journaled-runner.ts";
import { journaledThreads } from "../../packages/server/src/streams/journaled-threads.ts";
import type { Tensor } from "../../packages/server/src/tensor/tensor.ts";
import { readingNow, recordedStreams } from "../support/recorded-streams.ts";

const REPLAY = [
	join(import.meta.dirname, "../../packages/server/bin/saccade.js"),
	"replay",
];
const STEPS = new URL("../../packages/server/src/steps.ts", import.meta.url);
const CHANNELS = { heatmap: 3, offset: 2, size: 2, yaw: 2 } as const;

const float32 = (name: string, shape: number[], values: Float32Array) => ({
	...{ name, dtype: "FP32" as const, shape },
	data: new Uint8Array(values.buffer),
});

/** Takes 2 to 14 ms, and sees a car that comes nearer. */
class SlowDetector implements ModelRunner {
	#runs = 0;

	async run(): Promise<readonly Tensor[]> {
		const n = ++this.#runs;
		await after(2 + ((n * 5) % 13));
		return Object.entries(CHANNELS).map(([name, channels]) => {
			const values = new Float32Array(
				BEV_OUTPUT_SIZES[name as keyof typeof CHANNELS],
			);
			if (name === "heatmap") {
				values.fill(-9);
				values[40 * 80 + 60 - (n >> 2)] = 4;
			}
			return float32(name, [1, channels, 80, 80], values);
		});
	}

	/** Bundled pipelines of other models are not made ready. */
	assertReady(model: string): void {
		if (model !== "bev_detector")
			throw new SaccadeError("NOT_FOUND", `there is no model '${model}'`);
	}

	describe(model: string) {
		this.assertReady(model);
		return {
			inputs: [
				{
					...{ name: "bev", dtype: "FP32" as const },
					shape: [-1, ...BEV_INPUT_SHAPE],
				},
			],
			outputs: Object.entries(CHANNELS).map(([name, channels]) => ({
				...{ name, dtype: "FP32" as const, shape: [-1, channels, 80, 80] },
			})),
		};
	}
}

async function world(
	t: TestContext,
	{
		declared = {},
		stepFiles = [],
	}: { declared?: object; stepFiles?: string[] } = {},
) {
	let all: DeclaredPipelines | undefined;
	const streams = recordedStreams(t, (journal: Journal) => {
		const runner = journaledRunner(new SlowDetector(), journal);
		const problems: string[] = [];
		const definitions = readDefinitions(declared, "test", problems);
		assert.deepEqual(problems, []);
		all = new DeclaredPipelines({
			...{ definitions, stepFiles, runner, clock: systemClock },
			bundled: bundledPipelines(),
			wrapThreads: journaledThreads(journal),
			log: { info: () => {}, warn: () => {} },
		});
		return createCatalogue(all.pipelines, runner);
	});
	const pipelines = all!;
	await pipelines.prepare();
	t.after(() => pipelines.close());
	return streams;
}

async function replayed(
	recordings: Awaited<ReturnType<typeof world>>["recordings"],
) {
	const { path, droppedCount } = await recordings.stop();
	assert.equal(droppedCount, 0);
	const report = await replayFile(path);
	assert.equal(report.firstDifference, null);
	assert.equal(report.identicalCount, report.recordedCount);
	assert.equal(report.unmatchedCount, 0);
	assert.equal(report.strayCount, 0);
	return { path, report };
}

const sensors = (...ids: readonly string[]) =>
	ids.map((deviceId) => ({
		...{ deviceId, frameId: deviceId, periodUs: 20_000, calibration: null },
	}));

function sweep(n: number): FramePayload {
	const rows = new Float32Array(5 * 4000);
	for (let at = 0; at < rows.length; at += 5) {
		const angle = (2 * Math.PI * at) / rows.length;
		const range = 4 + ((at * 7 + n) % 300) / 10;
		rows.set([range * Math.cos(angle), range * Math.sin(angle)], at);
		rows.set([-1 + (at % 30) / 10, 0.5, angle / 63], at + 2);
	}
	return {
		kind: "cloud",
		layout: { kind: "packed", ...TIMED_LAYOUT },
		bytes: new Uint8Array(rows.buffer),
	};
}

test("the bundled LiDAR pipeline comes out of its replay byte for byte: threads, model, listeners, and frames that are dropped", {
	timeout: 120_000,
}, async (t) => {
	const { recordings, open } = await world(t);
	await recordings.start({ name: "run", maxBytes: 0, maxSeconds: 0 });
	const stream = open(
		"lidar",
		{ latencyBudgetUs: 60_000 },
		{
			sensors: sensors("lidar", "imu", "wheels", "planner"),
			transforms: [
				{
					...{ parentFrameId: "base_link", childFrameId: "lidar" },
					...{ translation: [1.3, 0, 1.8], rotation: [0, 0, 0, 1] },
				},
			],
		},
	);
	let sent = 0;
	const send = (deviceId: string, payload: FramePayload | null, value = 0) =>
		stream.reading(
			readingNow(++sent, { deviceId, payload, value, frameId: deviceId }),
		);
	for (let n = 1; n <= 60; n++) {
		send("wheels", null, 9);
		for (let i = 0; i < 3; i++)
			send("imu", {
				kind: "imu",
				angularVelocity: [0, 0, 0.01 * i],
				linearAcceleration: [0, 0, 9.8],
			});
		send("lidar", sweep(n));
		// One that is replaced before it ran, and one of no points.
		if (n % 4 === 0) send("lidar", sweep(n + 1));
		if (n === 30)
			send("lidar", { ...sweep(0), bytes: new Uint8Array(7) } as FramePayload);
		await after(6);
	}
	await after(100);
	const { path, report } = await replayed(recordings);
	assert.equal(report.recordedCount, sent);
	for (const outcome of ["RESULT", "SUPERSEDED", "INVALID"])
		assert.ok(report.outcomes[outcome], `no frame ended as ${outcome}`);
	assert.deepEqual(await replayFile(path), report, "and so the next time");
});

const NOISE = `
import { defineStep, float32Of, port, tensorPort } from ${JSON.stringify(STEPS.href)};
const none = { deviceId: "", timestampNs: 0n, sequence: 0, value: 0, frameId: "", payload: null, measuredUs: 0, receivedUs: 0, deadlineUs: Infinity };
const one = (name: string, amount: () => number) => defineStep({
	name, summary: "a reading, changed", settings: {},
	inputs: () => ({ reading: port("reading") }),
	outputs: () => ({ value: tensorPort("FP32", [1]) }),
	create: ({ tensor }) => {
		const value = tensor("FP32", [1]);
		const values = float32Of(value);
		return {
			run: ({ reading }, outputs) => {
				if (name === "noise" && reading.value % 9 === 4) throw new Error("it fails now and then");
				values[0] = reading.value + amount();
				outputs.value = value;
			},
		};
	},
	sample: () => ({ reading: none }),
});
export const noise = one("noise", () => Math.random());
export const steady = one("steady", () => 1);
export const sum = defineStep({
	name: "sum", summary: "of both", settings: {},
	inputs: () => ({ a: tensorPort("FP32", [1]), b: tensorPort("FP32", [1]) }),
	outputs: () => ({ value: tensorPort("FP32", [1]) }),
	create: ({ tensor }) => {
		const value = tensor("FP32", [1]);
		return { run: ({ a, b }, outputs) => { float32Of(value)[0] = float32Of(a)[0]! + float32Of(b)[0]!; outputs.value = value; } };
	},
	sample: () => { const x = { name: "x", dtype: "FP32" as const, shape: [1], data: new Uint8Array(4) }; return { a: x, b: x }; },
});
`;

const NOISY = {
	noisy: {
		sensors: { left: { payload: "reading" }, right: { payload: "reading" } },
		nodes: {
			l: { step: "noise", runs: "worker", in: { reading: "left" } },
			r: { step: "steady", in: { reading: "right" } },
			both: {
				join: { kind: "window", windowMs: 4, waitMs: 6 },
				in: { l: "l", r: "r" },
			},
			s: { step: "sum", in: { a: "both.l", b: "both.r" } },
		},
		result: { outputs: { s: "s" } },
	},
};

test("a plug-in in a thread that is never the same twice is replayed with what it gave, through a join that waits", {
	timeout: 120_000,
}, async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "saccade-steps-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "noise.ts");
	writeFileSync(file, NOISE);
	const { recordings, open } = await world(t, {
		declared: NOISY,
		stepFiles: [file],
	});
	await recordings.start({ name: "run", maxBytes: 0, maxSeconds: 0 });
	const stream = open(
		"noisy",
		{ maxInFlightCount: 3, latencyBudgetUs: 40_000 },
		{ sensors: sensors("left", "right") },
	);
	let sent = 0;
	const send = (deviceId: string) =>
		stream.reading(readingNow(++sent, { deviceId, value: sent }));
	for (let n = 1; n <= 80; n++) {
		send("left");
		// Each third has no partner in time.
		if (n % 3 > 0) send("right");
		await after(3);
	}
	await after(60);
	const { path, report } = await replayed(recordings);
	assert.equal(report.recordedCount, sent);
	for (const outcome of ["RESULT", "SUPERSEDED", "FAILED"])
		assert.ok(report.outcomes[outcome], `no frame ended as ${outcome}`);
	assert.deepEqual(await replayFile(path), report, "and so the next time");
});

test("a replay whose inline steps are gone says which, and does not guess", {
	timeout: 60_000,
}, async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "saccade-steps-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "noise.ts");
	writeFileSync(file, NOISE);
	const { recordings, open } = await world(t, {
		declared: NOISY,
		stepFiles: [file],
	});
	await recordings.start({ name: "run", maxBytes: 0, maxSeconds: 0 });
	open("noisy", {}, { sensors: sensors("left", "right") });
	const { path } = await recordings.stop();
	// In another process nobody has loaded it before.
	rmSync(file);
	const replay = spawnSync(process.execPath, [...REPLAY, path], {
		encoding: "utf8",
	});
	assert.equal(replay.status, 1, replay.stdout);
	assert.match(
		replay.stderr,
		/step 'steady' ran on the event loop .*noise\.ts/,
	);
});
