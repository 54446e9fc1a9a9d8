// From the sensors of a vehicle to what it does, around the bundled detectors. The networks themselves run elsewhere:
//
//   sweep ─▶ encode ─▶ tensor ─▶ (network) ─▶ outputs ─▶ track ─▶ decide ─▶ decision
//   picture ───────────────────▶ (network) ─▶ outputs ─▶ look ┘        │
//   wheel speed, gyroscope, planned path ─▶ odometry ──────┴──────────┘
import { createDetections, type Detections } from "../boxes/detections.ts";
import {
	createRotatedDetections,
	type RotatedDetections,
} from "../boxes/rotated-detections.ts";
import type { Pinhole } from "../camera/pinhole.ts";
import { Sightings } from "../camera/sightings.ts";
import { createSweepMotion } from "../clouds/deskew.ts";
import type { Points } from "../clouds/points.ts";
import type { RigidTransform } from "../clouds/transform.ts";
import {
	createDriveDecision,
	type DriveDecision,
} from "../decision/decision.ts";
import type { VehicleShape } from "../decision/decision-options.ts";
import { DecisionPolicy } from "../decision/decision-policy.ts";
import { createPlannedPath, type PlannedPath } from "../decision/path-frame.ts";
import type { CentreBoxOutput } from "../detectors/centre-box.ts";
import type { CentrePointOutput } from "../detectors/centre-point.ts";
import { Odometry } from "../motion/odometry.ts";
import {
	assertPathRoom,
	createEgoState,
	egoAt,
	type PathPoints,
	placeDetections,
	placePath,
} from "../motion/place.ts";
import { createOdometryPose } from "../motion/pose-history.ts";
import {
	type ClassMotion,
	Tracker,
	type TrackerAnswer,
} from "../tracking/tracker.ts";
import { createTracks, type Tracks } from "../tracking/tracks.ts";
import { BevInput } from "./bev-input.ts";
import { BEV_CAPACITY, BevOutput } from "./bev-output.ts";
import {
	CAMERA_CAPACITY,
	CAMERA_HEIGHTS_M,
	CAMERA_LEAST_SCORE,
	CameraOutput,
} from "./camera-output.ts";

export interface LidarPerceptionOptions {
	readonly vehicle: VehicleShape;
	/** From the LiDAR's frame to the vehicle's. */
	readonly mount: RigidTransform;
	/** Whose pictures are taken in, too. @default null: none's */
	readonly camera?: Pinhole | null;
	/** Of a turn. @default 0.1 */
	readonly sweepPeriodS?: number;
	/** Points of the longest planned path. @default 128 */
	readonly pathCapacity?: number;
}

/** Detections below this are noise to the tracker. */
export const BEV_LEAST_SCORE = 0.25;
const TRACK_CAPACITY = 256;
/** A picture and a sweep that are further apart show different moments. */
const MOST_APART_S = 0.1;

/** What has wheels moves along itself, and its yaw is seen about so well from afar. */
const WHEELS: ClassMotion = { slipMps: 0.5, yawDeviationRad: 0.1 };
/** By class; what walks turns on the spot. */
export const BEV_MOTIONS: readonly ClassMotion[] = [
	{ deviationM: 0.3, accelerationMps2: 3, birthSpeedMps: 8, ...WHEELS },
	{ deviationM: 0.15, accelerationMps2: 2, birthSpeedMps: 4, ...WHEELS },
	{ deviationM: 0.15, accelerationMps2: 1.5, birthSpeedMps: 1.3 },
];

/** One vehicle's. Nothing allocates after its making. */
export class LidarPerception {
	readonly odometry = new Odometry();
	readonly decision: DriveDecision = createDriveDecision();
	/** In the frame of the odometry. */
	readonly tracks: Tracks = createTracks(TRACK_CAPACITY);
	/** Of the last sweep, in the vehicle's frame at its reference instant. */
	readonly detections: RotatedDetections =
		createRotatedDetections(BEV_CAPACITY);
	/** Of the last picture, in its pixels. */
	readonly sights: Detections = createDetections(CAMERA_CAPACITY);
	readonly #options: LidarPerceptionOptions;
	readonly #input = new BevInput();
	readonly #output = new BevOutput();
	readonly #pictureOutput = new CameraOutput();
	readonly #sightings: Sightings | null;
	readonly #motion = createSweepMotion();
	readonly #tracker: Tracker;
	readonly #policy: DecisionPolicy;
	readonly #path: PlannedPath;
	readonly #placed = createRotatedDetections(BEV_CAPACITY);
	readonly #pose = createOdometryPose();
	readonly #ego = createEgoState();
	#tracksTimeS = Number.NEGATIVE_INFINITY;
	#sightsTimeS = Number.NEGATIVE_INFINITY;

