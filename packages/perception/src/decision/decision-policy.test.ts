import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "../testing/uniform.ts";
import {
	createTracks,
	TRACK_CONFIRMED,
	type Tracks,
} from "../tracking/tracks.ts";
import { createDriveDecision, type DriveDecision } from "./decision.ts";
import { DecisionPolicy } from "./decision-policy.ts";
import { createPlannedPath, type EgoState, toPathFrame } from "./path-frame.ts";
import { createMovingBox } from "./time-to-collision.ts";

const VEHICLE = { frontM: 3.5, rearM: 1, widthM: 1.8 };

interface Thing {
	readonly x: number;
	readonly y: number;
	readonly vx?: number;
	readonly vy?: number;
	readonly yaw?: number;
	readonly length?: number;
	readonly width?: number;
	/** Deviation of the velocity. */
	readonly doubt?: number;
}

function tracksOf(...things: readonly Thing[]): Tracks {
	const tracks = createTracks(things.length + 1);
	tracks.count = things.length;
	for (const [i, thing] of things.entries()) {
		tracks.ids[i] = i + 1;
		tracks.stages[i] = TRACK_CONFIRMED;
		tracks.xM[i] = thing.x;
		tracks.yM[i] = thing.y;
		tracks.velocityXMps[i] = thing.vx ?? 0;
		tracks.velocityYMps[i] = thing.vy ?? 0;
		tracks.yawRad[i] = thing.yaw ?? 0;
		tracks.lengthM[i] = thing.length ?? 4;
		tracks.widthM[i] = thing.width ?? 1.8;
		tracks.velocityVariance[i] = (thing.doubt ?? 0) ** 2;
	}
	return tracks;
}

const egoAt = (speedMps: number, more: Partial<EgoState> = {}): EgoState => ({
	timeS: 100,
	xM: 0,
	yM: 0,
	yawRad: 0,
	speedMps,
	curvaturePerM: 0,
	...more,
});

function decide(
	ego: EgoState,
	tracks: Tracks,
	decision: DriveDecision = createDriveDecision(),
	tracksTimeS = ego.timeS,
): DriveDecision {
	new DecisionPolicy({ vehicle: VEHICLE }).decide(
		ego,
		tracks,
		tracksTimeS,
		decision,
	);
	return decision;
}

test("each command has its situation and its reason, with the numbers", () => {
	// A bumper at 2 m ahead of the centre: the gap is x − 2 − 3.5.
	const cases: [number, Thing, string, string][] = [
		[15, { x: 200, y: 0 }, "keep", "clear"],
		[15, { x: 30, y: 4 }, "keep", "clear"],
		[15, { x: -12, y: 0, vx: 25 }, "keep", "clear"],
		[15, { x: 40, y: 0, vx: 16 }, "keep", "clear"],
		[15, { x: 20, y: 0, vx: 16 }, "keep", "following"],
		[15, { x: 75.5, y: 0 }, "slow", "closing"],
		[15, { x: 15.5, y: 0, vx: 15 }, "slow", "too-near"],
		[15, { x: 30, y: 0 }, "brake", "closing"],
		[10, { x: 20, y: 4, vy: -2, length: 0.6, width: 0.6 }, "brake", "crossing"],
		[10, { x: 25, y: 4, vy: 2, length: 0.6, width: 0.6 }, "keep", "clear"],
		[0, { x: 3, y: 0 }, "brake", "touching"],
		[5, { x: 2, y: 2, vx: 5 }, "keep", "clear"],
	];
	for (const [speed, thing, command, reason] of cases) {
		const decision = decide(egoAt(speed), tracksOf(thing));
		const actual = [decision.command, decision.reason];
		assert.deepEqual(actual, [command, reason], JSON.stringify(thing));
	}
	const decision = decide(
		egoAt(15),
		tracksOf({ x: 75.5, y: 9 }, { x: 65.5, y: 0, vx: 1 }),
	);
	assert.equal(decision.trackId, 2);
	assert.equal(decision.gapM, 60);
	assert.equal(decision.timeToCollisionS, 60 / 14);
	assert.equal(decision.targetSpeedMps, 1);
	assert.equal(decision.requiredMps2, 14 ** 2 / (2 * (58 - 14 * 0.2)));
	assert.equal(decision.accelerationMps2, -decision.requiredMps2);
});

