// Point clouds without copies against the plain path through protobuf: the same points in, the same points out. The plain
// path is typed messages (repeated points, repeated floats) by protobuf-es and by protobufjs; the fastest of them is the
// baseline. What a user reaches who keeps points as bytes and reads them by hand stands beside it, held to nothing.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
	type ClaimModule,
	type ClaimOptions,
	compare,
	type Row,
} from "./claim.ts";
import { OURS } from "./clouds/ours.ts";
import type { RosWindow } from "./clouds/ros-process.ts";
import type { CloudWindow } from "./clouds/window-process.ts";
import { BY_HAND, type Contender, PLAIN, POINT_COUNT } from "./clouds/work.ts";

const SWEEP_SECONDS = 0.5;
const execute = promisify(execFile);

export const clouds: ClaimModule = {
	name: "clouds",
	claim: `point clouds of ${POINT_COUNT} points decoded where they lie and written into pooled buffers, against messages of protobuf`,
	async run(options) {
		return [...(await race(options)), await ros(options)];
	},
};

async function race(options: ClaimOptions): Promise<Row[]> {
	const { rounds, seconds, attach } = options;
	const plain = await fastest(PLAIN, options, attach, "plain");
	const byHand = await fastest(BY_HAND, options, attach, "byHand");
	const contenders = [plain, OURS, byHand];
	const laps = new Map<Contender, CloudWindow[]>(
		contenders.map((one) => [one, []]),
	);
	for (let round = 0; round < rounds; round++)
		for (let i = 0; i < contenders.length; i++) {
			const one = contenders[(round + i) % contenders.length]!;
			laps.get(one)!.push(await measure(one, seconds, options));
		}
	const sideOf = (one: Contender, read: (window: CloudWindow) => number) => ({
		settings: one.settings,
		values: laps.get(one)!.map(read),
		cpuUs: laps.get(one)!.map((window) => window.cpuUsPerFrame),
	});
	const row = (
		claim: string,
		unit: string,
		key: keyof CloudWindow,
		target: Parameters<typeof compare>[3],
		baseline = plain,
	) =>
		compare(
			{ claim, unit },
			sideOf(baseline, (window) => window[key]),
			sideOf(OURS, (window) => window[key]),
			target,
		);
	return [
		row("frames on one core", "1/s", "framesPerSecond", {
			of: "ratio",
			atLeast: 4.2,
		}),
		row("pauses of the collector per frame", "µs", "gcPauseUsPerFrame", {
			of: "ratio",
			atMost: 0.0357,
		}),
		row(
			"allocations of 1 KB or more per frame",
			"",
			"largeAllocationsPerFrame",
			{ of: "ours", atMost: 0.3 },
		),
		row("allocated per frame", "bytes", "bytesPerFrame", null),
		row(
			"frames on one core, against points read by hand from bytes",
			"1/s",
			"framesPerSecond",
			null,
			byHand,
		),
	];
}

async function fastest(
	contenders: readonly Contender[],
	options: ClaimOptions,
	attach: ClaimOptions["attach"],
	table: string,
): Promise<Contender> {
	const tried: { readonly one: Contender; readonly window: CloudWindow }[] = [];
	for (const one of contenders)
		tried.push({ one, window: await measure(one, SWEEP_SECONDS, options) });
	attach(
		table,
		tried.map(({ one, window }) => ({ contender: one.name, ...window })),
	);
	return tried.reduce((best, next) =>
		next.window.framesPerSecond > best.window.framesPerSecond ? next : best,
	).one;
}

async function ros({ rounds, seconds, log }: ClaimOptions): Promise<Row> {
	const sides = { foxglove: [] as RosWindow[], ours: [] as RosWindow[] };
	for (let round = 0; round < rounds; round++)
		for (const name of round % 2 === 0
			? (["foxglove", "ours"] as const)
			: (["ours", "foxglove"] as const)) {
			const window = await inProcess<RosWindow>(
				"ros-process.ts",
				name,
				seconds,
			);
			sides[name].push(window);
			log(`  PointCloud2, ${name}: ${window.cloudsPerSecond.toFixed(0)}/s`);
		}
	const sideOf = (settings: string, windows: readonly RosWindow[]) => ({
		settings,
		values: windows.map((window) => window.cloudsPerSecond),
		cpuUs: windows.map((window) => window.cpuUsPerCloud),
	});
	return compare(
		{
			claim:
				"PointCloud2 of 120,000 points of 22 bytes to x, y, z, intensity with a range filter",
			unit: "1/s",
		},
		sideOf(
			"@foxglove/rosmsg2-serialization, then a DataView and a new Float32Array per cloud",
			sides.foxglove,
		),
		sideOf("decoded where it lies, one core", sides.ours),
		{ of: "ours", atLeast: 400 },
	);
}

async function measure(
	{ name }: Contender,
	seconds: number,
	{ log }: ClaimOptions,
): Promise<CloudWindow> {
	const window = await inProcess<CloudWindow>(
		"window-process.ts",
		name,
		seconds,
	);
	log(
		`  ${name}: ${window.framesPerSecond.toFixed(0)}/s, collector ${window.gcPauseUsPerFrame.toFixed(1)} µs, ${window.largeAllocationsPerFrame.toFixed(2)} allocations of 1 KB, ${(window.bytesPerFrame / 1024).toFixed(0)} KB a frame`,
	);
	return window;
}

/** Of its own, so that no contender's garbage or compiled code is another's. */
async function inProcess<Window>(
	script: string,
	name: string,
	seconds: number,
): Promise<Window> {
	const file = fileURLToPath(new URL(`clouds/${script}`, import.meta.url));
	const { stdout } = await execute(process.execPath, [
		...["-C", "source", file],
		JSON.stringify([name, 1000 * seconds]),
	]);
	return JSON.parse(stdout) as Window;
}
