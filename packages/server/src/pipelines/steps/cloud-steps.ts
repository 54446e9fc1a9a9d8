// Point clouds: from what a LiDAR sends to points in the frame of the vehicle at one instant.
import {
	createGroundPlane,
	createSweepMotion,
	deskewPoints,
	dropNotFinite,
	GroundRemover,
	keepInBox,
	motionOver,
	POINT_STRIDE,
	type Points,
	pointCapacity,
	readPoints,
	timesFromAzimuth,
	transformPoints,
	VoxelGrid,
} from "@saccade/perception";
import {
	filledText,
	number,
	oneOf,
	text,
	wholeNumber,
} from "../../common/readers.ts";
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
	create: ({ settings, points: memory }) => {
		const withTimes = settings.timeField !== "";
		const points = memory(settings.capacity, { withTimes });
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
	create: ({ settings, points: memory }) => {
		const own = copyInto(memory(settings.capacity));
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
	create: ({ settings, points: memory }) => {
		const grid = new VoxelGrid(settings);
		const into = memory(settings.capacity);
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
	create: ({ settings, points: memory }) => {
		const own = copyInto(memory(settings.capacity));
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
		"moves each point of a sweep to where it would be at one instant, by the vehicle's motion over the sweep, or by one reading of an IMU and of the speed ahead",
	settings: {
		capacity,
		referenceS: setting({
			read: number(),
			meaning: "the instant, in seconds from the sweep's begin",
			default: 0.05,
		}),
		periodS: setting({
			read: number({ min: 0.001 }),
			meaning: "of a turn",
			default: 0.1,
		}),
		stamped: setting({
			read: oneOf("begin", "end"),
			meaning: "where in its sweep a cloud is stamped",
			default: "begin",
		}),
	},
	inputs: () => ({
		points: port("points"),
		motion: optionalPort("motion"),
		imu: optionalPort("imu"),
		speed: optionalPort("reading"),
	}),
	outputs: () => ({ points: port("points") }),
	create: ({ settings, points: memory }) => {
		const { periodS, referenceS, stamped } = settings;
		const own = copyInto(memory(settings.capacity, { withTimes: true }));
		const sweep = createSweepMotion();
		return {
			run: ({ points, motion, imu, speed }, outputs, frame) => {
				const moved = own(points);
				if (points.timesS === null) timesFromAzimuth(moved, settings);
				const stampS = frame.measuredUs / 1e6;
				const beginS = stamped === "end" ? stampS - periodS : stampS;
				if (motion !== null)
					motionOver(motion, beginS, beginS + periodS, sweep);
				else {
					const rate = imu?.payload.angularVelocity;
					sweep.angularXRadps = rate?.[0] ?? 0;
					sweep.angularYRadps = rate?.[1] ?? 0;
					sweep.angularZRadps = rate?.[2] ?? 0;
					sweep.velocityXMps = speed?.value ?? 0;
				}
				deskewPoints(moved, sweep, referenceS);
				outputs.points = moved;
			},
		};
	},
	sample: (settings) => ({
		points: samplePoints(settings.capacity, true),
		motion: null,
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
	create: ({ settings, opening, points: memory }) => {
		const own = copyInto(memory(settings.capacity, { withTimes: true }));
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
	sample: ({ capacity: most }) => ({ points: samplePoints(most) }),
	sampleTransforms: ({ target }) => [
		{
			parentFrameId: target,
			childFrameId: "sample",
			translation: [1.3, 0, 1.8],
			rotation: [0, 0, Math.SQRT1_2, Math.SQRT1_2],
		},
	],
});

/** A copy to change, in memory that is used again: others may read the same points. */
function copyInto(own: Points) {
	const capacity = pointCapacity(own);
	return (points: Points): Points => {
		if (points.count > capacity)
			throw new RangeError(
				`${points.count} points, but a capacity of ${capacity}`,
			);
		own.count = points.count;
		own.xyzi.set(points.xyzi.subarray(0, POINT_STRIDE * points.count));
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
