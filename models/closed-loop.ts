// Random drives in virtual time, each by three drivers, and how good the detectors are on such streets; prints one JSON object.
//   node -C source models/closed-loop.ts --seed 1 --drives 100
//   node -C source models/closed-loop.ts --seed 1 --drives 100 --no-camera         by the LiDAR alone
//   node -C source models/closed-loop.ts --seed 1 --drives 100 --detector noisy    without a network
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import {
	createNoisyDetector,
	type DriveOptions,
	detectingDriver,
	driveSeeds,
	judgeBev,
	judgeCamera,
	lidarDriver,
	Random,
	runDrives,
	seeingDriver,
} from "@saccade/drive";
import { openBevNetwork } from "./lib/bev-network.ts";
import { openCameraNetwork } from "./lib/camera-network.ts";

const { values } = parseArgs({
	options: {
		seed: { type: "string", default: "1" },
		drives: { type: "string", default: "100" },
		detector: { type: "string", default: "network" },
		bev: {
			type: "string",
			default: "models/repository/bev_detector/1/model.onnx",
		},
		camera: {
			type: "string",
			default: "models/repository/camera_detector/1/model.onnx",
		},
		"no-camera": { type: "boolean", default: false },
		quiet: { type: "boolean", default: false },
	},
});
const seed = Number(values.seed);
const driveCount = Number(values.drives);
const isNoisy = values.detector === "noisy";
const network = isNoisy ? null : await openBevNetwork(values.bev);
const camera = existsSync(values.camera)
	? await openCameraNetwork(values.camera)
	: null;
const driver: DriveOptions["driver"] = (simulation) =>
	network === null
		? detectingDriver(createNoisyDetector(simulation, new Random(seed, 300)))
		: camera === null || values["no-camera"]
			? lidarDriver(network)
			: seeingDriver(network, camera);
const drives = await runDrives({
	seed,
	driveCount,
	driver,
	onDrive: ({ seed: street, seen }, index) => {
		if (values.quiet || seen === null) return;
		const bad = seen.hardBrakes.filter(({ isFalse }) => isFalse);
		if (seen.collision !== null || bad.length > 0)
			console.error(
				`drive ${index}, street ${street}: ${JSON.stringify({ collision: seen.collision, falseBrakes: bad })}`,
			);
	},
});
console.log(
	JSON.stringify({ seed, accuracy: await accuracy(), ...drives }, null, 1),
);

/** On a fifth as many drives, which is enough: each shows hundreds of objects. */
async function accuracy(): Promise<{
	lidarMap: number;
	/** Null: there is no such model. */
	cameraMap: number | null;
} | null> {
	if (network === null) return null;
	const observed = {
		firstSeed: driveSeeds(seed, 1)[0]!,
		driveCount: Math.max(5, Math.round(driveCount / 5)),
		perDrive: 5,
	};
	const lidar = await judgeBev(network, observed);
	const pictures = camera && (await judgeCamera(camera, observed));
	return { lidarMap: lidar.mean, cameraMap: pictures?.mean ?? null };
}
