// From detections to a command, in a street full of objects.
import {
	AssignmentSolver,
	createDriveDecision,
	createMovingBox,
	createRotatedDetections,
	createTracks,
	DecisionPolicy,
	type RotatedDetections,
	Tracker,
	timeToCollisionS,
} from "@saccade/perception";
import { mulberry32 } from "../lib/stats.ts";
import type { AnyCase } from "./case.ts";
import { kernelCase } from "./perception-ground.ts";

const OBJECT_COUNT = 64;
const FRAME_S = 0.1;

/** Objects on a grid that walk about at random; some are missed. */
function street(): () => RotatedDetections {
	const random = mulberry32(7);
	const seen = createRotatedDetections(OBJECT_COUNT);
	const places = Array.from({ length: OBJECT_COUNT }, (_, i) => ({
		x: 6 * (i % 8) + 8,
		y: 6 * Math.floor(i / 8) - 20,
		vx: 2 * random() - 1,
		vy: 2 * random() - 1,
	}));
	let frame = 0;
	return () => {
		// Back and forth, so that they never leave.
		const t = 10 * Math.sin(frame++ / 100);
		seen.count = 0;
		for (const { x, y, vx, vy } of places) {
			if (random() < 0.1) continue;
			const at = seen.count++;
			seen.rotatedBoxes[5 * at] = x + t * vx + random() / 4;
			seen.rotatedBoxes[5 * at + 1] = y + t * vy + random() / 4;
			seen.rotatedBoxes[5 * at + 2] = 4;
			seen.rotatedBoxes[5 * at + 3] = 2;
			seen.rotatedBoxes[5 * at + 4] = 0;
			seen.scores[at] = 0.9;
			seen.classIds[at] = 0;
		}
		return seen;
	};
}

export const trackingCases: readonly AnyCase[] = [
	kernelCase("tracking/assignment-64x64", () => {
		const random = mulberry32(8);
		const n = OBJECT_COUNT;
		const costs = Float64Array.from({ length: n * n }, () => 10 * random());
		const solver = new AssignmentSolver(n, n);
		const columnOfRow = new Int32Array(n);
		return () => solver.solve(costs, n, n, 9, columnOfRow);
	}),
	kernelCase("tracking/update-64", () => {
		const next = street();
		const tracker = new Tracker(createTracks(256));
		let timeS = 0;
		return () => {
			timeS += FRAME_S;
			return tracker.update(next(), timeS);
		};
	}),
	kernelCase("tracking/time-to-collision", () => {
		const ego = { ...createMovingBox(), halfXM: 2, halfYM: 1 };
		const other = { ...ego, xM: 30, yM: 4, velocityYMps: -1 };
		let step = 0;
		return () => {
			step = (step + 1) & 15;
			ego.velocityXMps = step;
			return timeToCollisionS(ego, other);
		};
	}),
	kernelCase("tracking/decide-64", () => {
		const next = street();
		const tracks = createTracks(256);
		const tracker = new Tracker(tracks);
		for (let i = 1; i <= 10; i++) tracker.update(next(), i * FRAME_S);
		const policy = new DecisionPolicy({
			vehicle: { frontM: 3.5, rearM: 1, widthM: 1.8 },
		});
		const decision = createDriveDecision();
		const ego = {
			timeS: 1,
			xM: 0,
			yM: 0,
			yawRad: 0,
			speedMps: 12,
			curvaturePerM: 0.005,
		};
		return () => policy.decide(ego, tracks, 1, decision);
	}),
];
