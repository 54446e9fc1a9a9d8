// The bundled pipelines `lidar` and `drive` on a simulated street: what is declared decides, number by number, as the driver
// in packages/drive does, which is what the detectors and the promises of the demo are judged with.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
	CAMERA,
	CAMERA_MOUNT,
	type CameraNetwork,
	LIDAR_MOUNT,
	lidarDriver,
	mountTransform,
	pinholeOf,
	runDrive,
	type SensorSink,
	VEHICLE_SHAPE,
} from "@saccade/drive";
import {
	BEV_INPUT_SHAPE,
	BEV_OUTPUT_SIZES,
	CAMERA_INPUT_SHAPE,
	CAMERA_OUTPUT_SIZES,
	createImage,
	type DriveDecision,
	LidarPerception,
	packTimedPoints,
	TIMED_LAYOUT,
	TRACK_CONFIRMED,
	type Tracks,
} from "@saccade/perception";
import { openBevNetwork } from "../../models/lib/bev-network.ts";
import { openCameraNetwork } from "../../models/lib/camera-network.ts";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import type {
	Frame,
	FramePayload,
} from "../../packages/server/src/pipelines/frame.ts";
import type { ModelRun } from "../../packages/server/src/pipelines/model-runner.ts";
import { bytesOf } from "../../packages/server/src/pipelines/model-tensors.ts";
import type {
	Decision,
	FrameResult,
} from "../../packages/server/src/pipelines/pipeline.ts";
import { float32Of } from "../../packages/server/src/pipelines/steps/step.ts";
import {
	declareBundled,
	openingOf,
} from "../../packages/server/src/pipelines/testing/declare.ts";
import {
	contextOf,
	frameOf,
} from "../../packages/server/src/pipelines/testing/frames.ts";

const [BEV = "", LOOK = ""] = ["bev", "camera"].map((name) =>
	fileURLToPath(
		new URL(
			`../../models/repository/${name}_detector/1/model.onnx`,
			import.meta.url,
		),
	),
);
const SWEEP_US = 100_000;
const CHANNELS = { heatmap: 3, offset: 2, size: 2, yaw: 2 } as const;
const NAMES = ["heatmap", "offset", "size", "yaw"] as const;

type Network = Awaited<ReturnType<typeof openBevNetwork>>;

const outputSpecs = NAMES.map((name) => ({
	...{ name, dtype: "FP32" as const },
	shape: [-1, CHANNELS[name], 80, 80],
}));

function modelOf(network: Network) {
	return {
		inputs: [
			{ name: "bev", dtype: "FP32" as const, shape: [-1, ...BEV_INPUT_SHAPE] },
		],
		outputs: outputSpecs,
		run: async ({ inputs }: ModelRun) => {
			// Others use the memory of an answer again.
			const answer = await network(float32Of(inputs[0]!).slice());
			return NAMES.map((name) => ({
				...{ name, dtype: "FP32" as const },
				shape: [1, CHANNELS[name], 80, 80],
				data: bytesOf(
					Float32Array.from(answer[name]).subarray(0, BEV_OUTPUT_SIZES[name]),
				),
			}));
		},
	};
}

function lookOf(camera: CameraNetwork) {
	const [rows, columns] = CAMERA_INPUT_SHAPE;
	const shapes = { heatmap: [3, 48, 80], edges: [4, 48, 80] } as const;
	const specs = (["heatmap", "edges"] as const).map((name) => ({
		...{ name, dtype: "FP32" as const, shape: [-1, ...shapes[name]] },
	}));
	return {
		inputs: [
			{
				...{ name: "image", dtype: "UINT8" as const },
				shape: [-1, ...CAMERA_INPUT_SHAPE],
			},
		],
		outputs: specs,
		run: async ({ inputs }: ModelRun) => {
			const pixels = Uint8Array.from(inputs[0]!.data);
			const answer = await camera(createImage(pixels, columns, rows));
			return specs.map(({ name, dtype }) => ({
				...{ name, dtype, shape: [1, ...shapes[name]] },
				data: bytesOf(
					Float32Array.from(answer[name]).subarray(
						0,
						CAMERA_OUTPUT_SIZES[name],
					),
				),
			}));
		},
	};
}

