import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "../testing/uniform.ts";
import {
	createSweepMotion,
	deskewPoints,
	type SweepMotion,
	timesFromAzimuth,
} from "./deskew.ts";
import { createPoints, type Points } from "./points.ts";

type Vector = readonly [number, number, number];

const cross = (a: Vector, b: Vector): Vector => [
	a[1] * b[2] - a[2] * b[1],
	a[2] * b[0] - a[0] * b[2],
	a[0] * b[1] - a[1] * b[0],
];

/**
 * Where a standing point is seen after `seconds`, by small steps of the equation of motion: in the frame of a body
 * with turn rate w and velocity v, a standing point moves by -(w × p) - v.
 */
function seenLater(
	start: Vector,
	motion: SweepMotion,
	seconds: number,
): Vector {
	const w: Vector = [
		motion.angularXRadps,
		motion.angularYRadps,
		motion.angularZRadps,
	];
	const v: Vector = [
		motion.velocityXMps,
		motion.velocityYMps,
		motion.velocityZMps,
	];
	const rate = (p: Vector): Vector => {
		const c = cross(w, p);
		return [-c[0] - v[0], -c[1] - v[1], -c[2] - v[2]];
	};
	const along = (p: Vector, d: Vector, h: number): Vector => [
		p[0] + h * d[0],
		p[1] + h * d[1],
		p[2] + h * d[2],
	];
	const steps = 40;
	const h = seconds / steps;
	let p = start;
	for (let i = 0; i < steps; i++) {
		const k1 = rate(p);
		const k2 = rate(along(p, k1, h / 2));
		const k3 = rate(along(p, k2, h / 2));
		const k4 = rate(along(p, k3, h));
		p = along(p, k1, h / 6);
		p = along(p, k2, h / 3);
		p = along(p, k3, h / 3);
		p = along(p, k4, h / 6);
	}
	return p;
}

const rate = fc.oneof(uniform(-2, 2), fc.constant(0));
const anyMotion: fc.Arbitrary<SweepMotion> = fc.record({
	angularXRadps: rate,
	angularYRadps: rate,
	angularZRadps: rate,
	velocityXMps: uniform(-30, 30),
	velocityYMps: uniform(-3, 3),
	velocityZMps: uniform(-1, 1),
});

function pointsOf(rows: readonly Vector[], timesS: readonly number[]): Points {
	const points = createPoints(rows.length, { withTimes: true });
	points.count = rows.length;
	points.xyzi.set(rows.flatMap((row) => [...row, 7]));
	points.timesS?.set(timesS);
	return points;
}

test("a standing world is seen standing, whatever the motion and whenever the reference", () => {
	fc.assert(
		fc.property(
			anyMotion,
			uniform(-0.1, 0.1),
			fc.array(fc.tuple(uniform(-60, 60), uniform(-60, 60), uniform(-3, 9)), {
				maxLength: 10,
			}),
			fc.array(uniform(-0.2, 0.2), { minLength: 10, maxLength: 10 }),
			(motion, referenceS, world, times) => {
				const stamps = world.map((_, i) => Math.fround(times[i] ?? 0));
				const seen = world.map((point, i) =>
					seenLater(point, motion, (stamps[i] ?? 0) - referenceS),
				);
				const points = pointsOf(seen, stamps);
				const { xyzi } = points;
				deskewPoints(points, motion, referenceS);
				assert.equal(points.xyzi, xyzi);
				for (const [i, point] of world.entries()) {
					for (const [axis, value] of point.entries())
						assert.ok(
							Math.abs((xyzi[4 * i + axis] ?? Number.NaN) - value) < 1e-4,
							`${xyzi[4 * i + axis]} is not ${value}`,
						);
					assert.equal(xyzi[4 * i + 3], 7);
				}
			},
		),
		{ seed: 191, numRuns: 400 },
	);
});

test("without a motion nothing moves", () => {
	const points = pointsOf([[1, 2, 3]], [0.1]);
	deskewPoints(points, createSweepMotion());
	assert.deepEqual([...points.xyzi], [1, 2, 3, 7]);
});

test("points without times and a motion that is no number are refused", () => {
	assert.throws(
		() => deskewPoints(createPoints(1), createSweepMotion()),
		/without times/,
	);
	assert.throws(
		() => timesFromAzimuth(createPoints(1), { periodS: 0.1 }),
		/without times/,
	);
	const motion = { ...createSweepMotion(), angularZRadps: Number.NaN };
	assert.throws(() => deskewPoints(pointsOf([], []), motion), /NaN\) rad\/s/);
});

test("a turn takes its period, from where it begins and the way it goes", () => {
	const points = pointsOf(
		[
			[-1, 1e-9, 0],
			[0, 1, 0],
			[1, 0, 0],
			[0, -1, 0],
		],
		[9, 9, 9, 9],
	);
	const rounded = () =>
		Array.from(points.timesS ?? [], (t) => Number(t.toFixed(6)));
	timesFromAzimuth(points, { periodS: 0.1 });
	assert.deepEqual(rounded(), [0, 0.025, 0.05, 0.075]);
	timesFromAzimuth(points, { periodS: 0.2, startRad: 0, clockwise: false });
	assert.deepEqual(rounded(), [0.1, 0.05, 0, 0.15]);
});
