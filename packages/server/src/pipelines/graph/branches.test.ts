// Pipelines whose sensors do not wait for each other: each frame runs what reads of its sensor, steps that listen miss
// nothing, and join nodes bring branches together by time.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Frame } from "../frame.ts";
import type { ModelRun } from "../model-runner.ts";
import type { FrameResult } from "../pipeline.ts";
import { float32Of } from "../steps/step.ts";
import { declare, openingOf, type ScriptedModel } from "../testing/declare.ts";
import { contextOf, frameOf } from "../testing/frames.ts";

const MS = 1000;
/** What can go on has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const spec = (name: string) => ({
	...{ name, dtype: "FP32" as const, shape: [1] },
});

function tensorOf(name: string, value: number): Tensor {
	const data = new Uint8Array(Float32Array.of(value).buffer);
	return { name, dtype: "FP32", shape: [1], data };
}

/** y = the sum of its inputs; runs wait until the test lets them go, where it holds them. */
class SumModel implements ScriptedModel {
	readonly inputs: ScriptedModel["inputs"];
	readonly outputs = [spec("y")];
	readonly held: (() => void)[] = [];
	readonly #holds: boolean;

	constructor(inputs: readonly string[], { holds = false } = {}) {
		this.inputs = inputs.map(spec);
		this.#holds = holds;
	}

