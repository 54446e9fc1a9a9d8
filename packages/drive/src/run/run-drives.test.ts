import assert from "node:assert/strict";
import { test } from "node:test";
import { BLIND, truthful } from "./driver.ts";
import { driveSeeds, runDrives } from "./run-drives.ts";

test("seeds of drives are all different, follow from one seed, and stay below those of training", () => {
	const seeds = driveSeeds(1, 500);
	assert.equal(new Set(seeds).size, 500);
	assert.deepEqual(driveSeeds(1, 500), seeds);
	assert.notDeepEqual(driveSeeds(2, 500), seeds);
	assert.ok(seeds.every((seed) => seed >= 0 && seed < 1_000_000));
});

test("judged beside the truth, the truth itself is faultless and the blind driver is not", async () => {
	const options = { seed: 3, driveCount: 8 };
	const truth = await runDrives({ ...options, driver: truthful });
	assert.deepEqual(
		[truth.drives, truth.collisions, truth.falseBrakes, truth.progress],
		[8, 0, 0, 1],
	);
	let told = 0;
	const blind = await runDrives({
		...options,
		driver: () => BLIND,
		onDrive: ({ seen }) => {
			if (seen !== null) told++;
		},
	});
	assert.equal(blind.leftOut, truth.leftOut);
	assert.equal(told, 8 - blind.leftOut);
	assert.equal(blind.collisions, blind.collisionsWithoutPerception);
	assert.ok(blind.collisions >= told / 2);
	assert.equal(blind.collisionSeeds.length, blind.collisions);
});
