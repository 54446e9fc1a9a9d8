// The bundled LiDAR perception on a stream: sweeps become decisions, with what the vehicle's other sensors say of its
// motion. By what a frame carries:
//
//   cloud    a sweep, stamped at its end   ─▶ encode ─▶ model ─▶ track ─▶ decide ─▶ decision
//   imu      the gyroscope                 ─▶ odometry
//   tensors  `path` [3, n]: the plan       ─▶ where the vehicle means to go: x, y, yaw every `path_step_m`
//   value    speed of the wheels           ─▶ odometry
//
// Sweeps go one at a time, since a tracker needs them in order; the small readings are taken in meanwhile, so the stream
// allows several frames in flight.
import {
	BEV_INPUT_SHAPE,
	BEV_OUTPUT_SIZES,
	createOdometryPose,
	createPoints,
	type DriveDecision,
	LidarPerception,
	PointCloudError,
	readPoints,
	type VehicleShape,
} from "@saccade/perception";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { createCloudDecoder } from "./cloud-decoder.ts";
import type { Frame, FramePayload } from "./frame.ts";
import { transformOf } from "./frame-transform.ts";
import { trackTensors } from "./graph/result-tensors.ts";
import type { ModelRunner } from "./model-runner.ts";
import { bytesOf, float32Output } from "./model-tensors.ts";
import type {
	Decision,
	FrameContext,
	FrameProcessor,
	FrameResult,
	Pipeline,
	StreamOpening,
} from "./pipeline.ts";

const MODEL = "bev_detector";
const SWEEP_S = 0.1;
const MOST_POINTS = 1 << 17;
/** Three sweeps: one may be lost, and the next be late. */
const VALID_FOR_US = 300_000;
const MOST_PATH_POINTS = 128;
const VEHICLE_FRAME = "base_link";

export interface LidarPipelineOptions {
	/** From the middle of the rear axle. @default that of the bundled street's vehicle */
	readonly vehicle?: VehicleShape;
}

const VEHICLE: VehicleShape = { frontM: 3.7, rearM: 0.9, widthM: 1.85 };

export function createLidarPipeline(
	runner: ModelRunner,
	{ vehicle = VEHICLE }: LidarPipelineOptions = {},
): Pipeline {
	return {
		name: "lidar",
		requests: {},
		join: null,
		open: (opening) => {
			runner.assertReady(MODEL, "");
			const mount = mountOf(opening);
			return new LidarProcessor(
				runner,
				new LidarPerception({ vehicle, mount, sweepPeriodS: SWEEP_S }),
			);
		},
	};
}

class LidarProcessor implements FrameProcessor {
	readonly #runner: ModelRunner;
	readonly #perception: LidarPerception;
	readonly #points = createPoints(MOST_POINTS, { withTimes: true });
	readonly #tensor: Float32Array;
	readonly #decode = createCloudDecoder();
	readonly #pose = createOdometryPose();
	#isBusy = false;

	constructor(runner: ModelRunner, perception: LidarPerception) {
		this.#runner = runner;
		this.#perception = perception;
		this.#tensor = new Float32Array(perception.inputElementCount);
	}

	process(
		frame: Frame,
		context: FrameContext,
	): FrameResult | Promise<FrameResult> {
		const { payload, measuredUs, value } = frame;
		const { odometry } = this.#perception;
		const timeS = measuredUs / 1e6;
		switch (payload?.kind) {
			case "cloud":
				return this.#sweep(frame, payload, context);
			case "imu":
				odometry.addTurnRate(timeS, payload.angularVelocity[2]);
				return TAKEN;
			case "tensors":
				this.#plan(timeS, payload);
				return TAKEN;
			case undefined:
				odometry.addSpeed(value);
				return TAKEN;
			case "image":
				throw invalid(
					"takes clouds, IMU readings, speeds and a path, no images",
				);
		}
	}

	close(): void {}