test("a track that is not confirmed is no reason", () => {
	const tracks = tracksOf({ x: 20, y: 0 });
	tracks.stages[0] = 0;
	assert.equal(decide(egoAt(15), tracks).command, "keep");
});

test("old tracks degrade, older ones and none at all stop the vehicle", () => {
	const clear = tracksOf();
	const decision = createDriveDecision();
	decide(egoAt(15), clear, decision, 99.75);
	assert.equal(decision.command, "keep");
	decide(egoAt(15), clear, decision, 99.6);
	assert.deepEqual(
		[decision.command, decision.reason, decision.targetSpeedMps],
		["degrade", "stale-perception", 3],
	);
	assert.equal(decision.accelerationMps2, -1.5);
	decide(egoAt(2), clear, decision, 99.6);
	assert.equal(decision.accelerationMps2, 0);
	for (const tracksTimeS of [98.9, Number.NEGATIVE_INFINITY]) {
		decide(egoAt(15), clear, decision, tracksTimeS);
		assert.deepEqual(
			[decision.command, decision.reason, decision.accelerationMps2],
			["brake", "stale-perception", -3],
		);
	}
	decide(egoAt(15), clear, decision);
	assert.deepEqual([decision.command, decision.reason], ["brake", "holding"]);
});

test("old tracks do not soften a brake, and are moved on to now", () => {
	const tracks = tracksOf({ x: 36, y: 0, vx: -15 });
	const decision = decide(egoAt(10), tracks, createDriveDecision(), 99.6);
	assert.equal(decision.command, "brake");
	assert.ok(Math.abs(decision.gapM - (36 - 6 - 5.5)) < 1e-9);
});

test("a state that is no number stops the vehicle", () => {
	for (const key of [
		"timeS",
		"xM",
		"yM",
		"yawRad",
		"speedMps",
		"curvaturePerM",
	] as const) {
		const ego = egoAt(15, { [key]: Number.NaN });
		const decision = decide(ego, tracksOf(), createDriveDecision(), 100);
		assert.deepEqual(
			[decision.command, decision.reason],
			["brake", "invalid-state"],
			key,
		);
	}
});

test("one missed detection does not release the brakes, three tenths of a second without do", () => {
	const decision = createDriveDecision();
	const commands = [0, 0.1, 0.2, 0.25, 0.31].map((t) => {
		const tracks = t === 0 ? tracksOf({ x: 25, y: 0 }) : tracksOf();
		return decide(egoAt(15, { timeS: 100 + t }), tracks, decision).command;
	});
	assert.deepEqual(commands, ["brake", "brake", "brake", "brake", "keep"]);
});

test("in a bend it is the bend that counts, not the line ahead", () => {
	const bend = egoAt(10, { curvaturePerM: 1 / 60 });
	// 25 m along a left bend of 60 m radius.
	const angle = 25 / 60;
	const onPath = {
		x: 60 * Math.sin(angle),
		y: 60 - 60 * Math.cos(angle),
		yaw: angle,
	};
	const decision = decide(bend, tracksOf(onPath));
	assert.equal(decision.command, "brake");
	assert.ok(Math.abs(decision.gapM - (25 - 5.5)) < 1e-6);
	assert.equal(decide(bend, tracksOf({ x: 25, y: 0 })).command, "keep");
	assert.equal(decide(egoAt(10), tracksOf(onPath)).command, "keep");
});

const thing = fc.record({
	x: uniform(-20, 60),
	y: uniform(-15, 15),
	vx: uniform(-15, 15),
	vy: uniform(-5, 5),
	yaw: uniform(-3.2, 3.2),
	length: uniform(0.5, 6),
	width: uniform(0.4, 2.5),
});
const HARDNESS = { keep: 0, slow: 1, degrade: 2, brake: 3 };

