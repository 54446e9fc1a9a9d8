// Point clouds: from what a LiDAR sends to points in the frame of the vehicle at one instant.
import {
	createGroundPlane,
	createPoints,
	createSweepMotion,
	deskewPoints,
	dropNotFinite,
	GroundRemover,
	keepInBox,
	type Points,
	readPoints,
	timesFromAzimuth,
	transformPoints,
	VoxelGrid,
} from "@saccade/perception";
import { filledText, number, text, wholeNumber } from "../../common/readers.ts";
import { createCloudDecoder } from "../cloud-decoder.ts";
import { transformOf } from "../frame-transform.ts";
import { optionalPort, port } from "./port.ts";
import { sampleCloud, samplePoints } from "./samples.ts";
import { setting } from "./settings.ts";
import { type AnyStep, defineStep } from "./step.ts";

const capacity = setting({
	read: wholeNumber({ min: 1, max: 4_000_000 }),
	meaning: "most points of one cloud",
	default: 131_072,
});
const ANY_TIME = 1e9;

const cloudPoints = defineStep({
	name: "cloud-points",
	summary: "decodes a cloud in place, and leaves out what is too near or far",
	settings: {
		capacity,
		minRangeM: setting({
			read: number({ min: 0 }),
			meaning: "nearer points are left out",
			default: 0,
		}),
		maxRangeM: setting({
			read: number({ min: 0 }),
			meaning: "farther points are left out",
			default: Number.MAX_VALUE,
		}),
		intensityField: setting({
			read: filledText,
			meaning: "field that is the intensity",
			default: "intensity",
		}),
		timeField: setting({
			read: text,
			meaning: "field with the time of each point; empty: none is kept",
			default: "",
		}),
		timeUnitS: setting({
			read: number({ min: 0 }),
			meaning: "seconds per unit of the time field",
			default: 1,
		}),
	},
	inputs: () => ({ cloud: port("cloud") }),
	outputs: () => ({ points: port("points") }),
	create: ({ settings }) => {
		const withTimes = settings.timeField !== "";
		const points = createPoints(settings.capacity, { withTimes });
		const decode = createCloudDecoder();
		return {
			run: ({ cloud }, outputs) => {
				readPoints(decode(cloud.payload), points, settings);
				outputs.points = points;
			},
		};
	},
	sample: () => ({ cloud: sampleCloud() }),
});

const edge = (meaning: string, fallback: number) =>
	setting({ read: number(), meaning, default: fallback });

const cropPoints = defineStep({
	name: "crop-points",
	summary: "keeps the finite points inside a box",
	settings: {
		capacity,
		minXM: edge("lower edge ahead", -ANY_TIME),
		maxXM: edge("upper edge ahead", ANY_TIME),
		minYM: edge("lower edge to the left", -ANY_TIME),
		maxYM: edge("upper edge to the left", ANY_TIME),
		minZM: edge("lower edge upwards", -ANY_TIME),
		maxZM: edge("upper edge upwards", ANY_TIME),
	},
	inputs: () => ({ points: port("points") }),
	outputs: () => ({ points: port("points") }),
	create: ({ settings }) => {
		const own = ownPoints(settings.capacity);
		return {
			run: ({ points }, outputs) => {
				outputs.points = own(points);
				dropNotFinite(outputs.points);
				keepInBox(outputs.points, settings);
			},
		};
	},
	sample: (settings) => ({ points: samplePoints(settings.capacity) }),
});

const thinPoints = defineStep({
	name: "voxel-grid",
	summary: "one point for each voxel, the mean of those in it",
	settings: {
		capacity,
		voxelM: setting({
			read: number({ min: 0.001 }),
			meaning: "edge of a voxel, in metres",
		}),
	},
	inputs: () => ({ points: port("points") }),
	outputs: () => ({ points: port("points") }),
	create: ({ settings }) => {
		const grid = new VoxelGrid(settings);
		const into = createPoints(settings.capacity);
		return {
			run: ({ points }, outputs) => {
				grid.thin(points, into);
				outputs.points = into;
			},
		};
	},
	sample: (settings) => ({ points: samplePoints(settings.capacity) }),
});

