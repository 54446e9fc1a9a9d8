import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	createRotatedDetections,
	type RotatedDetections,
} from "../boxes/rotated-detections.ts";
import { uniform } from "../testing/uniform.ts";
import { Tracker, type TrackerOptions } from "./tracker.ts";
import { createTracks, TRACK_CONFIRMED, TRACK_TENTATIVE } from "./tracks.ts";

interface Seen {
	readonly x: number;
	readonly y: number;
	readonly yaw?: number;
	readonly classId?: number;
	readonly score?: number;
}

function frame(...objects: readonly Seen[]): RotatedDetections {
	const detections = createRotatedDetections(objects.length);
	detections.count = objects.length;
	for (const [i, { x, y, yaw, classId, score }] of objects.entries()) {
		detections.rotatedBoxes.set([x, y, 4, 2, yaw ?? 0], 5 * i);
		detections.scores[i] = score ?? 0.9;
		detections.classIds[i] = classId ?? 0;
	}
	return detections;
}

function trackerOf(options: TrackerOptions = {}, capacity = 16) {
	const tracks = createTracks(capacity);
	return { tracks, tracker: new Tracker(tracks, options) };
}

test("an object is confirmed at the third frame, keeps its id and shows its velocity", () => {
	const { tracks, tracker } = trackerOf();
	const stages: unknown[] = [];
	for (let i = 0; i <= 20; i++) {
		tracker.update(frame({ x: 10 + i, y: 5 - i / 2 }), 7 + i / 10);
		stages.push(tracks.stages[0]);
	}
	assert.deepEqual(stages.slice(0, 3), [
		TRACK_TENTATIVE,
		TRACK_TENTATIVE,
		TRACK_CONFIRMED,
	]);
	assert.deepEqual([tracks.count, tracks.ids[0]], [1, 1]);
	assert.ok(Math.abs((tracks.velocityXMps[0] ?? 0) - 10) < 0.1);
	assert.ok(Math.abs((tracks.velocityYMps[0] ?? 0) + 5) < 0.1);
});

test("a tentative track dies with the first frame without it, a confirmed one after its time", () => {
	const { tracks, tracker } = trackerOf({
		maxUnseenS: 0.35,
		matureHitCount: 1,
	});
	const counts: number[] = [];
	const step = (timeS: number, ...seen: Seen[]) => {
		tracker.update(frame(...seen), timeS);
		counts.push(tracks.count);
	};
	step(0, { x: 0, y: 0 });
	step(0.1);
	for (const timeS of [0.2, 0.3, 0.4]) step(timeS, { x: 0, y: 0 });
	for (const timeS of [0.5, 0.6, 0.7, 0.8]) step(timeS);
	assert.deepEqual(counts, [1, 0, 1, 1, 1, 1, 1, 1, 0]);
});

test("a track that was seen seldom lives unseen for less: what is not there is mostly seen once", () => {
	const livesUnseenFor = (hits: number) => {
		const { tracks, tracker } = trackerOf({ confirmHitCount: 1 });
		let frames = 0;
		for (let i = 0; i < hits; i++)
			tracker.update(frame({ x: 0, y: 0 }), i / 10);
		for (; tracks.count > 0; frames++)
			tracker.update(frame(), (hits + frames) / 10);
		return frames - 1;
	};
	assert.deepEqual([1, 3, 6, 12].map(livesUnseenFor), [1, 3, 6, 6]);
});

test("a frame from the past changes nothing, and one at the same time is taken in", () => {
	const { tracks, tracker } = trackerOf();
	assert.equal(tracker.update(frame({ x: 0, y: 0 }), 5), "updated");
	assert.equal(tracker.update(frame({ x: 0, y: 0 }), 5), "updated");
	const before = structuredClone(tracks);
	assert.equal(tracker.update(frame({ x: 9, y: 9 }), 4.9), "late");
	assert.deepEqual(tracks, before);
	assert.equal(tracks.hitCounts[0], 2);
});

test("an object that was hidden is the same one when it returns where it should", () => {
	const { tracks, tracker } = trackerOf();
	for (let i = 0; i < 20; i++) {
		const isHidden = i >= 10 && i < 14;
		const seen = isHidden ? [] : [{ x: i, y: 0 }];
		tracker.update(frame(...seen), i / 10);
	}
	assert.deepEqual([tracks.count, tracks.ids[0]], [1, 1]);
});

