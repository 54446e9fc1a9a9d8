// What a vehicle's small sensors say of its motion and its plans: steps that listen, since none of their readings may be
// missed, and whose memory others read.
import {
	createOdometryPose,
	createPlannedPath,
	Odometry,
	placePath,
	poseAt,
} from "@saccade/perception";
import { wholeNumber } from "../../common/readers.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { optionalPort, port, tensorPort } from "./port.ts";
import { sampleFrame } from "./samples.ts";
import { setting } from "./settings.ts";
import { type AnyStep, badInput, createTensor, defineStep } from "./step.ts";

const odometry = defineStep({
	name: "odometry",
	summary:
		"where the vehicle was lately, from every reading of a gyroscope and of the wheels' speed",
	listens: true,
	settings: {
		capacity: setting({
			read: wholeNumber({ min: 2, max: 100_000 }),
			meaning: "poses to keep, one for each reading of the gyroscope",
			default: 512,
		}),
	},
	inputs: () => ({ imu: optionalPort("imu"), speed: optionalPort("reading") }),
	outputs: () => ({ motion: port("motion") }),
	create: ({ settings }) => {
		const vehicle = new Odometry(settings.capacity);
		return {
			run: ({ imu, speed }, outputs, frame) => {
				if (speed !== null) vehicle.addSpeed(speed.value);
				if (imu !== null)
					vehicle.addTurnRate(
						frame.measuredUs / 1e6,
						imu.payload.angularVelocity[2],
					);
				outputs.motion = vehicle.history;
			},
		};
	},
	sample: () => ({
		imu: sampleFrame({
			kind: "imu",
			angularVelocity: [0, 0, 0.1],
			linearAcceleration: [0, 0, 9.8],
		}),
		speed: sampleFrame(null),
	}),
});

const plannedPath = defineStep({
	name: "planned-path",
	summary:
		"where the vehicle means to go, as x, y and yaw of points along its path, brought from its own frame to that of its odometry",
	listens: true,
	settings: {
		capacity: setting({
			read: wholeNumber({ min: 1, max: 10_000 }),
			meaning: "most points of a path",
			default: 128,
		}),
	},
	inputs: () => ({
		points: tensorPort("FP64", [3, -1]),
		stepM: tensorPort("FP64", [1]),
		motion: optionalPort("motion"),
	}),
	outputs: () => ({ path: port("path") }),
	create: ({ settings }) => {
		const { capacity } = settings;
		const path = createPlannedPath(capacity);
		const pose = createOdometryPose();
		return {
			run: ({ points, stepM, motion }, outputs, frame) => {
				outputs.path = path;
				const values = float64Of("points", points);
				const count = values.length / 3;
				if (!Number.isInteger(count) || count > capacity)
					throw badInput(
						`a path has at most ${capacity} points of three numbers each, this one has ${values.length} numbers`,
					);
				const isKnown =
					motion === null || poseAt(motion, frame.measuredUs / 1e6, pose);
				if (!isKnown) return;
				placePath(
					{
						stepM: float64Of("stepM", stepM)[0] ?? 1,
						xM: values.subarray(0, count),
						yM: values.subarray(count, 2 * count),
						yawRad: values.subarray(2 * count),
					},
					pose,
					path,
				);
			},
		};
	},
	sample: () => ({
		points: createTensor("FP64", [3, 64], false),
		stepM: createTensor("FP64", [1], false),
		motion: null,
	}),
});

/** A copy: the bytes begin where the message has them. */
function float64Of(name: string, { dtype, data }: Tensor): Float64Array {
	if (dtype !== "FP64" || data.byteLength % 8 !== 0)
		throw badInput(`'${name}' is ${dtype}, FP64 is needed`);
	return new Float64Array(Uint8Array.from(data).buffer);
}

export const MOTION_STEPS: readonly AnyStep[] = [odometry, plannedPath];