test("the world may be mirrored, turned and moved: the decision is the same", () => {
	fc.assert(
		fc.property(
			fc.array(thing, { maxLength: 5 }),
			uniform(0, 20),
			fc.integer({ min: -20, max: 20 }).map((n) => n / 1000),
			thing,
			(things, speed, curvaturePerM, motion) => {
				const ego = egoAt(speed, { curvaturePerM });
				const straight = decide(ego, tracksOf(...things));
				const mirrored = decide(
					egoAt(speed, { curvaturePerM: -curvaturePerM }),
					tracksOf(
						...things.map((one) => ({
							...one,
							y: -one.y,
							vy: -one.vy,
							yaw: -one.yaw,
						})),
					),
				);
				const { x: xM, y: yM, yaw: yawRad } = motion;
				const cos = Math.cos(yawRad);
				const sin = Math.sin(yawRad);
				const moved = decide(
					{ ...ego, xM, yM, yawRad },
					tracksOf(
						...things.map((one) => ({
							...one,
							x: xM + cos * one.x - sin * one.y,
							y: yM + sin * one.x + cos * one.y,
							vx: cos * one.vx - sin * one.vy,
							vy: sin * one.vx + cos * one.vy,
							yaw: one.yaw + yawRad,
						})),
					),
				);
				// Exact, because only signs changed.
				assert.deepEqual(mirrored, straight);
				// Rounding decides about what lies on an edge; then a hair of width decides too.
				const wider = decide(ego, tracksOf(...things.map(widened)));
				fc.pre(Math.abs(wider.requiredMps2 - straight.requiredMps2) < 1e-3);
				assert.equal(moved.command, straight.command);
				assert.equal(moved.trackId, straight.trackId);
				assert.ok(Math.abs(moved.requiredMps2 - straight.requiredMps2) < 1e-6);
			},
		),
		{ seed: 181, numRuns: 400 },
	);
});

const widened = (one: Thing): Thing => ({
	...one,
	length: (one.length ?? 4) + 1e-6,
	width: (one.width ?? 1.8) + 1e-6,
});

test("one more object never makes the decision milder", () => {
	fc.assert(
		fc.property(
			fc.array(thing, { maxLength: 4 }),
			thing,
			uniform(0, 20),
			(things, more, speed) => {
				const without = decide(egoAt(speed), tracksOf(...things));
				const withIt = decide(egoAt(speed), tracksOf(...things, more));
				assert.ok(withIt.requiredMps2 >= without.requiredMps2);
				assert.ok(HARDNESS[withIt.command] >= HARDNESS[without.command]);
				assert.ok(withIt.accelerationMps2 <= without.accelerationMps2);
			},
		),
		{ seed: 182, numRuns: 400 },
	);
});

interface Drive {
	readonly hits: number;
	readonly hardestMps2: number;
	readonly endSpeedMps: number;
}

/** The vehicle obeys a tenth of a second late; the object goes on as it goes. */
function drive(start: Thing, cruiseMps: number, seconds: number): Drive {
	const policy = new DecisionPolicy({ vehicle: VEHICLE });
	const decision = createDriveDecision();
	const halfLength = (start.length ?? 4) / 2;
	const reach = (start.width ?? 1.8) / 2 + VEHICLE.widthM / 2;
	let x = 0;
	let speedMps = cruiseMps;
	let hits = 0;
	let hardestMps2 = 0;
	let obeyedMps2 = 0;
	for (let step = 0; step < 10 * seconds; step++) {
		const t = step / 10;
		const thingX = start.x + (start.vx ?? 0) * t;
		const thingY = start.y + (start.vy ?? 0) * t;
		const tracks = tracksOf({ ...start, x: thingX, y: thingY });
		policy.decide(egoAt(speedMps, { timeS: t, xM: x }), tracks, t, decision);
		hardestMps2 = Math.max(hardestMps2, -decision.accelerationMps2);
		const wishedMps = Math.min(cruiseMps, decision.targetSpeedMps);
		const towards = Math.max(-1.5, Math.min(1.5, 2 * (wishedMps - speedMps)));
		const isObeying = decision.command !== "keep" && speedMps > wishedMps;
		const nextMps2 = isObeying ? decision.accelerationMps2 : towards;
		x += speedMps / 10;
		speedMps = Math.max(0, speedMps + obeyedMps2 / 10);
		obeyedMps2 = nextMps2;
		const nowX = thingX + (start.vx ?? 0) / 10;
		const nowY = thingY + (start.vy ?? 0) / 10;
		const gap = nowX - halfLength - (x + VEHICLE.frontM);
		const isInFront = gap < 0 && gap > -speedMps / 10 - 0.1;
		if (isInFront && Math.abs(nowY) < reach && speedMps > 0.2) hits++;
	}
	return { hits, hardestMps2, endSpeedMps: speedMps };
}