const { width, height, focalPx, centreX, centreY } = CAMERA;
const CALIBRATION = {
	...{ frameId: "camera", width, height, distortionModel: "" },
	...{ d: [], r: [], p: [] },
	k: [focalPx, 0, centreX, 0, focalPx, centreY, 0, 0, 1],
};

async function openPipeline(
	t: TestContext,
	network: Network,
	camera: CameraNetwork | null = null,
) {
	const declared = await declareBundled({
		models: {
			bev_detector: modelOf(network),
			...(camera && { camera_detector: lookOf(camera) }),
		},
	});
	t.after(() => declared.all.close());
	const sensor = (deviceId: string) => ({
		...{ deviceId, frameId: deviceId, periodUs: SWEEP_US },
		calibration: deviceId === "camera" ? CALIBRATION : null,
	});
	const names = ["lidar", "imu", "wheels", "planner"];
	if (camera !== null) names.push("camera");
	const processor = declared.pipeline(camera === null ? "lidar" : "drive").open(
		openingOf(1, {
			sensors: names.map(sensor),
			transforms: [
				{
					...{ parentFrameId: "base_link", childFrameId: "lidar" },
					translation: [LIDAR_MOUNT.aheadM, 0, LIDAR_MOUNT.heightM],
					rotation: [0, 0, 0, 1],
				},
				{
					...{ parentFrameId: "base_link", childFrameId: "camera" },
					translation: [CAMERA_MOUNT.aheadM, 0, CAMERA_MOUNT.heightM],
					// Optical: z ahead, x right, y down.
					rotation: [-0.5, 0.5, -0.5, 0.5],
				},
			],
		}),
		systemClock,
	);
	return { declared, processor };
}

const float64 = (name: string, shape: number[], values: Float64Array) => ({
	...{ name, dtype: "FP64" as const, shape },
	data: new Uint8Array(values.slice().buffer),
});

/** The vehicle's sensors, as frames. */
function framesOf(take: (frame: Frame) => void | Promise<void>): SensorSink {
	const send = (
		deviceId: string,
		measuredUs: number,
		payload: FramePayload | null,
		value = 0,
	) =>
		take(frameOf({ deviceId, frameId: deviceId, measuredUs, payload, value }));
	return {
		imu: (imu) =>
			void send("imu", imu.stampUs, {
				kind: "imu",
				angularVelocity: [
					imu.angularXRadps,
					imu.angularYRadps,
					imu.angularZRadps,
				],
				linearAcceleration: [0, 0, 0],
			}),
		speed: ({ stampUs, speedMps }) =>
			void send("wheels", stampUs, null, speedMps),
		path: ({ stampUs, stepM, xM, yM, yawRad }) => {
			const points = new Float64Array(3 * xM.length);
			points.set(xM);
			points.set(yM, xM.length);
			points.set(yawRad, 2 * xM.length);
			void send("planner", stampUs, {
				kind: "tensors",
				tensors: [
					float64("path", [3, xM.length], points),
					float64("path_step_m", [1], Float64Array.of(stepM)),
				],
			});
		},
		sweep: ({ stampUs, points }) => {
			return send("lidar", stampUs + SWEEP_US, {
				kind: "cloud",
				layout: { kind: "packed", ...TIMED_LAYOUT },
				bytes: packTimedPoints(points),
			});
		},
		picture: ({ stampUs, image }) =>
			send("camera", stampUs, {
				...{ kind: "image", encoding: "rgb8", width, height },
				rowStrideBytes: 3 * width,
				bytes: Uint8Array.from(image.data),
			}),
	};
}

/** What the client is told of it. */
function told({ command, reason, ...rest }: DriveDecision): Decision {
	const targets = [
		["acceleration_mps2", rest.accelerationMps2],
		["speed_mps", rest.targetSpeedMps],
		["time_to_collision_s", rest.timeToCollisionS],
		["gap_m", rest.gapM],
	] as const;
	return {
		action: command,
		reasons: [reason],
		validForUs: 300_000,
		targets: targets.flatMap(([name, value]) =>
			Number.isFinite(value) ? [{ name, value }] : [],
		),
	};
}

