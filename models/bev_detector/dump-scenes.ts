// Writes scenes for the LiDAR detector: the tensor as the server draws it (occupied cells only, to half precision) and
// what stands there. Half of them are turned about the vehicle: nearly everything on a street stands along it, and a network
// that learns from that alone answers "straight ahead" to whatever comes round a bend.
//   node -C source models/bev_detector/dump-scenes.ts --set train --first 0 --drives 400
import {
	closeSync,
	mkdirSync,
	openSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
	LIDAR_MOUNT,
	labelSweep,
	mountTransform,
	observeDrives,
	Random,
	type Simulation,
} from "@saccade/drive";
import {
	BEV_CHANNELS,
	BEV_GRID,
	BEV_INPUT_SHAPE,
	BevInput,
	createPoints,
	createSweepMotion,
} from "@saccade/perception";
import { isSceneSet, SCENE_SEEDS } from "../lib/scene-seeds.ts";

/** The middle of a sweep, at which the rays point ahead. */
const REFERENCE_S = 0.05;

/** Largest turn of a scene: more than the road bends within the detector's reach. */
const MOST_TURN_RAD = 0.8;

const { values } = parseArgs({
	options: {
		set: { type: "string", default: "train" },
		first: { type: "string", default: "0" },
		drives: { type: "string", default: "400" },
		"per-drive": { type: "string", default: "6" },
		out: { type: "string", default: ".cache/models/bev" },
	},
});
const { set } = values;
if (!isSceneSet(set)) throw new Error(`--set ${set}: train, valid or test`);
const firstSeed = SCENE_SEEDS[set] + Number(values.first);
const folder = join(values.out, `${set}-${values.first}`);
mkdirSync(folder, { recursive: true });

const input = new BevInput();
const tensor = new Float32Array(input.elementCount);
const cellCount = BEV_GRID.rows * BEV_GRID.columns;
const cells = new Uint16Array(cellCount);
const numbers = new Float16Array(cellCount * BEV_CHANNELS.length);
const motion = createSweepMotion();
const mount = mountTransform(LIDAR_MOUNT);
const turning = new Random(firstSeed, 901);
const cellFile = openSync(join(folder, "cells.u16"), "w");
const valueFile = openSync(join(folder, "values.f16"), "w");
const cellEnds: number[] = [];
const objects: number[] = [];
const objectEnds: number[] = [];
let cellTotal = 0;
let points = createPoints(0, { withTimes: true });

await observeDrives(
	{
		firstSeed,
		driveCount: Number(values.drives),
		perDrive: Number(values["per-drive"]),
	},
	(simulation) => {
		const turnRad = turning.chance(0.5)
			? turning.between(-MOST_TURN_RAD, MOST_TURN_RAD)
			: 0;
		const cos = Math.cos(turnRad);
		const sin = Math.sin(turnRad);
		draw(simulation, cos, sin);
		let occupied = 0;
		for (let cell = 0; cell < cellCount; cell++) {
			if (tensor[cell] === 0) continue;
			cells[occupied] = cell;
			for (let channel = 0; channel < BEV_CHANNELS.length; channel++)
				numbers[occupied * BEV_CHANNELS.length + channel] =
					tensor[channel * cellCount + cell]!;
			occupied++;
		}
		writeSync(cellFile, cells, 0, 2 * occupied);
		writeSync(valueFile, numbers, 0, 2 * BEV_CHANNELS.length * occupied);
		cellTotal += occupied;
		cellEnds.push(cellTotal);
		for (const box of labelSweep(simulation, REFERENCE_S))
			objects.push(
				box.classId,
				cos * box.xM - sin * box.yM,
				sin * box.xM + cos * box.yM,
				box.lengthM,
				box.widthM,
				box.yawRad + turnRad,
				box.pointCount,
			);
		objectEnds.push(objects.length / 7);
	},
);
closeSync(cellFile);
closeSync(valueFile);
writeFileSync(join(folder, "cell-ends.i64"), toInt64(cellEnds));
writeFileSync(join(folder, "objects.f32"), new Float32Array(objects));
writeFileSync(join(folder, "object-ends.i64"), toInt64(objectEnds));
writeFileSync(
	join(folder, "scenes.json"),
	JSON.stringify({
		grid: BEV_GRID,
		shape: BEV_INPUT_SHAPE,
		channels: BEV_CHANNELS,
		scenes: cellEnds.length,
		firstSeed,
		drives: Number(values.drives),
	}),
);

/** As seen by a vehicle that faces another way by the angle with this cosine and sine. */
function draw(simulation: Simulation, cos: number, sin: number): void {
	const { vehicle, lidar } = simulation;
	if (points.xyzi.length < 4 * lidar.rayCount)
		points = createPoints(lidar.rayCount, { withTimes: true });
	simulation.sweep(points);
	motion.velocityXMps = cos * vehicle.speedMps;
	motion.velocityYMps = sin * vehicle.speedMps;
	motion.angularZRadps = vehicle.yawRateRadps;
	const turned = Float64Array.from(mount);
	for (let column = 0; column < 4; column++) {
		turned[column] = cos * mount[column]! - sin * mount[4 + column]!;
		turned[4 + column] = sin * mount[column]! + cos * mount[4 + column]!;
	}
	input.draw(
		points,
		{ motion, mount: turned, referenceS: REFERENCE_S },
		tensor,
	);
}

function toInt64(numbers: readonly number[]): BigInt64Array {
	return BigInt64Array.from(numbers, BigInt);
}
