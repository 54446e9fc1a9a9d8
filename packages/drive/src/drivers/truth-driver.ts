// A driver who knows the truth: the same policy as everybody, on tracks that are exact. What he cannot avoid, nobody can
// be blamed for.
import {
	createDriveDecision,
	createPlannedPath,
	createTracks,
	DecisionPolicy,
	type DriveDecision,
	type EgoState,
	TRACK_CONFIRMED,
	type Tracks,
} from "@saccade/perception";
import {
	PATH_BEHIND_M,
	PATH_POINTS,
	PATH_STEP_M,
} from "../sensors/small-sensors.ts";
import type { Simulation } from "../simulation.ts";
import { VEHICLE_SHAPE } from "../vehicle/vehicle.ts";
import { createPose } from "../world/pose.ts";
import { OBJECT_CLASSES } from "../world/shapes.ts";
import type { World } from "../world/world.ts";

const RANGE_M = 90;

export class TruthDriver {
	readonly decision: DriveDecision = createDriveDecision();
	readonly tracks: Tracks;
	readonly #policy = new DecisionPolicy({ vehicle: VEHICLE_SHAPE });
	readonly #path = createPlannedPath(PATH_POINTS);
	readonly #pose = createPose();

	constructor(world: World) {
		this.tracks = createTracks(world.agents.length);
	}

	decide(simulation: Simulation): DriveDecision {
		const { world, vehicle, timeS } = simulation;
		writeTruth(world, vehicle.pose, timeS, this.tracks);
		const path = this.#path;
		path.count = PATH_POINTS;
		path.stepM = PATH_STEP_M;
		for (let i = 0; i < PATH_POINTS; i++) {
			vehicle.pathAt(PATH_STEP_M * i - PATH_BEHIND_M, this.#pose);
			path.xM[i] = this.#pose.xM;
			path.yM[i] = this.#pose.yM;
			path.yawRad[i] = this.#pose.yawRad;
		}
		const ego: EgoState = {
			timeS,
			xM: vehicle.pose.xM,
			yM: vehicle.pose.yM,
			yawRad: vehicle.pose.yawRad,
			speedMps: vehicle.speedMps,
			curvaturePerM: vehicle.curvaturePerM,
			path,
		};
		this.#policy.decide(ego, this.tracks, timeS, this.decision);
		return this.decision;
	}
}

/** Everybody around as confirmed tracks; their ids are the agents' indices + 1. */
function writeTruth(
	world: World,
	around: { readonly xM: number; readonly yM: number },
	timeS: number,
	tracks: Tracks,
): void {
	tracks.count = 0;
	for (const agent of world.agents) {
		const { shape, pose, index } = agent;
		if (shape.kind === "clutter") continue;
		const distanceM = Math.hypot(pose.xM - around.xM, pose.yM - around.yM);
		if (distanceM > RANGE_M) continue;
		const at = tracks.count++;
		tracks.ids[at] = index + 1;
		tracks.classIds[at] = OBJECT_CLASSES.indexOf(shape.kind);
		tracks.stages[at] = TRACK_CONFIRMED;
		tracks.lastSeenS[at] = timeS;
		tracks.xM[at] = pose.xM;
		tracks.yM[at] = pose.yM;
		tracks.velocityXMps[at] = agent.velocityXMps;
		tracks.velocityYMps[at] = agent.velocityYMps;
		tracks.lengthM[at] = shape.lengthM;
		tracks.widthM[at] = shape.widthM;
		tracks.yawRad[at] = pose.yawRad;
	}
}
