// Drives in virtual time: whole streets as fast as they can be computed, each with a driver who sees nothing, one who
// knows the truth, and the bundled perception; and how good its detectors are on such streets.
import {
	type BevNetwork,
	type CameraNetwork,
	driveSeeds,
	judgeBev,
	judgeCamera,
	runDrives,
	seeingDriver,
} from "@saccade/drive";
import { type KeptPromise, promise, round } from "./drive-report.ts";

export interface VirtualOptions {
	readonly seed: number;
	readonly driveCount: number;
	readonly bev: BevNetwork;
	readonly camera: CameraNetwork;
	/** Hears of each drive that is over. */
	readonly onDrive?: (count: number) => void;
}

export interface VirtualReport {
	readonly seed: number;
	readonly drives: number;
	/** The driver who knows the truth collides too. */
	readonly leftOut: number;
	readonly accuracy: { readonly lidarMap: number; readonly cameraMap: number };
	readonly collisions: number;
	readonly collisionsWithoutPerception: number;
	/** As a share of the way of the driver who knows the truth. */
	readonly progress: number;
	readonly falseBrakes: number;
	readonly falseBrakesPer10Min: number;
	/** Streets on which it collided, to look into. */
	readonly collisionSeeds: readonly number[];
	readonly promises: readonly KeptPromise[];
}

/** Cyclists are rare: on fewer streets, a handful of them would decide a third of the mean. */
const LEAST_JUDGED = 20;
const LOOKS_PER_DRIVE = 5;

export async function driveVirtually(
	options: VirtualOptions,
): Promise<VirtualReport> {
	const { seed, driveCount, bev, camera, onDrive } = options;
	const drives = await runDrives({
		seed,
		driveCount,
		driver: () => seeingDriver(bev, camera),
		onDrive: (_drive, index) => onDrive?.(index + 1),
	});
	const [firstSeed = 0] = driveSeeds(seed, 1);
	const observed = {
		firstSeed,
		driveCount: Math.max(LEAST_JUDGED, driveCount),
		perDrive: LOOKS_PER_DRIVE,
	};
	const lidarMap = (await judgeBev(bev, observed)).mean;
	const cameraMap = (await judgeCamera(camera, observed)).mean;
	const counted = drives.drives - drives.leftOut;
	return {
		seed,
		...drives,
		accuracy: { lidarMap: round(lidarMap), cameraMap: round(cameraMap) },
		progress: round(drives.progress),
		falseBrakesPer10Min: round(drives.falseBrakesPer10Min),
		promises: [
			promise(
				"LiDAR mAP at rotated IoU 0.5, 5 points and more, within 30 m",
				["at least", 0.85],
				round(lidarMap),
			),
			promise(
				"camera mAP at IoU 0.5, 10 pixels high and more",
				["at least", 0.8],
				round(cameraMap),
			),
			promise(
				"share of drives with a collision",
				["at most", 0.01],
				shareOf(drives.collisions, counted),
			),
			promise(
				"share of drives with a collision without perception",
				["at least", 0.5],
				shareOf(drives.collisionsWithoutPerception, counted),
			),
			promise(
				"progress beside the driver who knows the truth",
				["at least", 0.8],
				round(drives.progress),
			),
			promise(
				"false hard brakes in 10 minutes",
				["at most", 1],
				round(drives.falseBrakesPer10Min),
			),
		],
	};
}

function shareOf(count: number, of: number): number {
	return of === 0 ? 0 : round(count / of);
}
