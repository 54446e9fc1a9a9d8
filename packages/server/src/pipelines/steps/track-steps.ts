// From boxes on the ground to tracks, and from tracks to what a vehicle does.
import {
	type Contact,
	createDriveDecision,
	createMovingBox,
	createTracks,
	DecisionPolicy,
	type DriveDecision,
	findContact,
	TRACK_CONFIRMED,
	Tracker,
	toPathFrame,
} from "@saccade/perception";
import { number, wholeNumber } from "../../common/readers.ts";
import type { Decision } from "../pipeline.ts";
import { EgoMotion } from "./ego-motion.ts";
import { optionalPort, port, tensorPort } from "./port.ts";
import { sampleGroundBoxes, sampleTracks } from "./samples.ts";
import { setting } from "./settings.ts";
import { type AnyStep, defineStep, float32Of } from "./step.ts";

const metres = number({ min: 0, max: 1000 });

const track = defineStep({
	name: "track",
	summary:
		"follows boxes on the ground over time (Kalman filter, Hungarian assignment), in a frame that does not turn with the vehicle",
	remembers: true,
	settings: {
		capacity: setting({
			read: wholeNumber({ min: 1, max: 10_000 }),
			meaning: "most tracks at once",
			default: 256,
		}),
		deviationM: setting({
			read: metres,
			meaning: "of a detected centre",
			default: 0.3,
		}),
		birthScore: setting({
			read: number({ min: 0, max: 1 }),
			meaning: "least score of a new track",
			default: 0.3,
		}),
		confirmHitCount: setting({
			read: wholeNumber({ min: 1, max: 100 }),
			meaning: "detections until a track counts",
			default: 3,
		}),
		maxUnseenS: setting({
			read: number({ min: 0 }),
			meaning: "how long a track lives unseen",
			default: 0.6,
		}),
	},
	inputs: () => ({
		boxes: port("ground-boxes"),
		speed: optionalPort("reading"),
		imu: optionalPort("imu"),
	}),
	outputs: () => ({ tracks: port("tracks") }),
	create: ({ settings }) => {
		const tracks = createTracks(settings.capacity);
		const tracker = new Tracker(tracks, {
			...settings,
			maxDetectionCount: settings.capacity,
		});
		const motion = new EgoMotion(settings.capacity);
		return {
			run: ({ boxes, speed, imu }, outputs, frame) => {
				const timeS = frame.measuredUs / 1e6;
				const placed = motion.place(
					boxes,
					timeS,
					speed?.value ?? 0,
					imu?.payload.angularVelocity[2] ?? 0,
				);
				tracker.update(placed, timeS);
				outputs.tracks = { tracks, timeS, ego: motion.state(timeS) };
			},
		};
	},
	sample: () => ({ boxes: sampleGroundBoxes(), speed: null, imu: null }),
});

const vehicle = {
	frontM: setting({
		read: metres,
		meaning: "of the vehicle, from the point that poses are of",
		default: 3.8,
	}),
	rearM: setting({ read: metres, meaning: "likewise", default: 1 }),
	widthM: setting({ read: metres, meaning: "of the vehicle", default: 1.8 }),
};

const timeToCollision = defineStep({
	name: "time-to-collision",
	summary:
		"when the path meets the first track: seconds, number of the track, and distance in metres; Infinity, 0, Infinity when none",
	settings: vehicle,
	inputs: () => ({ tracks: port("tracks") }),
	outputs: () => ({ nearest: tensorPort("FP32", [3]) }),
	create: ({ settings, tensor }) => {
		const { frontM, rearM, widthM } = settings;
		const nearest = tensor("FP32", [3]);
		const values = float32Of(nearest);
		const ego = createMovingBox();
		const other = createMovingBox();
		const contact: Contact = { startS: 0, endS: 0 };
		ego.xM = (frontM - rearM) / 2;
		ego.halfXM = (frontM + rearM) / 2;
		ego.halfYM = widthM / 2;
		return {
			run: ({ tracks: known }, outputs) => {
				const { tracks } = known;
				values[0] = Number.POSITIVE_INFINITY;
				values[1] = 0;
				values[2] = Number.POSITIVE_INFINITY;
				ego.velocityXMps = known.ego.speedMps;
				for (let i = 0; i < tracks.count; i++) {
					if (tracks.stages[i] !== TRACK_CONFIRMED) continue;
					toPathFrame(tracks, i, known.ego, 0, other);
					findContact(ego, other, contact);
					if (contact.startS >= values[0]) continue;
					values[0] = contact.startS;
					values[1] = tracks.ids[i]!;
					values[2] = other.xM - other.halfXM - frontM;
				}
				outputs.nearest = nearest;
			},
		};
	},
	sample: () => ({ tracks: sampleTracks() }),
});

const decide = defineStep({
	name: "decide",
	summary: "what the vehicle does about its tracks: keep, slow, degrade, brake",
	remembers: true,
	settings: {
		...vehicle,
		validForMs: setting({
			read: number({ min: 1 }),
			meaning: "how long a decision holds, from the measurement on",
			default: 300,
		}),
		standoffM: setting({
			read: metres,
			meaning: "kept free before a standing object",
			default: 2,
		}),
		headwayS: setting({
			read: number({ min: 0 }),
			meaning: "time between the vehicle and one ahead of it",
			default: 1,
		}),
		slowMps2: setting({
			read: number({ min: 0 }),
			meaning: "from this required deceleration on: slow",
			default: 1,
		}),
		brakeMps2: setting({
			read: number({ min: 0 }),
			meaning: "from this required deceleration on: brake",
			default: 3,
		}),
	},
	inputs: () => ({ tracks: port("tracks") }),
	outputs: () => ({ decision: port("decision") }),
	create: ({ settings }) => {
		const { frontM, rearM, widthM, validForMs } = settings;
		const policy = new DecisionPolicy({
			...settings,
			vehicle: { frontM, rearM, widthM },
		});
		const decision = createDriveDecision();
		return {
			run: ({ tracks: known }, outputs) => {
				policy.decide(known.ego, known.tracks, known.timeS, decision);
				outputs.decision = told(decision, 1000 * validForMs);
			},
		};
	},
	sample: () => ({ tracks: sampleTracks() }),
});

/** Numbers that are infinite say nothing to a vehicle: they are left out. */
function told(decision: DriveDecision, validForUs: number): Decision {
	const targets = [
		{ name: "acceleration_mps2", value: decision.accelerationMps2 },
		{ name: "speed_mps", value: decision.targetSpeedMps },
		{ name: "time_to_collision_s", value: decision.timeToCollisionS },
		{ name: "gap_m", value: decision.gapM },
	].filter(({ value }) => Number.isFinite(value));
	return {
		action: decision.command,
		reasons: [decision.reason],
		validForUs,
		targets,
	};
}

export const TRACK_STEPS: readonly AnyStep[] = [track, timeToCollision, decide];
