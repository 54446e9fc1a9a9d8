import assert from "node:assert/strict";
import { test } from "node:test";
import { detectingDriver } from "../drivers/lidar-driver.ts";
import { createNoisyDetector } from "../drivers/noisy-detector.ts";
import { Random } from "../random.ts";
import type { SensorReadings } from "../sensors/readings.ts";
import { BLIND, truthful } from "./driver.ts";
import { type DriveOptions, runDrive } from "./run-drive.ts";

const seeing: DriveOptions["driver"] = (simulation) =>
	detectingDriver(createNoisyDetector(simulation, new Random(5, 300)));

test("a drive with sensors and errors is the same each time, to the last bit", async () => {
	const [first, second] = await Promise.all(
		[0, 1].map(() => runDrive({ seed: 5, driver: seeing, durationS: 8 })),
	);
	assert.deepEqual(first, second);
	assert.ok(first!.progressM > 5);
});

test("without perception most drives end in a collision, with the truth hardly one, with a noisy detector none of those", async () => {
	let blind = 0;
	let told = 0;
	for (let seed = 1; seed <= 12; seed++) {
		const truth = await runDrive({ seed, driver: truthful });
		if (truth.collision !== null) continue;
		told++;
		const unseeing = await runDrive({
			seed,
			driver: () => BLIND,
			judgeBrakes: false,
		});
		if (unseeing.collision !== null) {
			blind++;
			assert.ok(unseeing.drivenS < 20);
		}
		const seen = await runDrive({ seed, driver: seeing });
		assert.equal(seen.collision, null, `seed ${seed}`);
		assert.ok(
			seen.progressM > 0.6 * truth.progressM,
			`seed ${seed}: ${seen.progressM} m of ${truth.progressM} m`,
		);
	}
	assert.ok(told >= 9, `${told} of 12 drives that the truth masters`);
	assert.ok(blind >= told / 2, `${blind} blind collisions`);
});

test("sensors speak at their rates, with stamps in order", async () => {
	const stamps: Record<keyof SensorReadings, number[]> = {
		imu: [],
		speed: [],
		path: [],
		sweep: [],
		picture: [],
	};
	const hear =
		(name: keyof SensorReadings) => (reading: { stampUs: number }) => {
			stamps[name].push(reading.stampUs);
		};
	await runDrive({
		seed: 2,
		durationS: 2,
		judgeBrakes: false,
		driver: () => ({
			...BLIND,
			sensors: {
				imu: hear("imu"),
				speed: hear("speed"),
				path: hear("path"),
				sweep: hear("sweep"),
				picture: hear("picture"),
			},
		}),
	});
	const counts = Object.fromEntries(
		Object.entries(stamps).map(([name, list]) => [name, list.length]),
	);
	assert.deepEqual(counts, {
		imu: 400,
		speed: 100,
		path: 20,
		sweep: 20,
		picture: 60,
	});
	for (const [name, list] of Object.entries(stamps))
		for (let i = 1; i < list.length; i++)
			assert.ok(list[i]! > list[i - 1]!, `${name}: ${list[i]}`);
	assert.equal(stamps.sweep[0], 0);
	assert.equal(stamps.imu[0], 5000);
});

test("a decision is obeyed after its delay, not before", async () => {
	const speeds = new Map<number, number>();
	await runDrive({
		seed: 3,
		durationS: 1,
		delayS: 0.1,
		judgeBrakes: false,
		driver: () => ({
			sensors: null,
			decide: (timeS) =>
				timeS < 0.45
					? BLIND.decide(timeS)
					: { command: "brake", accelerationMps2: -8, targetSpeedMps: 0 },
		}),
		onDecision: ({ timeS, simulation }) =>
			speeds.set(Math.round(10 * timeS), simulation.vehicle.speedMps),
	});
	// Told to brake at 0.5 s: still as fast at 0.6 s, slower at 0.7 s.
	assert.ok(speeds.get(6)! >= speeds.get(5)!);
	assert.ok(speeds.get(7)! < speeds.get(6)! - 0.1);
});
