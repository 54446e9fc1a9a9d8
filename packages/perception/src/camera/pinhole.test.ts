import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "../testing/uniform.ts";
import { type Pinhole, projectBox, type StandingBox } from "./pinhole.ts";

/** Level, looking ahead, 1.5 m above the ground and 1.7 m ahead of the rear axle. */
const CAMERA: Pinhole = {
	widthPx: 320,
	heightPx: 192,
	focalXPx: 210,
	focalYPx: 200,
	centreXPx: 160,
	centreYPx: 78,
	mount: [0, 0, 1, 1.7, -1, 0, 0, 0, 0, -1, 0, 1.5],
};
const WALL: StandingBox = {
	...{ xM: 21.7, yM: 0, yawRad: 0 },
	...{ lengthM: 0, widthM: 2, heightM: 1.5 },
};

function seen(box: Partial<StandingBox>, camera = CAMERA): number[] | null {
	const into = new Float32Array(4);
	return projectBox(camera, { ...WALL, ...box }, into, 0) ? [...into] : null;
}

function assertNear(actual: readonly number[] | null, expected: number[]) {
	assert.ok(actual !== null);
	for (const [i, value] of expected.entries())
		assert.ok(Math.abs((actual[i] ?? 0) - value) < 1e-3, `${actual}`);
}

test("a wall 20 m ahead of the camera is seen by the rule of three, its top at the horizon", () => {
	assertNear(seen({}), [160 - 10.5, 78, 160 + 10.5, 78 + 15]);
});

test("what stands to the left is seen to the left", () => {
	assertNear(seen({ yM: 4 }), [160 - 52.5, 78, 160 - 31.5, 93]);
});

test("what reaches beyond the picture is seen as far as the picture goes", () => {
	const box = seen({ xM: 5, yM: 3, heightM: 4 });
	assert.ok(box !== null);
	assert.deepEqual([box[0], box[1]], [0, 0]);
});

test("what is behind the camera, beside the picture or nowhere is not seen", () => {
	assert.equal(seen({ xM: -20 }), null);
	// One end of it is beside the camera.
	assert.equal(seen({ xM: 3, lengthM: 6 }), null);
	assert.equal(seen({ yM: 40 }), null);
	assert.equal(seen({ xM: Number.NaN }), null);
});

test("however the camera is mounted, a box is seen where its corners are", () => {
	fc.assert(
		fc.property(
			uniform(5, 60),
			uniform(-10, 10),
			uniform(-4, 4),
			uniform(-0.5, 0.5),
			(xM, yM, yawRad, panRad) => {
				// Turned to the left by `panRad` about the vehicle's origin: what is turned with it looks the same.
				const c = Math.cos(panRad);
				const s = Math.sin(panRad);
				const m = CAMERA.mount;
				const turned = [0, 1, 2, 3].flatMap((column) => [
					c * m[column]! - s * m[4 + column]!,
					s * m[column]! + c * m[4 + column]!,
				]);
				const mount = [
					...[turned[0]!, turned[2]!, turned[4]!, turned[6]!],
					...[turned[1]!, turned[3]!, turned[5]!, turned[7]!],
					...[m[8]!, m[9]!, m[10]!, m[11]!],
				];
				const box = { xM, yM, yawRad, lengthM: 4, widthM: 2 };
				const turnedBox = {
					...box,
					xM: c * xM - s * yM,
					yM: s * xM + c * yM,
					yawRad: yawRad + panRad,
				};
				const straight = seen(box);
				const panned = seen(turnedBox, { ...CAMERA, mount });
				assert.equal(panned === null, straight === null);
				if (straight !== null) assertNear(panned, straight);
			},
		),
	);
});