/** The same, but for the last digits: one counts the middle of a sweep from its end, the other from its begin. */
function assertAlike(
	got: Decision | null,
	expected: Decision,
	when: string,
): void {
	const rounded = (decision: Decision | null) => ({
		...decision,
		targets: decision?.targets.map(({ name, value }) => [
			name,
			value.toFixed(6),
		]),
	});
	assert.deepEqual(rounded(got), rounded(expected), when);
}

test("the bundled LiDAR pipeline decides as the judged driver does, over a street", {
	timeout: 120_000,
}, async (t) => {
	const network = await openBevNetwork(BEV);
	const { declared, processor } = await openPipeline(t, network);
	const reference = new LidarPerception({
		vehicle: VEHICLE_SHAPE,
		mount: mountTransform(LIDAR_MOUNT),
	});
	const tensor = new Float32Array(reference.inputElementCount);
	const actions = new Set<string>();
	let sweeps = 0;
	let taken = 0;
	const frames = framesOf(async (frame) => {
		const result: FrameResult = await processor.process(frame, contextOf());
		if (frame.deviceId !== "lidar") {
			assert.equal(result.decision, null);
			taken++;
			return;
		}
		sweeps++;
		const expected = told(reference.decide(frame.measuredUs / 1e6));
		assertAlike(result.decision, expected, `sweep ${sweeps}`);
		actions.add(expected.action);
	});
	const { odometry } = reference;
	const driven = await runDrive({
		seed: 7,
		durationS: 4,
		driver: () => {
			const driver = lidarDriver(network);
			const sink: SensorSink = {
				imu: (imu) => {
					driver.sensors!.imu(imu);
					odometry.addTurnRate(imu.stampUs / 1e6, imu.angularZRadps);
					frames.imu(imu);
				},
				speed: (speed) => {
					driver.sensors!.speed(speed);
					odometry.addSpeed(speed.speedMps);
					frames.speed(speed);
				},
				path: (path) => {
					driver.sensors!.path(path);
					reference.plan(path.stampUs / 1e6, path);
					frames.path(path);
				},
				sweep: async (sweep) => {
					const { points, stampUs } = sweep;
					// The others move the points.
					const own = {
						...points,
						xyzi: points.xyzi.slice(),
						timesS: points.timesS!.slice(),
					};
					const encoded = structuredClone(own);
					reference.encode(encoded, stampUs / 1e6, tensor);
					reference.track(await network(tensor), stampUs / 1e6);
					await frames.sweep({ points: own, stampUs });
					await driver.sensors!.sweep(sweep);
				},
			};
			return { sensors: sink, decide: (timeS) => driver.decide(timeS) };
		},
	});
	assert.equal(driven.collision, null);
	assert.ok(sweeps >= 38, `${sweeps} sweeps`);
	assert.ok(taken > 800, `${taken} small readings`);
	// Before there is a track it may only degrade, or keep.
	assert.ok(actions.size > 1, `it always said ${[...actions]}`);
	const [explained] = declared.all.explain();
	const where = (name: string) =>
		explained!.stages.find((stage) => stage.name === name)?.runs;
	// What takes longer than the hop to a thread is off the event loop.
	for (const heavy of ["points", "placed", "still", "raster"])
		assert.equal(where(heavy), "thread", heavy);
	assert.equal(where("net"), "model");
	for (const stage of explained!.stages)
		t.diagnostic(
			`${stage.name}: ${stage.runs}, ${stage.sampleUs} µs with its sample, p50 ${stage.lately?.p50Us.toFixed(0)} µs, p99 ${stage.lately?.p99Us.toFixed(0)} µs`,
		);
	processor.close();
});

function confirmedIds({ count, stages, ids }: Tracks): number[] {
	const all = Array.from({ length: count }, (_, i) => i);
	return all.flatMap((i) => (stages[i] === TRACK_CONFIRMED ? [ids[i]!] : []));
}

function toldIds({ outputs }: FrameResult): number[] {
	const tensor = outputs.find(({ name }) => name === "tracks.ids");
	assert.ok(tensor !== undefined);
	return [...new Uint32Array(tensor.data.slice().buffer)];
}

