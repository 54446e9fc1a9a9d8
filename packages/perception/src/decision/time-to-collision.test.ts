import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	createMovingBox,
	findContact,
	type MovingBox,
	timeToCollisionS,
} from "./time-to-collision.ts";

const box = (more: Partial<MovingBox>): MovingBox => ({
	...createMovingBox(),
	halfXM: 2,
	halfYM: 1,
	...more,
});

test("a car ahead is met when the gap is closed", () => {
	const ego = box({ velocityXMps: 15 });
	const lead = box({ xM: 34, velocityXMps: 5 });
	assert.equal(timeToCollisionS(ego, lead), 3);
	assert.equal(
		timeToCollisionS(ego, box({ xM: 34, velocityXMps: 15 })),
		Number.POSITIVE_INFINITY,
	);
	assert.equal(
		timeToCollisionS(ego, box({ xM: -34 })),
		Number.POSITIVE_INFINITY,
	);
	assert.equal(
		timeToCollisionS(ego, box({ xM: 34, yM: 2.5 })),
		Number.POSITIVE_INFINITY,
	);
});

test("a walker who crosses is met only if both are there at once", () => {
	const ego = box({ velocityXMps: 10 });
	const meets = box({ xM: 20, yM: 6, velocityYMps: -2 });
	assert.equal(timeToCollisionS(ego, meets), 2);
	const passesBefore = box({ xM: 20, yM: 3, velocityYMps: -6 });
	assert.equal(timeToCollisionS(ego, passesBefore), Number.POSITIVE_INFINITY);
});

test("boxes that touch now collide now, and a number that is none is no contact", () => {
	assert.equal(timeToCollisionS(box({}), box({ xM: 3 })), 0);
	for (const key of ["xM", "yM", "velocityXMps", "halfYM"] as const)
		assert.equal(
			timeToCollisionS(box({}), box({ velocityXMps: 1, [key]: Number.NaN })),
			Number.POSITIVE_INFINITY,
			key,
		);
});

// Eighths, so that a walk in steps of an eighth meets the edges exactly.
const number = (min: number, max: number) =>
	fc.integer({ min: 8 * min, max: 8 * max }).map((n) => n / 8);
const anyBox = fc.record({
	xM: number(-20, 20),
	yM: number(-20, 20),
	halfXM: number(0, 3),
	halfYM: number(0, 3),
	velocityXMps: number(-5, 5),
	velocityYMps: number(-5, 5),
});

test("walking along in small steps finds them apart before, and together during the contact", () => {
	const contact = { startS: 0, endS: 0 };
	fc.assert(
		fc.property(anyBox, anyBox, (a, b) => {
			findContact(a, b, contact);
			for (let t = 0; t <= 8; t += 1 / 64) {
				const dx = b.xM - a.xM + t * (b.velocityXMps - a.velocityXMps);
				const dy = b.yM - a.yM + t * (b.velocityYMps - a.velocityYMps);
				const slack = 1e-9;
				const isTogether =
					Math.abs(dx) <= a.halfXM + b.halfXM + slack &&
					Math.abs(dy) <= a.halfYM + b.halfYM + slack;
				if (t < contact.startS - slack || t > contact.endS + slack)
					assert.ok(!isNearlyInside(dx, dy, a, b), `apart at ${t} s`);
				else assert.ok(isTogether, `together at ${t} s`);
			}
			assert.equal(timeToCollisionS(b, a), contact.startS);
		}),
		{ seed: 171, numRuns: 500 },
	);
});

function isNearlyInside(dx: number, dy: number, a: MovingBox, b: MovingBox) {
	const slack = 1e-6;
	return (
		Math.abs(dx) <= a.halfXM + b.halfXM - slack &&
		Math.abs(dy) <= a.halfYM + b.halfYM - slack
	);
}