	async #sweep(
		frame: Frame,
		cloud: FramePayload & { readonly kind: "cloud" },
		context: FrameContext,
	): Promise<FrameResult> {
		if (this.#isBusy)
			throw new SaccadeError(
				"QUEUE_FULL",
				"the sweep before it is still under way; sweeps go one at a time",
				{ refusedBecause: "queue-full" },
			);
		this.#isBusy = true;
		try {
			const perception = this.#perception;
			const endS = frame.measuredUs / 1e6;
			const encodeUs = context.nowUs();
			readPoints(this.#decode(cloud), this.#points);
			perception.encode(this.#points, endS - SWEEP_S, this.#tensor);
			const modelUs = context.nowUs();
			context.trace?.stages.push({
				name: "encode",
				beginUs: encodeUs,
				endUs: modelUs,
			});
			const outputs = await this.#runner.run({
				modelName: MODEL,
				modelVersion: "",
				inputs: [
					{
						name: "bev",
						dtype: "FP32",
						shape: [1, ...BEV_INPUT_SHAPE],
						data: bytesOf(this.#tensor),
					},
				],
				deadlineUs: frame.deadlineUs,
				receivedUs: frame.receivedUs,
				signal: context.signal,
				trace: context.trace ?? null,
			});
			const trackUs = context.nowUs();
			const output = (name: keyof typeof BEV_OUTPUT_SIZES) =>
				float32Output(MODEL, outputs, name, BEV_OUTPUT_SIZES[name]);
			perception.track(
				{
					heatmap: output("heatmap"),
					offset: output("offset"),
					size: output("size"),
					yaw: output("yaw"),
				},
				endS - SWEEP_S,
			);
			const decision = told(perception.decide(endS));
			return {
				decision,
				outputs: this.#seen(endS),
				stages: [
					{ name: "encode", beginUs: encodeUs, endUs: modelUs },
					{ name: "model", beginUs: modelUs, endUs: trackUs },
					{ name: "decide", beginUs: trackUs, endUs: context.nowUs() },
				],
			};
		} catch (error) {
			throw error instanceof PointCloudError
				? new SaccadeError("MALFORMED", error.message, { cause: error })
				: error;
		} finally {
			this.#isBusy = false;
		}
	}

	/** The tracks, and where the vehicle is among them. */
	#seen(timeS: number): Tensor[] {
		const { odometry, tracks } = this.#perception;
		odometry.poseAt(timeS, this.#pose);
		return trackTensors("tracks", tracks, this.#pose);
	}

	#plan(timeS: number, payload: FramePayload & { readonly kind: "tensors" }) {
		const path = payload.tensors.find(({ name }) => name === "path");
		const step = payload.tensors.find(({ name }) => name === "path_step_m");
		if (path?.dtype !== "FP64" || step?.dtype !== "FP64")
			throw invalid(
				"takes a plan as tensors 'path' (FP64 [3, n]: x, y, yaw) and 'path_step_m' (FP64 [1])",
			);
		const count = path.data.byteLength / 24;
		if (count > MOST_PATH_POINTS || !Number.isInteger(count))
			throw invalid(
				`takes a path of at most ${MOST_PATH_POINTS} points with three numbers each, got ${path.data.byteLength} bytes`,
			);
		const values = new Float64Array(Uint8Array.from(path.data).buffer);
		this.#perception.plan(timeS, {
			stepM: new Float64Array(Uint8Array.from(step.data).buffer)[0] ?? 1,
			xM: values.subarray(0, count),
			yM: values.subarray(count, 2 * count),
			yawRad: values.subarray(2 * count),
		});
	}
}

/** Of a reading that a later decision is about. */
const TAKEN: FrameResult = { decision: null, outputs: [], stages: [] };

/** Numbers that are infinite say nothing to a vehicle: they are left out. */
function told(decision: Readonly<DriveDecision>): Decision {
	return {
		action: decision.command,
		reasons: [decision.reason],
		validForUs: VALID_FOR_US,
		targets: [
			{ name: "acceleration_mps2", value: decision.accelerationMps2 },
			{ name: "speed_mps", value: decision.targetSpeedMps },
			{ name: "time_to_collision_s", value: decision.timeToCollisionS },
			{ name: "gap_m", value: decision.gapM },
		].filter(({ value }) => Number.isFinite(value)),
	};
}

/** Where the LiDAR sits on the vehicle: the transform from `base_link` that the stream was opened with. */
function mountOf({ transforms }: StreamOpening): Float64Array {
	const mount = transforms.find(
		({ parentFrameId }) => parentFrameId === VEHICLE_FRAME,
	);
	if (mount === undefined)
		throw invalid(
			`needs to know where the sensor sits: open the stream with a transform from '${VEHICLE_FRAME}' to its frame`,
		);
	return transformOf(mount);
}

function invalid(text: string): SaccadeError {
	return new SaccadeError("INVALID_ARGUMENT", `pipeline 'lidar' ${text}`);
}