	constructor(options: LidarPerceptionOptions) {
		this.#options = options;
		this.#tracker = new Tracker(this.tracks, {
			maxDetectionCount: BEV_CAPACITY,
			classes: BEV_MOTIONS,
		});
		this.#policy = new DecisionPolicy({ vehicle: options.vehicle });
		this.#path = createPlannedPath(options.pathCapacity ?? 128);
		this.#sightings = options.camera
			? new Sightings(options.camera, TRACK_CAPACITY, {
					heightsM: CAMERA_HEIGHTS_M,
				})
			: null;
	}

	/** Elements of the network's input. */
	get inputElementCount(): number {
		return this.#input.elementCount;
	}

	/** Instant of a sweep that its boxes are told for: its middle, when the rays point ahead. */
	referenceS(stampS: number): number {
		return stampS + (this.#options.sweepPeriodS ?? 0.1) / 2;
	}

	/**
	 * Takes in where the vehicle means to go: points in its own frame at `timeS`.
	 * @throws RangeError when there are more points than the capacity.
	 */
	plan(timeS: number, points: PathPoints): void {
		assertPathRoom(points, this.#path);
		if (this.odometry.poseAt(timeS, this.#pose))
			placePath(points, this.#pose, this.#path);
	}

	/** Fills the network's input with a sweep that began at `stampS`; moves the points. */
	encode(points: Points, stampS: number, tensor: Float32Array): void {
		const periodS = this.#options.sweepPeriodS ?? 0.1;
		this.odometry.motionOver(stampS, stampS + periodS, this.#motion);
		this.#input.draw(
			points,
			{
				motion: this.#motion,
				mount: this.#options.mount,
				referenceS: periodS / 2,
			},
			tensor,
		);
	}

	/** Takes in what the network says about the sweep that began at `stampS`. */
	track(output: CentrePointOutput, stampS: number): TrackerAnswer {
		this.#output.decode(output, BEV_LEAST_SCORE, this.detections);
		return this.follow(this.detections, stampS);
	}

	/** Takes in boxes in the vehicle's frame at the reference instant of the sweep that began at `stampS`. */
	follow(detections: RotatedDetections, stampS: number): TrackerAnswer {
		const referenceS = this.referenceS(stampS);
		this.odometry.poseAt(referenceS, this.#pose);
		placeDetections(detections, this.#pose, this.#placed);
		const answer = this.#tracker.update(this.#placed, referenceS);
		if (answer === "late") return answer;
		this.#tracksTimeS = referenceS;
		const apartS = this.#sightsTimeS - referenceS;
		if (this.#sightings !== null && Math.abs(apartS) <= MOST_APART_S) {
			this.odometry.poseAt(this.#sightsTimeS, this.#pose);
			this.#sightings.find(
				this.sights,
				this.tracks,
				this.#pose,
				apartS,
				(track) => this.#tracker.agree(track),
			);
		}
		return answer;
	}

	/** Takes in what the camera's network says about the picture of `timeS`: the next sweep is seen beside it. */
	look(output: CentreBoxOutput, timeS: number): void {
		this.#pictureOutput.decode(output, CAMERA_LEAST_SCORE, this.sights);
		this.#sightsTimeS = timeS;
	}

	/** What to do at `timeS`, with what is known by then. */
	decide(timeS: number): DriveDecision {
		this.#policy.decide(
			egoAt(this.odometry.history, timeS, this.#path, this.#ego),
			this.tracks,
			this.#tracksTimeS,
			this.decision,
		);
		return this.decision;
	}
}
