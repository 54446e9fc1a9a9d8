// Many drives, each by three drivers: one who sees nothing, one who knows the truth, and the one in question. What even the
// truth cannot avoid says nothing about perception: such drives are left out, and counted.
import { Random } from "../random.ts";
import { BLIND, truthful } from "./driver.ts";
import { type DriveOptions, type DriveResult, runDrive } from "./run-drive.ts";

export interface DrivesOptions {
	/** Tells all of them. */
	readonly seed: number;
	readonly driveCount: number;
	readonly driver: DriveOptions["driver"];
	/** @default 20 */
	readonly durationS?: number;
	readonly onDrive?: (drive: JudgedDrive, index: number) => void;
}

export interface JudgedDrive {
	readonly seed: number;
	readonly truth: DriveResult;
	readonly blind: DriveResult;
	/** Null: left out, since the truth collides. */
	readonly seen: DriveResult | null;
}

export interface DrivesResult {
	readonly drives: number;
	/** The driver who knows the truth collides too. */
	readonly leftOut: number;
	/** Of those that count. */
	readonly collisions: number;
	readonly collisionsWithoutPerception: number;
	/** Way driven, as a share of what the driver who knows the truth drove. */
	readonly progress: number;
	readonly falseBrakes: number;
	readonly falseBrakesPer10Min: number;
	/** Seeds of drives that ended in a collision, to look into. */
	readonly collisionSeeds: readonly number[];
}

/** Streets that models learnt from have larger seeds. */
const SEED_COUNT = 1_000_000;

/** The seeds of the single drives. */
export function driveSeeds(seed: number, driveCount: number): number[] {
	const random = new Random(seed, 50);
	const seeds = new Set<number>();
	while (seeds.size < Math.min(driveCount, SEED_COUNT))
		seeds.add(random.below(SEED_COUNT));
	return [...seeds];
}

export async function runDrives(options: DrivesOptions): Promise<DrivesResult> {
	const drives: JudgedDrive[] = [];
	for (const seed of driveSeeds(options.seed, options.driveCount)) {
		const drive = await runJudged(seed, options);
		options.onDrive?.(drive, drives.length);
		drives.push(drive);
	}
	return summarise(drives);
}

async function runJudged(
	seed: number,
	{ driver, durationS = 20 }: DrivesOptions,
): Promise<JudgedDrive> {
	const common = { seed, durationS };
	const truth = await runDrive({
		...common,
		driver: truthful,
		judgeBrakes: false,
	});
	const blind = await runDrive({
		...common,
		driver: () => BLIND,
		judgeBrakes: false,
	});
	const seen =
		truth.collision === null ? await runDrive({ ...common, driver }) : null;
	return { seed, truth, blind, seen };
}

function summarise(drives: readonly JudgedDrive[]): DrivesResult {
	const counted = drives.flatMap(({ truth, blind, seen }) =>
		seen === null ? [] : [{ truth, blind, seen }],
	);
	const sum = (of: (drive: (typeof counted)[number]) => number) =>
		counted.reduce((total, drive) => total + of(drive), 0);
	const falseBrakes = sum(
		({ seen }) => seen.hardBrakes.filter(({ isFalse }) => isFalse).length,
	);
	const collided = counted.filter(({ seen }) => seen.collision !== null);
	return {
		drives: drives.length,
		leftOut: drives.length - counted.length,
		collisions: collided.length,
		collisionsWithoutPerception: sum(({ blind }) =>
			blind.collision === null ? 0 : 1,
		),
		progress:
			sum(({ seen }) => seen.progressM) / sum(({ truth }) => truth.progressM),
		falseBrakes,
		falseBrakesPer10Min: falseBrakes / (sum(({ seen }) => seen.drivenS) / 600),
		collisionSeeds: collided.map(({ seen }) => seen.seed),
	};
}
