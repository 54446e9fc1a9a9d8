// From boxes on the ground to tracks, and from tracks to what a vehicle does.
import {
	type ClassMotion,
	type Contact,
	createDriveDecision,
	createEgoState,
	createMovingBox,
	createOdometryPose,
	createRotatedDetections,
	createTracks,
	DecisionPolicy,
	type DriveDecision,
	egoAt,
	findContact,
	type PoseHistory,
	placeDetections,
	poseAt,
	Sightings,
	TRACK_CONFIRMED,
	Tracker,
	toPathFrame,
} from "@saccade/perception";
import { isMapping } from "../../common/mapping.ts";
import {
	listOf,
	number,
	type Reader,
	wholeNumber,
} from "../../common/readers.ts";
import type { Decision } from "../pipeline.ts";
import { optionalPort, port, type Sights, tensorPort } from "./port.ts";
import { sampleGroundBoxes, sampleTracks } from "./samples.ts";
import { setting } from "./settings.ts";
import { type AnyStep, defineStep, float32Of } from "./step.ts";

const metres = number({ min: 0, max: 1000 });

const MOTION_KEYS: readonly string[] = [
	"deviationM",
	"accelerationMps2",
	"birthSpeedMps",
	"slipMps",
	"yawDeviationRad",
] satisfies readonly (keyof ClassMotion)[];

const classMotion: Reader<ClassMotion> = (value) => {
	const isOne =
		isMapping(value) &&
		Object.entries(value).every(
			([key, item]) => MOTION_KEYS.includes(key) && number({ min: 0 })(item).ok,
		);
	return isOne
		? { ok: true, value }
		: {
				ok: false,
				problem: `numbers from 0 on are needed, of ${MOTION_KEYS.join(", ")}`,
			};
};

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
		matureHitCount: setting({
			read: wholeNumber({ min: 1, max: 100 }),
			meaning:
				"detections from which on it lives so long; with fewer in proportion",
			default: 6,
		}),
		classes: setting({
			read: listOf(classMotion),
			meaning: "how objects of each class move, where they differ",
			default: [],
		}),
		offsetS: setting({
			read: number(),
			meaning: "the instant of the boxes, in seconds from the frame's",
			default: 0,
		}),
		heightsM: setting({
			read: listOf(metres),
			meaning: "of each class, for finding it in pictures",
			default: [],
		}),
	},
	inputs: () => ({
		boxes: port("ground-boxes"),
		motion: optionalPort("motion"),
		sights: optionalPort("sights"),
	}),
	outputs: () => ({ tracks: port("tracks") }),
	create: ({ settings }) => {
		const { capacity, offsetS } = settings;
		const tracks = createTracks(capacity);
		const tracker = new Tracker(tracks, {
			...settings,
			maxDetectionCount: capacity,
		});
		const placed = createRotatedDetections(capacity);
		const pose = createOdometryPose();
		let updatedS = Number.NEGATIVE_INFINITY;
		/** What a camera shows, too, is believed at once. */
		const agree = agreeing(tracker, settings);
		return {
			run: ({ boxes, motion, sights }, outputs, frame) => {
				const timeS = frame.measuredUs / 1e6 + offsetS;
				if (motion !== null) poseAt(motion, timeS, pose);
				// The best come first.
				const count = Math.min(boxes.count, capacity);
				placeDetections({ ...boxes, count }, pose, placed);
				if (tracker.update(placed, timeS) === "updated") {
					updatedS = timeS;
					if (motion !== null && sights !== null) agree(motion, sights, timeS);
				}
				const ego = createEgoState();
				if (motion !== null) egoAt(motion, timeS, null, ego);
				outputs.tracks = { tracks, timeS: updatedS, ego };
			},
		};
	},
	sample: () => ({ boxes: sampleGroundBoxes(), motion: null, sights: null }),
});

function agreeing(
	tracker: Tracker,
	settings: {
		readonly capacity: number;
		readonly heightsM: readonly number[];
	},
): (motion: PoseHistory, sights: Sights, timeS: number) => void {
	const pose = createOdometryPose();
	let sightings: Sightings | null = null;
	return (motion, { boxes, camera, timeS: seenS }, timeS) => {
		if (!poseAt(motion, seenS, pose)) return;
		// A stream's camera stays where it is.
		sightings ??= new Sightings(camera, settings.capacity, settings);
		sightings.find(boxes, tracker.tracks, pose, seenS - timeS, (track) =>
			tracker.agree(track),
		);
	};
}

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
	inputs: () => ({
		tracks: port("tracks"),
		motion: optionalPort("motion"),
		path: optionalPort("path"),
	}),
	outputs: () => ({ decision: port("decision") }),
	create: ({ settings }) => {
		const { frontM, rearM, widthM, validForMs } = settings;
		const now = createEgoState();
		const policy = new DecisionPolicy({
			...settings,
			vehicle: { frontM, rearM, widthM },
		});
		const decision = createDriveDecision();
		return {
			run: ({ tracks: known, motion, path }, outputs, frame) => {
				const ego =
					motion === null
						? { ...known.ego, path }
						: egoAt(motion, frame.measuredUs / 1e6, path, now);
				policy.decide(ego, known.tracks, known.timeS, decision);
				outputs.decision = told(decision, 1000 * validForMs);
			},
		};
	},
	sample: () => ({ tracks: sampleTracks(), motion: null, path: null }),
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