test("in closed loop nothing that is seen in time is hit: standing, slower, crossing", () => {
	fc.assert(
		fc.property(
			uniform(3, 15),
			uniform(0, 1),
			fc.oneof(
				fc.record({ vx: uniform(0, 8), y: uniform(-1, 1) }),
				fc
					.record({ walk: uniform(0.8, 2), side: fc.constantFrom(-1, 1) })
					.map(({ walk, side }) => ({
						vy: -side * walk,
						y: side * 8,
						length: 0.6,
						width: 0.6,
					})),
			),
			(speed, far, object) => {
				// From where 4 m/s² would do, to 50 m farther.
				const stopM = speed ** 2 / 8 + speed * 0.3 + 2;
				const result = drive(
					{ ...object, x: 5.5 + stopM + 50 * far },
					speed,
					20,
				);
				assert.equal(result.hits, 0);
			},
		),
		{ seed: 183, numRuns: 400 },
	);
});

test("a lead vehicle that is seen from far is followed without a hard brake", () => {
	fc.assert(
		fc.property(uniform(5, 15), uniform(0, 0.9), (speed, share) => {
			const vx = speed * share;
			const result = drive(
				{ x: 110, y: 0, vx },
				speed,
				104 / (speed - vx) + 20,
			);
			assert.equal(result.hits, 0);
			assert.ok(result.hardestMps2 < 3, `${result.hardestMps2} m/s²`);
			assert.ok(
				Math.abs(result.endSpeedMps - vx) < 0.5,
				`${result.endSpeedMps}`,
			);
		}),
		{ seed: 184, numRuns: 100 },
	);
});

test("who seems to step into the way is believed by as much as the velocity is known", () => {
	const walker = { x: 20, y: 4, vy: -2, length: 0.6, width: 0.6 };
	const reasonAt = (doubt: number) =>
		decide(egoAt(10), tracksOf({ ...walker, doubt })).reason;
	assert.equal(reasonAt(0.3), "crossing");
	assert.equal(reasonAt(2), "clear");
	// Who is in the way already is in the way, however he moves.
	const inside = { ...walker, y: 0.5, doubt: 3 };
	assert.equal(decide(egoAt(10), tracksOf(inside)).reason, "closing");
});

test("a planned path counts before the bend of the moment", () => {
	// Straight for 15 m, then a left bend of 30 m radius; the wheels are still straight.
	const path = createPlannedPath(60);
	path.count = 60;
	path.stepM = 1;
	for (let i = 0; i < 60; i++) {
		const angle = Math.max(0, i - 20) / 30;
		path.xM[i] = Math.min(i - 5, 15) + 30 * Math.sin(angle);
		path.yM[i] = 30 * (1 - Math.cos(angle));
		path.yawRad[i] = angle;
	}
	const angle = 0.5;
	const onPath = {
		x: 15 + 30 * Math.sin(angle),
		y: 30 * (1 - Math.cos(angle)),
		yaw: angle,
	};
	const planned = decide(egoAt(10, { path }), tracksOf(onPath));
	assert.deepEqual([planned.command, planned.reason], ["slow", "closing"]);
	// Bumper to bumper: 30 m along the path, less half a car and the vehicle's front.
	assert.ok(Math.abs(planned.gapM - (30 - 5.5)) < 0.1, `${planned.gapM}`);
	assert.equal(decide(egoAt(10), tracksOf(onPath)).command, "keep");
	const ahead = { x: 30, y: 0 };
	assert.equal(decide(egoAt(10, { path }), tracksOf(ahead)).command, "keep");
	assert.equal(decide(egoAt(10), tracksOf(ahead)).command, "slow");
	const none = createPlannedPath(4);
	assert.equal(
		decide(egoAt(10, { path: none }), tracksOf(ahead)).command,
		"slow",
	);
});

