// A thread that is a street: it moves on with the clock, a little ahead, and tells what the sensors of the vehicle say.
// The truth stays here.
import { setTimeout as delay } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import {
	findCollision,
	obey,
	Random,
	SensorClock,
	type SensorSink,
	Simulation,
	type SpeedCommand,
} from "@saccade/drive";
import { packTimedPoints } from "@saccade/perception";
import { lowerThreadPriority } from "../common/lower-thread-priority.ts";
import type {
	FromStreet,
	StreetData,
	StreetReading,
	ToStreet,
} from "./street-messages.ts";
import { StreetTime } from "./street-time.ts";

const STEP_MS = 5;
const WARM_UP_MS = 1000;
/** The world is ahead of the clock by the lead: where cores are short, who perceives it comes first. */
const NICE = 10;

const { seed, durationS, leadMs, hasCamera, rate } = workerData as StreetData;
const simulation = new Simulation({ seed });
let command: SpeedCommand = {
	command: "keep",
	accelerationMps2: 0,
	targetSpeedMps: Number.POSITIVE_INFINITY,
};
let readings: StreetReading[] = [];
const started = Promise.withResolvers<bigint>();

parentPort?.on("message", (message: ToStreet) => {
	if (message.kind === "start") started.resolve(message.atNs);
	else
		command = {
			command: message.action as SpeedCommand["command"],
			accelerationMps2: message.accelerationMps2,
			targetSpeedMps: message.speedMps,
		};
});

const time = new StreetTime();
const dueUs = () => (simulation.stepCount * STEP_MS + time.pausedMs) * 1000;
const sensors: SensorSink = {
	imu: (imu) =>
		readings.push({
			kind: "imu",
			dueUs: dueUs(),
			angular: [imu.angularXRadps, imu.angularYRadps, imu.angularZRadps],
			linear: [
				imu.accelerationXMps2,
				imu.accelerationYMps2,
				imu.accelerationZMps2,
			],
		}),
	speed: ({ speedMps }) =>
		readings.push({ kind: "wheels", dueUs: dueUs(), speedMps }),
	path: ({ stepM, xM, yM, yawRad }) => {
		const points = new Float64Array(3 * xM.length);
		points.set(xM);
		points.set(yM, xM.length);
		points.set(yawRad, 2 * xM.length);
		readings.push({
			kind: "path",
			dueUs: dueUs(),
			stepM,
			points: new Uint8Array(points.buffer),
		});
	},
	sweep: ({ points }) => {
		readings.push({
			kind: "lidar",
			dueUs: dueUs(),
			points: packTimedPoints(points),
		});
	},
	...(hasCamera && {
		picture: ({ image }) => {
			readings.push({
				kind: "camera",
				dueUs: dueUs(),
				pixels: Uint8Array.from(image.data),
			});
		},
	}),
};

lowerThreadPriority(NICE);
await run();

async function run(): Promise<void> {
	const random = new Random(seed, 200);
	const clock = new SensorClock(simulation, sensors, random, { rate });
	const { vehicle, world } = simulation;
	await warmUp();
	tell({ kind: "ready" });
	const startNs = await started.promise;
	const stepCount = Math.round((durationS * 1000) / STEP_MS);
	for (let step = 1; step <= stepCount; step++) {
		const passedMs = Number(process.hrtime.bigint() - startNs) / 1e6;
		// At least a turn of the loop: commands come in between.
		await delay(time.untilDue(step * STEP_MS - leadMs, passedMs));
		simulation.step(obey(command, vehicle.speedMps, world.cruiseMps));
		await clock.tell();
		tell({ kind: "readings", readings });
		readings = [];
		const collision = findCollision(simulation);
		if (collision === null) continue;
		tell({ kind: "collision", with: collision.kind });
		break;
	}
	tell({ kind: "end", pausedMs: time.pausedMs });
	parentPort?.close();
}

/** Sensors that are drawn for the first time take ten times as long: that is the engine's affair, not the vehicle's. */
async function warmUp(): Promise<void> {
	const other = new Simulation({ seed: seed + 1 });
	const nobody: SensorSink = {
		imu: () => {},
		speed: () => {},
		path: () => {},
		sweep: () => {},
		picture: () => {},
	};
	const clock = new SensorClock(other, nobody, new Random(seed, 200));
	while (other.stepCount * STEP_MS < WARM_UP_MS) {
		other.step(0);
		await clock.tell();
	}
}

function tell(message: FromStreet): void {
	const owned =
		message.kind === "readings" ? message.readings.flatMap(bytesOf) : [];
	parentPort?.postMessage(
		message,
		owned.map(({ buffer }) => buffer),
	);
}

function bytesOf(reading: StreetReading): Uint8Array<ArrayBuffer>[] {
	switch (reading.kind) {
		case "path":
		case "lidar":
			return [reading.points as Uint8Array<ArrayBuffer>];
		case "camera":
			return [reading.pixels as Uint8Array<ArrayBuffer>];
		default:
			return [];
	}
}
