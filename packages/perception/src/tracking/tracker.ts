// Follows objects from frame to frame: predict, assign, correct, bury, bear. Confirmed tracks choose their detections
// first, so that a newcomer, whose velocity is unknown and whose gate is therefore wide, takes nothing from them.
//
//            hits ≥ confirmHitCount,
//            or another sensor agrees
//   birth ─▶ TENTATIVE ───────────▶ CONFIRMED
//              │ one frame without     │ unseen for longer than maxUnseenS
//              ▼                       ▼
//            death                   death
import type { RotatedDetections } from "../boxes/rotated-detections.ts";
import { ROTATED_BOX_STRIDE } from "../boxes/rotated-iou.ts";
import { AssignmentSolver } from "./assignment.ts";
import {
	alignTrack,
	correctTrack,
	predictTrack,
	surpriseOf,
} from "./kalman.ts";
import {
	moveTrack,
	TRACK_CONFIRMED,
	TRACK_TENTATIVE,
	type Tracks,
} from "./tracks.ts";

/** How objects of one class move and are seen. */
export interface ClassMotion {
	/** Deviation of a detected centre on either axis. @default 0.3 */
	readonly deviationM?: number;
	/** Deviation of what an object's acceleration may be. @default 3, hard braking being 8 */
	readonly accelerationMps2?: number;
	/** Deviation of the velocity of a newborn track. @default 10 */
	readonly birthSpeedMps?: number;
	/** Deviation of the velocity across the yaw: small for what has wheels. @default Infinity, it moves as it likes */
	readonly slipMps?: number;
	/** Deviation of a detected yaw: the faster an object is, the less its yaw says about its velocity. @default 0 */
	readonly yawDeviationRad?: number;
}

export interface TrackerOptions extends ClassMotion {
	/** Where a class differs, by its id. */
	readonly classes?: readonly ClassMotion[];
	/** Most detections of one frame. @default 256 */
	readonly maxDetectionCount?: number;
	/** Least score of a detection that becomes a track. @default 0.3 */
	readonly birthScore?: number;
	/** Largest squared Mahalanobis distance of a match. @default 9.21, which 99 % of true ones are within */
	readonly gate?: number;
	/** Detections until a track is confirmed. @default 3 */
	readonly confirmHitCount?: number;
	/** How long a confirmed track lives unseen. @default 0.6, six frames of a LiDAR */
	readonly maxUnseenS?: number;
	/** Detections from which on it lives so long: with fewer in proportion, since some see what is not there. @default 6 */
	readonly matureHitCount?: number;
	/** Deviation of the velocity up to which a track is confirmed as soon as another sensor agrees. @default 1.5 */
	readonly agreedSpeedMps?: number;
	/** False: a detection may continue a track of another class. @default true */
	readonly perClass?: boolean;
}

/** `late`: older than what was seen last, and left out; nothing changed. */
export type TrackerAnswer = "updated" | "late";

const MOTION_DEFAULTS: Required<ClassMotion> = {
	deviationM: 0.3,
	accelerationMps2: 3,
	birthSpeedMps: 10,
	slipMps: Number.POSITIVE_INFINITY,
	yawDeviationRad: 0,
};

const DEFAULTS = {
	maxDetectionCount: 256,
	birthScore: 0.3,
	gate: 9.21,
	confirmHitCount: 3,
	maxUnseenS: 0.6,
	matureHitCount: 6,
	agreedSpeedMps: 1.5,
	perClass: true,
};

/** Share of a new yaw in the kept one. */
const YAW_WEIGHT = 0.4;
/** Share of a new size in the kept one: boxes breathe as their object is seen from other sides. */
const SIZE_WEIGHT = 0.2;
/** Above this speed an object moves the way it faces; below, noise turns the velocity round. */
const FACING_SPEED_MPS = 1;
/** Sums of frame times are not exact: who has been away for just as long as allowed still lives. */
const ROUNDING_S = 1e-6;
const NONE = -1;

/** Scratch for one capacity; `update` allocates nothing. Equal inputs give equal tracks, ids included. */
export class Tracker {
	readonly tracks: Tracks;
	readonly #options: typeof DEFAULTS;
	/** Of classes without one of their own. */
	readonly #motion: Required<ClassMotion>;
	readonly #motionOfClass: readonly Required<ClassMotion>[];
	readonly #solver: AssignmentSolver;
	readonly #costs: Float64Array;
	/** Rows of the assignment: tracks of one stage. */
	readonly #rows: Int32Array;
	/** Columns: detections that are still free. */
	readonly #columns: Int32Array;
	readonly #columnOfRow: Int32Array;
	readonly #trackOfDetection: Int32Array;
	#timeS = Number.NEGATIVE_INFINITY;
	#nextId = 1;