test("in the frame of a planned path, who follows the road moves along it and not across", () => {
	const path = createPlannedPath(40);
	path.count = 40;
	path.stepM = 1;
	for (let i = 0; i < 40; i++) {
		const angle = i / 40;
		path.xM[i] = 40 * Math.sin(angle);
		path.yM[i] = 40 * (1 - Math.cos(angle));
		path.yawRad[i] = angle;
	}
	// 3.5 m to the left of the path, against the vehicle.
	const angle = 0.6;
	const oncoming = {
		x: 36.5 * Math.sin(angle),
		y: 40 - 36.5 * Math.cos(angle),
		vx: -8 * Math.cos(angle),
		vy: -8 * Math.sin(angle),
		yaw: angle + Math.PI,
	};
	const box = createMovingBox();
	toPathFrame(tracksOf(oncoming), 0, egoAt(10, { path }), 0, box);
	const expected = {
		xM: 24,
		yM: 3.5,
		velocityXMps: -8,
		velocityYMps: 0,
		halfXM: 2,
		halfYM: 0.9,
	};
	for (const [key, value] of Object.entries(expected)) {
		const actual = box[key as keyof typeof expected];
		assert.ok(Math.abs(actual - value) < 0.02, `${key}: ${actual}`);
	}
});

test("who comes at the vehicle's side is stopped for in time, who passes beside it is not", () => {
	const beside = { x: 2, y: 2.6, length: 0.6, width: 0.6 };
	const coming = decide(egoAt(4), tracksOf({ ...beside, vy: -1.6 }));
	assert.deepEqual(
		[coming.command, coming.reason, coming.targetSpeedMps],
		["brake", "crossing", 0],
	);
	for (const harmless of [
		{ ...beside, vy: 1.6 },
		{ ...beside, vx: 4 },
		{ ...beside, vy: -0.4 },
		{ ...beside, vy: -1.6, doubt: 2 },
	])
		assert.equal(
			decide(egoAt(4), tracksOf(harmless)).command,
			"keep",
			JSON.stringify(harmless),
		);
});

test("one who would come too late by a careful guess, and in time by the estimate, is braked for", () => {
	// By 1.2 m/s he is in the way when the vehicle is there, by 0.9 m/s it has passed before.
	const walker = { x: 11, y: 3.6, vy: -1.2, length: 0.6, width: 0.6 };
	const slower = { ...walker, vy: -0.9 };
	assert.equal(decide(egoAt(6), tracksOf(slower)).command, "keep");
	assert.equal(
		decide(egoAt(6), tracksOf({ ...walker, doubt: 0.3 })).reason,
		"crossing",
	);
});

test("the faster one comes, the less the direction is believed that it seems to take", () => {
	// Oncoming in its own lane, and seen to drift into ours: 2.2 s away, 1.4 m/s across.
	const oncoming = { x: 43, y: 3.5, vx: -9, vy: -1.4, doubt: 0.5 };
	assert.equal(decide(egoAt(10), tracksOf(oncoming)).command, "keep");
	const policy = new DecisionPolicy({
		vehicle: VEHICLE,
		courseDeviationRad: 0,
	});
	const trusting = createDriveDecision();
	policy.decide(egoAt(10), tracksOf(oncoming), 100, trusting);
	assert.deepEqual([trusting.command, trusting.reason], ["brake", "crossing"]);
	// Who really turns into the way is braked for, however fast.
	const turning = { ...oncoming, vx: -7, vy: -2.5 };
	assert.equal(decide(egoAt(10), tracksOf(turning)).command, "brake");
	// A walker's direction is as good as his velocity.
	const size = { length: 0.6, width: 0.6 };
	const walker = { x: 22, y: 4, vx: 0, vy: -1.7, doubt: 0.3, ...size };
	assert.equal(decide(egoAt(10), tracksOf(walker)).command, "brake");
});