const removeGround = defineStep({
	name: "remove-ground",
	summary: "leaves out the points on the ground plane",
	settings: {
		capacity,
		sensorHeightM: setting({
			read: number({ min: 0 }),
			meaning: "of the points' origin over the ground",
		}),
	},
	inputs: () => ({ points: port("points") }),
	outputs: () => ({ points: port("points") }),
	create: ({ settings }) => {
		const own = ownPoints(settings.capacity);
		const remover = new GroundRemover(settings);
		const plane = createGroundPlane();
		return {
			run: ({ points }, outputs) => {
				outputs.points = own(points);
				if (remover.find(outputs.points, plane))
					remover.remove(outputs.points, plane);
			},
		};
	},
	sample: (settings) => ({ points: samplePoints(settings.capacity) }),
});

const deskew = defineStep({
	name: "deskew",
	summary:
		"moves each point of a sweep to where it would be at one instant, by the turn rate of an IMU and the speed ahead",
	settings: {
		capacity,
		referenceS: setting({
			read: number(),
			meaning: "the instant, in seconds from the sweep's stamp",
			default: 0.05,
		}),
		periodS: setting({
			read: number({ min: 0.001 }),
			meaning: "of a turn, where points have no times of their own",
			default: 0.1,
		}),
	},
	inputs: () => ({
		points: port("points"),
		imu: optionalPort("imu"),
		speed: optionalPort("reading"),
	}),
	outputs: () => ({ points: port("points") }),
	create: ({ settings }) => {
		const own = ownPoints(settings.capacity, true);
		const motion = createSweepMotion();
		return {
			run: ({ points, imu, speed }, outputs) => {
				const moved = own(points);
				if (points.timesS === null) timesFromAzimuth(moved, settings);
				const rate = imu?.payload.angularVelocity;
				motion.angularXRadps = rate?.[0] ?? 0;
				motion.angularYRadps = rate?.[1] ?? 0;
				motion.angularZRadps = rate?.[2] ?? 0;
				motion.velocityXMps = speed?.value ?? 0;
				deskewPoints(moved, motion, settings.referenceS);
				outputs.points = moved;
			},
		};
	},
	sample: (settings) => ({
		points: samplePoints(settings.capacity, true),
		imu: null,
		speed: null,
	}),
});

const toFrame = defineStep({
	name: "to-frame",
	summary:
		"moves points from the sensor's coordinate frame to another, by the transforms that the stream was opened with",
	settings: {
		capacity,
		target: setting({
			read: filledText,
			meaning: "coordinate frame to move to",
			default: "base_link",
		}),
	},
	inputs: () => ({ points: port("points") }),
	outputs: () => ({ points: port("points") }),
	create: ({ settings, opening }) => {
		const own = ownPoints(settings.capacity, true);
		const matrices = new Map<string, Float64Array>();
		for (const transform of opening.transforms)
			if (transform.parentFrameId === settings.target)
				matrices.set(transform.childFrameId, transformOf(transform));
		return {
			run: ({ points }, outputs, frame) => {
				outputs.points = own(points);
				if (frame.frameId === settings.target) return;
				const matrix = matrices.get(frame.frameId);
				if (matrix === undefined)
					throw new RangeError(
						`no transform from '${frame.frameId}' to '${settings.target}': give it when the stream is opened`,
					);
				transformPoints(outputs.points, matrix);
			},
		};
	},
	sample: () => ({ points: samplePoints(0) }),
});

/** A copy to change, in memory that is used again: others may read the same points. */
function ownPoints(capacity: number, withTimes = false) {
	const own = createPoints(capacity, { withTimes });
	return (points: Points): Points => {
		if (points.count > capacity)
			throw new RangeError(
				`${points.count} points, but a capacity of ${capacity}`,
			);
		own.count = points.count;
		own.xyzi.set(points.xyzi.subarray(0, 4 * points.count));
		if (points.timesS !== null)
			own.timesS?.set(points.timesS.subarray(0, points.count));
		return own;
	};
}

export const CLOUD_STEPS: readonly AnyStep[] = [
	cloudPoints,
	cropPoints,
	thinPoints,
	removeGround,
	deskew,
	toFrame,
];