test("a newcomer beside a confirmed track does not take its detection", () => {
	const { tracks, tracker } = trackerOf();
	for (let i = 0; i < 5; i++) tracker.update(frame({ x: i, y: 0 }), i / 10);
	tracker.update(frame({ x: 5, y: 0 }, { x: 5.9, y: 1 }), 0.5);
	// The newcomer is gone; what is left is a little nearer to it than to the old one.
	tracker.update(frame({ x: 6.2, y: 0.6 }), 0.6);
	assert.deepEqual([...tracks.ids.subarray(0, tracks.count)], [1]);
	assert.equal(tracks.lastSeenS[0], 0.6);
});

test("the way that an object faces is the way that it moves, whichever end was detected", () => {
	const { tracks, tracker } = trackerOf();
	for (let i = 0; i < 13; i++) {
		const yaw = i % 2 === 0 ? 0.1 : 0.1 - Math.PI;
		tracker.update(frame({ x: -i, y: 0, yaw }), i / 10);
	}
	const yaw = tracks.yawRad[0] ?? 0;
	assert.ok(Math.cos(yaw - (0.1 - Math.PI)) > 0.9999, `yaw ${yaw}`);
});

test("classes are kept apart, unless asked otherwise", () => {
	for (const [perClass, expected] of [
		[true, 2],
		[false, 1],
	] as const) {
		const { tracks, tracker } = trackerOf({ perClass, confirmHitCount: 1 });
		tracker.update(frame({ x: 0, y: 0, classId: 1 }), 0);
		tracker.update(frame({ x: 0, y: 0, classId: 2 }), 0.1);
		assert.equal(tracks.count, expected);
	}
});

test("what is no number, scores too little or finds no room is not born", () => {
	const { tracks, tracker } = trackerOf({ birthScore: 0.5 }, 2);
	tracker.update(
		frame(
			{ x: Number.NaN, y: 0 },
			{ x: 0, y: Number.POSITIVE_INFINITY },
			{ x: 0, y: 0, score: 0.4 },
			{ x: 0, y: 0, score: Number.NaN },
			{ x: 1, y: 0 },
			{ x: 20, y: 0 },
			{ x: 40, y: 0 },
		),
		0,
	);
	assert.deepEqual([...tracks.xM], [1, 20]);
	const few = new Tracker(createTracks(2), { maxDetectionCount: 1 });
	assert.throws(
		() => few.update(frame({ x: 0, y: 0 }, { x: 1, y: 1 }), 0),
		/2 detections, but a maximum of 1/,
	);
	assert.throws(() => few.update(frame(), Number.NaN), /NaN s/);
});

const walker = fc.record({
	vx: uniform(-10, 10),
	vy: uniform(-10, 10),
	noise: fc.array(uniform(-0.3, 0.3), {
		minLength: 80,
		maxLength: 80,
	}),
});

test("objects that stay apart keep their ids through noise, gaps and any order of detections", () => {
	fc.assert(
		fc.property(
			fc.array(walker, { minLength: 1, maxLength: 6 }),
			fc.infiniteStream(fc.nat(99)),
			(walkers, dice) => {
				const { tracks, tracker } = trackerOf();
				const roll = () => Number(dice.next().value);
				const idOf = new Map<number, number>();
				const unseen = new Map<number, number>();
				for (let i = 0; i < 40; i++) {
					// Lanes of 100 m: nobody meets anybody.
					const places = walkers.map(({ vx, vy, noise }, lane) => ({
						lane,
						x: (vx * i) / 10 + (noise[2 * i] ?? 0),
						y: 100 * lane + (vy * i) / 10 + (noise[2 * i + 1] ?? 0),
					}));
					const seen = places.filter(({ lane }) => {
						const isHidden =
							i >= 5 && roll() < 20 && (unseen.get(lane) ?? 0) < 4;
						unseen.set(lane, isHidden ? (unseen.get(lane) ?? 0) + 1 : 0);
						return !isHidden;
					});
					if (roll() % 2 === 0) seen.reverse();
					tracker.update(frame(...seen), i / 10);
					for (let t = 0; t < tracks.count; t++) {
						const id = tracks.ids[t] ?? 0;
						const lane = Math.round((tracks.yM[t] ?? 0) / 100);
						assert.equal(idOf.get(lane) ?? id, id);
						idOf.set(lane, id);
					}
				}
				assert.equal(tracks.count, walkers.length);
			},
		),
		{ seed: 161, numRuns: 60 },
	);
});

test("equal frames give equal tracks, in the buffers that the caller made", () => {
	const run = () => {
		const tracks = createTracks(8);
		const buffers = Object.values(tracks);
		const tracker = new Tracker(tracks);
		for (let i = 0; i < 30; i++)
			tracker.update(
				frame({ x: i, y: Math.sin(i) / 9 }, { x: 30 - i, y: 3 }),
				i / 10,
			);
		assert.equal(tracker.tracks, tracks);
		for (const [i, value] of Object.values(tracks).entries())
			if (typeof value !== "number") assert.equal(value, buffers[i]);
		return tracks;
	};
	assert.deepEqual(run(), run());
});