test("who stands holds the brakes without a jolt, and who rolls stops within a step of it", () => {
	const oncoming = { x: 17, y: 1, vx: -8 };
	const standing = decide(egoAt(0), tracksOf(oncoming));
	assert.deepEqual([standing.command, standing.targetSpeedMps], ["brake", 0]);
	assert.ok(Math.abs(standing.accelerationMps2) < 1e-9);
	const rolling = createDriveDecision();
	for (const timeS of [100, 100.1, 100.2])
		decide(egoAt(1, { timeS }), tracksOf(oncoming), rolling);
	assert.ok(Math.abs(rolling.accelerationMps2 + 1 / 0.3) < 1e-9);
	assert.equal(decide(egoAt(8), tracksOf(oncoming)).accelerationMps2, -8);
});

test("what is seen for the first time is braked for gently, and hard when it is still there 0.2 s later", () => {
	const standing = tracksOf({ x: 25, y: 0 });
	const decision = createDriveDecision();
	const at = (timeS: number) => {
		decide(egoAt(12, { timeS }), standing, decision);
		assert.equal(decision.command, "brake");
		return decision.accelerationMps2;
	};
	assert.equal(at(100), -3);
	assert.ok(decision.requiredMps2 > 4 && decision.requiredNextMps2 < 8);
	assert.equal(at(100.1), -3);
	assert.equal(at(100.2), -1.2 * decision.requiredMps2);
	// What grows is not new, and what has doubled is.
	const after = (requiredMps2: number) => {
		Object.assign(decision, { requiredMps2, pressingSinceS: 90 });
		return at(101);
	};
	assert.ok(after(2.5) < -4);
	assert.equal(after(1), -3);
});

test("what cannot be avoided any more with the next decision is braked for at once", () => {
	const near = decide(egoAt(12), tracksOf({ x: 19, y: 0 }));
	assert.ok(near.requiredMps2 < 8 && near.requiredNextMps2 === 8);
	assert.equal(near.accelerationMps2, -8);
	const beside = { x: 2, y: 4, vx: 3, vy: -4, length: 2, width: 0.6 };
	assert.equal(decide(egoAt(3), tracksOf(beside)).accelerationMps2, -8);
	assert.equal(
		decide(egoAt(10), tracksOf({ x: 3, y: 0 })).accelerationMps2,
		-8,
	);
});

test("who will come at the side is not braked for as if he were ahead", () => {
	// 0.3 m ahead of the bumper, and 2 s from the way: the vehicle is beside him by then.
	const walker = { x: 4.1, y: 3.5, vy: -1, length: 0.6, width: 0.6 };
	const decision = decide(egoAt(2.2), tracksOf(walker));
	assert.equal(decision.reason, "crossing");
	assert.ok(decision.requiredMps2 < 2, `${decision.requiredMps2} m/s²`);
	assert.equal(decision.command, "slow");
});

test("one ahead may be slower than it seems: what brakes is seen to do so late", () => {
	const lead = { x: 14, y: 0, vx: 5 };
	const known = decide(egoAt(9), tracksOf(lead));
	const lagging = decide(egoAt(9), tracksOf({ ...lead, doubt: 0.6 }));
	const left = 14 - 5.5 - 2;
	const required = (closing: number) =>
		closing ** 2 / (2 * (left - 0.2 * closing));
	assert.ok(Math.abs(known.requiredMps2 - required(4)) < 1e-9);
	assert.ok(Math.abs(lagging.requiredMps2 - required(4.6)) < 1e-9);
	const fresh = decide(egoAt(9), tracksOf({ ...lead, doubt: 2 }));
	assert.ok(Math.abs(fresh.requiredMps2 - required(4)) < 1e-9);
});