	/** @param tracks is kept and filled; its capacity bounds the number of tracks. */
	constructor(tracks: Tracks, options: TrackerOptions = {}) {
		this.tracks = tracks;
		this.#options = { ...DEFAULTS, ...options };
		this.#motion = { ...MOTION_DEFAULTS, ...options };
		this.#motionOfClass = (options.classes ?? []).map((motion) => ({
			...this.#motion,
			...motion,
		}));
		const trackCount = tracks.ids.length;
		const detectionCount = this.#options.maxDetectionCount;
		this.#solver = new AssignmentSolver(trackCount, detectionCount);
		this.#costs = new Float64Array(trackCount * detectionCount);
		this.#rows = new Int32Array(trackCount);
		this.#columns = new Int32Array(detectionCount);
		this.#columnOfRow = new Int32Array(trackCount);
		this.#trackOfDetection = new Int32Array(detectionCount);
		tracks.count = 0;
	}

	/**
	 * Takes in the detections of one frame; those that are not finite are left out. When there is no room for a
	 * newborn it is left out too.
	 * @param timeS of the frame, on one monotonic clock
	 * @throws RangeError when there are more detections than the maximum or the time is not a number.
	 */
	update(detections: RotatedDetections, timeS: number): TrackerAnswer {
		const { maxDetectionCount } = this.#options;
		if (detections.count > maxDetectionCount)
			throw new RangeError(
				`${detections.count} detections, but a maximum of ${maxDetectionCount}`,
			);
		if (!Number.isFinite(timeS))
			throw new RangeError(`a frame at ${timeS} s: the time must be finite`);
		if (timeS < this.#timeS) return "late";
		const { tracks } = this;
		const dtS = tracks.count === 0 ? 0 : timeS - this.#timeS;
		this.#timeS = timeS;
		for (let i = 0; i < tracks.count; i++)
			predictTrack(tracks, i, dtS, this.#motionOf(i).accelerationMps2);
		this.#trackOfDetection.fill(NONE, 0, detections.count);
		this.#assign(detections, TRACK_CONFIRMED);
		this.#assign(detections, TRACK_TENTATIVE);
		for (let i = 0; i < detections.count; i++) {
			const track = this.#trackOfDetection[i]!;
			if (track !== NONE) this.#correct(track, detections, i);
		}
		this.#bury();
		for (let i = 0; i < detections.count; i++)
			if (this.#trackOfDetection[i] === NONE) this.#bear(detections, i);
		return "updated";
	}

	/**
	 * Another sensor sees track `i`, too: it is there. It counts at once if it is known how it moves, such as what walks; what
	 * may drive away as fast as it is met has to be seen again.
	 */
	agree(i: number): void {
		const { agreedSpeedMps } = this.#options;
		if (this.tracks.velocityVariance[i]! <= agreedSpeedMps * agreedSpeedMps)
			this.tracks.stages[i] = TRACK_CONFIRMED;
	}

	#motionOf(track: number): Required<ClassMotion> {
		return this.#motionOfClass[this.tracks.classIds[track]!] ?? this.#motion;
	}

	#assign(detections: RotatedDetections, stage: number): void {
		const { tracks } = this;
		const { gate, perClass } = this.#options;
		const rows = this.#rows;
		const columns = this.#columns;
		let rowCount = 0;
		let columnCount = 0;
		for (let i = 0; i < tracks.count; i++)
			if (tracks.stages[i] === stage) rows[rowCount++] = i;
		for (let i = 0; i < detections.count; i++)
			if (this.#trackOfDetection[i] === NONE) columns[columnCount++] = i;
		if (rowCount === 0 || columnCount === 0) return;
		for (let row = 0; row < rowCount; row++)
			for (let column = 0; column < columnCount; column++) {
				const track = rows[row]!;
				const detection = columns[column]!;
				const box = ROTATED_BOX_STRIDE * detection;
				const isOther =
					perClass && tracks.classIds[track] !== detections.classIds[detection];
				this.#costs[row * columnCount + column] = isOther
					? gate
					: surpriseOf(
							tracks,
							track,
							detections.rotatedBoxes[box]!,
							detections.rotatedBoxes[box + 1]!,
							this.#motionOf(track).deviationM,
						);
			}
		this.#solver.solve(
			this.#costs,
			rowCount,
			columnCount,
			gate,
			this.#columnOfRow,
		);
		for (let row = 0; row < rowCount; row++) {
			const column = this.#columnOfRow[row]!;
			if (column !== NONE)
				this.#trackOfDetection[columns[column]!] = rows[row]!;
		}
	}

	#correct(track: number, detections: RotatedDetections, from: number): void {
		const { tracks } = this;
		const boxes = detections.rotatedBoxes;
		const box = ROTATED_BOX_STRIDE * from;
		const { confirmHitCount } = this.#options;
		const { deviationM, slipMps, yawDeviationRad } = this.#motionOf(track);
		correctTrack(tracks, track, boxes[box]!, boxes[box + 1]!, deviationM);
		const { lengthM, widthM } = tracks;
		lengthM[track] =
			lengthM[track]! + SIZE_WEIGHT * (boxes[box + 2]! - lengthM[track]!);
		widthM[track] =
			widthM[track]! + SIZE_WEIGHT * (boxes[box + 3]! - widthM[track]!);
		tracks.yawRad[track] = this.#facing(track, boxes[box + 4]!);
		if (slipMps < Number.POSITIVE_INFINITY) {
			const speedMps = Math.hypot(
				tracks.velocityXMps[track]!,
				tracks.velocityYMps[track]!,
			);
			const doubtMps = Math.hypot(slipMps, speedMps * yawDeviationRad);
			alignTrack(tracks, track, tracks.yawRad[track]!, doubtMps);
		}
		tracks.scores[track] = detections.scores[from]!;
		tracks.classIds[track] = detections.classIds[from]!;
		tracks.lastSeenS[track] = this.#timeS;
		tracks.hitCounts[track]!++;
		if (tracks.hitCounts[track]! >= confirmHitCount)
			tracks.stages[track] = TRACK_CONFIRMED;
	}

	/** The detected yaw or its opposite: the way the object moves, or else the way it faced before. */
	#facing(track: number, yawRad: number): number {
		const vx = this.tracks.velocityXMps[track]!;
		const vy = this.tracks.velocityYMps[track]!;
		const isMoving = vx * vx + vy * vy > FACING_SPEED_MPS * FACING_SPEED_MPS;
		const before = this.tracks.yawRad[track]!;
		const along = isMoving
			? Math.cos(yawRad) * vx + Math.sin(yawRad) * vy
			: Math.cos(yawRad - before);
		const facing = along < 0 ? yawRad + Math.PI : yawRad;
		// The mean of two directions, the shorter way round.
		const turn = Math.atan2(
			Math.sin(facing - before),
			Math.cos(facing - before),
		);
		// One who turns round has not turned half way.
		const isFlip = Math.abs(turn) > Math.PI / 2;
		const kept = isFlip ? facing : before + YAW_WEIGHT * turn;
		return Math.atan2(Math.sin(kept), Math.cos(kept));
	}

	#bury(): void {
		const { tracks } = this;
		const { maxUnseenS, matureHitCount } = this.#options;
		let kept = 0;
		for (let i = 0; i < tracks.count; i++) {
			const unseenS = this.#timeS - tracks.lastSeenS[i]!;
			const maturity = Math.min(1, tracks.hitCounts[i]! / matureHitCount);
			const lives =
				tracks.stages[i] === TRACK_CONFIRMED
					? unseenS <= maturity * maxUnseenS + ROUNDING_S
					: unseenS === 0;
			if (lives) moveTrack(tracks, i, kept++);
		}
		tracks.count = kept;
	}

	#bear(detections: RotatedDetections, from: number): void {
		const { tracks } = this;
		const { birthScore, confirmHitCount } = this.#options;
		const boxes = detections.rotatedBoxes;
		const box = ROTATED_BOX_STRIDE * from;
		if (tracks.count === tracks.ids.length) return;
		if (!(detections.scores[from]! >= birthScore)) return;
		for (let i = box; i < box + ROTATED_BOX_STRIDE; i++)
			if (!Number.isFinite(boxes[i])) return;
		const at = tracks.count++;
		tracks.ids[at] = this.#nextId++;
		tracks.classIds[at] = detections.classIds[from]!;
		const { birthSpeedMps, deviationM } = this.#motionOf(at);
		tracks.stages[at] =
			confirmHitCount <= 1 ? TRACK_CONFIRMED : TRACK_TENTATIVE;
		tracks.hitCounts[at] = 1;
		tracks.scores[at] = detections.scores[from]!;
		tracks.lastSeenS[at] = this.#timeS;
		tracks.xM[at] = boxes[box]!;
		tracks.yM[at] = boxes[box + 1]!;
		tracks.velocityXMps[at] = 0;
		tracks.velocityYMps[at] = 0;
		tracks.positionVariance[at] = deviationM * deviationM;
		tracks.covariance[at] = 0;
		tracks.velocityVariance[at] = birthSpeedMps * birthSpeedMps;
		tracks.lengthM[at] = boxes[box + 2]!;
		tracks.widthM[at] = boxes[box + 3]!;
		tracks.yawRad[at] = boxes[box + 4]!;
	}
}