	async run({ inputs }: ModelRun): Promise<readonly Tensor[]> {
		if (this.#holds)
			await new Promise<void>((resolve) => this.held.push(resolve));
		const values = inputs.map((one) => float32Of(one)[0] ?? Number.NaN);
		return [
			tensorOf(
				"y",
				values.reduce((sum, one) => sum + one, 0),
			),
		];
	}
}

interface World {
	readonly clock: ManualClock;
	/** A frame of tensors; what its result says, or the error's code or reason. */
	send(deviceId: string, atMs: number, value: number): Promise<string>;
	process(frame: Frame): FrameResult | Promise<FrameResult>;
}

async function open(
	t: TestContext,
	pipeline: string,
	models: Readonly<Record<string, ScriptedModel>>,
	devices: readonly string[],
	maxInFlightCount = 4,
): Promise<World> {
	const declared = await declare(`pipelines: { p: ${pipeline} }`, { models });
	const clock = new ManualClock();
	const sensors = devices.map((deviceId) => ({
		...{ deviceId, frameId: "", periodUs: 100 * MS, calibration: null },
	}));
	const processor = declared
		.pipeline("p")
		.open(openingOf(maxInFlightCount, { sensors }), clock);
	t.after(async () => {
		processor.close();
		await declared.all.close();
	});
	const context = () => contextOf({ nowUs: () => clock.nowUs() });
	const process = (frame: Frame) => processor.process(frame, context());
	return {
		clock,
		process,
		send: async (deviceId, atMs, value) => {
			const frame = frameOf({
				...{ deviceId, measuredUs: atMs * MS, receivedUs: clock.nowUs() },
				payload: { kind: "tensors", tensors: [tensorOf("x", value)] },
			});
			try {
				const { outputs } = await process(frame);
				return outputs
					.map((one) => `${one.name}=${float32Of(one)[0]}`)
					.join(" ");
			} catch (error) {
				const { reason, code } = error as { reason?: string; code?: string };
				return String(reason ?? code);
			}
		},
	};
}

const SENSORS = "sensors: { a: { payload: tensors }, b: { payload: tensors } }";
const joined = (rule: string) =>
	`{ ${SENSORS}, nodes: { pa: { model: one, in: { x: a.x } }, pb: { model: one, in: { x: b.x } }, both: { join: ${rule}, in: { left: pa, right: pb } }, sum: { model: two, in: { x: both.left, z: both.right } } }, result: { outputs: { sum: sum, b: pb } } }`;
const models = () => ({
	one: new SumModel(["x"]),
	two: new SumModel(["x", "z"]),
});

test("latest: each frame of the leader goes on with the newest value of the other branch that is young enough", async (t) => {
	const { send } = await open(
		t,
		joined("{ kind: latest, maxAgeMs: 50 }"),
		models(),
		["a", "b"],
	);
	assert.equal(await send("a", 0, 1), "UNAVAILABLE", "nothing of b yet");
	assert.equal(await send("b", 10, 100), "b=100", "its own branch is done");
	assert.equal(await send("a", 20, 1), "sum=101");
	assert.equal(await send("a", 40, 2), "sum=102", "used again");
	assert.equal(await send("b", 50, 200), "b=200");
	assert.equal(await send("a", 60, 3), "sum=203");
	assert.equal(await send("a", 101, 4), "UNAVAILABLE", "too old");
	assert.equal(await send("b", 30, 300), "b=300", "late: not the newest");
	assert.equal(await send("a", 90, 5), "sum=205");
});

test("window: a leader waits for the nearest value, once, and is dropped where none comes", async (t) => {
	const rule = "{ kind: window, windowMs: 10, waitMs: 30 }";
	const { send, clock } = await open(t, joined(rule), models(), ["a", "b"]);
	await send("b", 95, 100);
	// Nothing proves yet that no nearer value comes.
	const first = send("a", 100, 1);
	await send("b", 101, 200);
	assert.equal(await first, "sum=201");
	// 95 is left, and was nearest once; 101 is taken.
	assert.equal(await send("a", 100.5, 2), "sum=102");
	assert.equal(await send("a", 101, 3), "unmatched");
	// A silent sensor holds it up for no longer than the wait.
	const waiting = send("a", 200, 4);
	await settled();
	clock.advance(29 * MS);
	await settled();
	assert.equal(clock.pendingCount, 1, "it still waits");
	clock.advance(1 * MS);
	assert.equal(await waiting, "unmatched");
});

test("window: what is missing is left out where the rule allows it and the node can do without", async (t) => {
	const rule = "{ kind: window, windowMs: 10, waitMs: 30, allowMissing: true }";
	const { send, clock } = await open(t, joined(rule), models(), ["a", "b"]);
	const waiting = send("a", 100, 1);
	await settled();
	clock.advance(30 * MS);
	assert.equal(await waiting, "UNAVAILABLE", "the model needs both");
});

test("values that a join keeps stay as they were while their branch goes on", async (t) => {
	const { send } = await open(
		t,
		`{ ${SENSORS}, nodes: { both: { join: { kind: latest }, in: { left: a.x, right: b.x } }, sum: { model: two, in: { x: both.left, z: both.right } } }, result: { outputs: { sum: sum, also: both.right } } }`,
		models(),
		["a", "b"],
	);
	// The bytes of a frame are the transport's again when it has ended.
	const bytes = tensorOf("x", 7);
	await send("b", 0, 7);
	bytes.data.fill(0);
	for (const value of [1, 2]) {
		assert.equal(await send("a", 10 + value, value), `sum=${value + 7} also=7`);
		await send("b", 20 + value, 7);
	}
});

test("a step that listens misses nothing while frames of other sensors run", async (t) => {
	const net = new SumModel(["x"], { holds: true });
	const { process } = await open(
		t,
		"{ sensors: { radar: { payload: tensors }, imu: { payload: imu }, wheels: { payload: reading } }, nodes: { motion: { step: odometry, in: { imu: imu, speed: wheels } }, net: { model: net, in: { x: radar.x } }, boxes: { step: centre-point, with: { minXM: 0, minYM: 0, cellM: 1, rows: 4, columns: 4, classCount: 1 }, in: { heatmap: heat, offset: two, size: two, yaw: two } }, heat: { model: heat, in: { x: net } }, two: { model: pair, in: { x: net } }, tracks: { step: track, in: { boxes: boxes, motion: motion } }, act: { step: decide, in: { tracks: tracks, motion: motion } } }, result: { decision: act } }",
		{
			net,
			heat: planes("y", [1, 1, 4, 4]),
			pair: planes("y", [1, 2, 4, 4]),
		},
		["radar", "imu", "wheels"],
		1,
	);
	const imu = (atMs: number) =>
		process(
			frameOf({
				...{ deviceId: "imu", measuredUs: atMs * MS },
				payload: {
					kind: "imu",
					angularVelocity: [0, 0, 0],
					linearAcceleration: [0, 0, 0],
				},
			}),
		);
	const sweep = process(
		frameOf({
			...{ deviceId: "radar", measuredUs: 100 * MS },
			payload: { kind: "tensors", tensors: [tensorOf("x", 1)] },
		}),
	);
	assert.ok(sweep instanceof Promise);
	const speed = process(
		frameOf({ deviceId: "wheels", value: 0, measuredUs: 0 }),
	);
	assert.ok(!(speed instanceof Promise), "it is taken in at once");
	for (let atMs = 0; atMs <= 200; atMs += 5) {
		const taken = await imu(atMs);
		assert.deepEqual(
			taken.stages.map(({ name }) => name),
			["motion"],
		);
		assert.equal(taken.decision, null);
	}
	net.held.shift()?.();
	const { decision, stages } = await sweep;
	assert.ok(!stages.some(({ name }) => name === "motion"));
	// Without odometry it would degrade.
	assert.equal(decision?.action, "keep");
});

function planes(name: string, shape: readonly number[]): ScriptedModel {
	const count = shape.reduce((product, size) => product * size, 1);
	return {
		inputs: [spec("x")],
		outputs: [{ name, dtype: "FP32", shape }],
		run: async () => [
			{
				...{ name, dtype: "FP32" as const, shape },
				data: new Uint8Array(4 * count),
			},
		],
	};
}