test("each class has its own motion: where one is followed, another is taken for a newcomer", () => {
	const { tracks, tracker } = trackerOf({
		classes: [{ birthSpeedMps: 10 }, { birthSpeedMps: 0.5, deviationM: 0.05 }],
	});
	const both = (x: number) =>
		frame({ x, y: 0, classId: 0 }, { x, y: 20, classId: 1 });
	tracker.update(both(0), 0);
	tracker.update(both(1), 0.1);
	assert.deepEqual([...tracks.ids.slice(0, tracks.count)], [1, 3]);
});

test("what has wheels does not slip: noise across its yaw hardly moves its velocity, and none along it is lost", () => {
	const sideways = (slipMps: number) => {
		const { tracks, tracker } = trackerOf({ slipMps });
		for (let i = 0; i < 12; i++)
			tracker.update(
				frame({ x: i, y: i % 2 === 0 ? 0.25 : -0.25, yaw: Math.PI }),
				i / 10,
			);
		assert.equal(tracks.count, 1);
		assert.ok(Math.abs((tracks.velocityXMps[0] ?? 0) - 10) < 0.2);
		return Math.abs(tracks.velocityYMps[0] ?? 0);
	};
	const free = sideways(Number.POSITIVE_INFINITY);
	assert.ok(sideways(0.3) < free / 3, `${sideways(0.3)} of ${free}`);
});

test("a yaw that jumps about is smoothed, one that turns half round is the same yaw", () => {
	const { tracks, tracker } = trackerOf();
	for (let i = 0; i < 20; i++)
		tracker.update(
			frame({
				x: i,
				y: 0,
				yaw: (i % 2 === 0 ? 0.3 : -0.3) + (i % 3 === 0 ? Math.PI : 0),
			}),
			i / 10,
		);
	assert.ok(Math.abs(tracks.yawRad[0] ?? 9) < 0.15, `${tracks.yawRad[0]}`);
});

test("with a second sensor that agrees, what walks counts at once, and what may drive away does not", () => {
	const { tracks, tracker } = trackerOf({
		classes: [{ birthSpeedMps: 8 }, { birthSpeedMps: 1.3 }],
	});
	tracker.update(frame({ x: 0, y: 0 }, { x: 9, y: 9, classId: 1 }), 0);
	tracker.agree(0);
	tracker.agree(1);
	assert.deepEqual(
		[tracks.stages[0], tracks.stages[1]],
		[TRACK_TENTATIVE, TRACK_CONFIRMED],
	);
	// And lives on as one that was seen three times.
	tracker.update(frame(), 0.1);
	assert.deepEqual([tracks.count, tracks.classIds[0]], [1, 1]);
});

test("the faster a car is, the less its detected yaw turns its velocity", () => {
	// Its true course is 0.3 rad to the left; the detector says straight ahead.
	const courseOf = (speedMps: number, yawDeviationRad: number) => {
		const { tracks, tracker } = trackerOf({
			...{ slipMps: 0.5, yawDeviationRad },
		});
		for (let i = 0; i <= 10; i++) {
			const alongM = (speedMps * i) / 10;
			const x = alongM * Math.cos(0.3);
			tracker.update(frame({ x, y: alongM * Math.sin(0.3) }), i / 10);
		}
		return Math.atan2(tracks.velocityYMps[0] ?? 0, tracks.velocityXMps[0] ?? 0);
	};
	const trusted = courseOf(12, 0);
	const doubted = courseOf(12, 0.1);
	assert.ok(trusted < doubted && doubted < 0.3, `${trusted} ${doubted}`);
	// At a walking pace the yaw is as good as it was.
	assert.ok(Math.abs(courseOf(1.5, 0) - courseOf(1.5, 0.1)) < 0.02);
});

test("who has been away for just as long as allowed still lives, whatever the sums of times round to", () => {
	for (const [fromS, untilS] of [
		[0.65, 1.25],
		[0.6 + 0.05, 1.3 - 0.05],
		[0.7 - 0.05, 1.3 - 0.05],
	] as const) {
		const { tracks, tracker } = trackerOf({
			...{ confirmHitCount: 1, matureHitCount: 1 },
		});
		tracker.update(frame({ x: 0, y: 0 }), fromS);
		tracker.update(frame(), untilS);
		assert.equal(tracks.count, 1, `${fromS} to ${untilS} s`);
		tracker.update(frame(), untilS + 0.01);
		assert.equal(tracks.count, 0);
	}
});