test("with pictures beside the sweeps, what both sensors see is confirmed sooner, as the judged driver has it", {
	timeout: 120_000,
}, async (t) => {
	const network = await openBevNetwork(BEV);
	const camera = await openCameraNetwork(LOOK);
	const { processor } = await openPipeline(t, network, camera);
	const common = {
		vehicle: VEHICLE_SHAPE,
		mount: mountTransform(LIDAR_MOUNT),
	};
	const seeing = new LidarPerception({
		...common,
		camera: pinholeOf(CAMERA, CAMERA_MOUNT),
	});
	const alone = new LidarPerception(common);
	const both = [seeing, alone];
	const tensor = new Float32Array(seeing.inputElementCount);
	let pictures = 0;
	let found = 0;
	let sooner = 0;
	const frames = framesOf(async (frame) => {
		const result: FrameResult = await processor.process(frame, contextOf());
		if (frame.deviceId === "camera") {
			assert.equal(result.decision, null);
			pictures++;
			const boxes = result.outputs.find(({ name }) => name === "found.boxes");
			found += boxes?.shape[0] ?? 0;
		}
		if (frame.deviceId !== "lidar") return;
		assert.deepEqual(toldIds(result), confirmedIds(seeing.tracks));
		const timeS = frame.measuredUs / 1e6;
		const expected = told(seeing.decide(timeS));
		assertAlike(result.decision, expected, `at ${timeS} s`);
		if (confirmedIds(seeing.tracks).length > confirmedIds(alone.tracks).length)
			sooner++;
	});
	await runDrive({
		seed: 1,
		durationS: 4,
		judgeBrakes: false,
		driver: () => ({
			decide: (timeS) => alone.decide(timeS),
			sensors: {
				imu: (imu) => {
					for (const { odometry } of both)
						odometry.addTurnRate(imu.stampUs / 1e6, imu.angularZRadps);
					frames.imu(imu);
				},
				speed: (speed) => {
					for (const { odometry } of both) odometry.addSpeed(speed.speedMps);
					frames.speed(speed);
				},
				path: (path) => {
					for (const one of both) one.plan(path.stampUs / 1e6, path);
					frames.path(path);
				},
				picture: async (picture) => {
					const { image, stampUs } = picture;
					seeing.look(await camera(image), stampUs / 1e6);
					await frames.picture!(picture);
				},
				sweep: async (sweep) => {
					const { points, stampUs } = sweep;
					const own = structuredClone(points);
					seeing.encode(points, stampUs / 1e6, tensor);
					const answer = await network(tensor);
					for (const one of both) one.track(answer, stampUs / 1e6);
					await frames.sweep({ points: own, stampUs });
				},
			},
		}),
	});
	assert.ok(pictures >= 85 && found > pictures, `${found} in ${pictures}`);
	assert.ok(sooner > 0, "the camera made no difference");
	processor.close();
});

test("a stream without the camera's calibration is refused, and one without its place is told so by each picture", async (t) => {
	const network = await openBevNetwork(BEV);
	const camera = await openCameraNetwork(LOOK);
	const declared = await declareBundled({
		models: {
			bev_detector: modelOf(network),
			camera_detector: lookOf(camera),
		},
	});
	t.after(() => declared.all.close());
	const open = (calibration: typeof CALIBRATION | null) =>
		declared.pipeline("drive").open(
			openingOf(1, {
				sensors: ["lidar", "imu", "wheels", "planner", "camera"].map(
					(deviceId) => ({
						...{ deviceId, frameId: deviceId, periodUs: SWEEP_US },
						calibration: deviceId === "camera" ? calibration : null,
					}),
				),
			}),
			systemClock,
		);
	assert.throws(() => open(null), /calibration/);
	const processor = open(CALIBRATION);
	const picture = frameOf({
		...{ deviceId: "camera", frameId: "camera" },
		payload: {
			...{ kind: "image", encoding: "rgb8", width, height },
			rowStrideBytes: 3 * width,
			bytes: new Uint8Array(3 * width * height),
		},
	});
	await assert.rejects(
		async () => processor.process(picture, contextOf()),
		/opened with its calibration \(k\) and a transform from 'base_link'/,
	);
	processor.close();
});

test("without its model the bundled pipeline is not there to be told of, and a stream is told what is missing", async (t) => {
	const declared = await declareBundled({});
	t.after(() => declared.all.close());
	assert.deepEqual(declared.all.explain(), []);
	assert.throws(
		() => declared.pipeline("lidar").open(openingOf(), systemClock),
		{ code: "NOT_FOUND", message: /bev_detector/ },
	);
});
