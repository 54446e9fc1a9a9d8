// The simulated drive, and what a sweep costs from points to the network's input: all of it in 100 ms of a LiDAR.
import {
	CAMERA,
	createNoisyDetector,
	LIDAR_MOUNT,
	mountTransform,
	Random,
	Simulation,
} from "@saccade/drive";
import {
	BEV_CAPACITY,
	BEV_OUTPUT_SIZES,
	BevInput,
	BevOutput,
	createImage,
	createPoints,
	createRotatedDetections,
	createSweepMotion,
	type Points,
} from "@saccade/perception";
import { mulberry32 } from "../lib/stats.ts";
import { type AnyCase, defineCase } from "./case.ts";

function driveCase(name: string, make: () => () => unknown): AnyCase {
	return defineCase({
		name: `drive/${name}`,
		budget: null,
		setup: make,
		run: (step) => step(),
	});
}

/** A street with some seconds of traffic behind it. */
function street(): {
	readonly simulation: Simulation;
	readonly points: Points;
} {
	const simulation = new Simulation({ seed: 11 });
	for (let i = 0; i < 800; i++) simulation.step(0);
	const points = createPoints(simulation.lidar.rayCount, { withTimes: true });
	return { simulation, points };
}

export const driveCases: readonly AnyCase[] = [
	driveCase("sweep-40x1024", () => {
		const { simulation, points } = street();
		return () => simulation.sweep(points);
	}),
	driveCase("picture-320x192", () => {
		const { simulation } = street();
		const { width, height } = CAMERA;
		const bytes = new Uint8Array(3 * width * height);
		const picture = createImage(bytes, width, height);
		return () => simulation.takePicture(picture);
	}),
	driveCase("world-step-20ms", () => {
		const { simulation } = street();
		// Stands, so that the street stays around it.
		return () => simulation.world.step(null);
	}),
	driveCase("encode-sweep", () => {
		const { simulation, points: source } = street();
		simulation.sweep(source);
		const points = createPoints(source.count, { withTimes: true });
		const input = new BevInput();
		const tensor = new Float32Array(input.elementCount);
		const motion = createSweepMotion();
		motion.velocityXMps = 12;
		motion.angularZRadps = 0.1;
		const mount = mountTransform(LIDAR_MOUNT);
		return () => {
			points.count = source.count;
			points.xyzi.set(source.xyzi.subarray(0, points.xyzi.length));
			points.timesS!.set(source.timesS!.subarray(0, points.count));
			return input.draw(points, { motion, mount, referenceS: 0.05 }, tensor);
		};
	}),
	driveCase("decode-boxes", () => {
		const random = mulberry32(4);
		const output = {
			heatmap: Float32Array.from(
				{ length: BEV_OUTPUT_SIZES.heatmap },
				() => -6 + 5.2 * random(),
			),
			offset: new Float32Array(BEV_OUTPUT_SIZES.offset).fill(0.5),
			size: new Float32Array(BEV_OUTPUT_SIZES.size).fill(0.7),
			yaw: new Float32Array(BEV_OUTPUT_SIZES.yaw).fill(0.7),
		};
		const decoder = new BevOutput();
		const into = createRotatedDetections(BEV_CAPACITY);
		return () => decoder.decode(output, 0.3, into);
	}),
	driveCase("noisy-detector", () => {
		const { simulation, points } = street();
		simulation.sweep(points);
		return createNoisyDetector(simulation, new Random(3));
	}),
];
