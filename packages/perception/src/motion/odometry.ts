// Where a vehicle is, from how fast its wheels turn and how fast it turns itself: the frame `odom` of REP 105, smooth and
// free to drift. The newest poses are kept, because a frame is told about the past.
import type { SweepMotion } from "../clouds/deskew.ts";
import {
	createPoseHistory,
	motionOver,
	newestPoseS,
	type OdometryPose,
	POSE_FIELDS,
	type PoseHistory,
	poseAt,
	RATE,
	SPEED,
	TIME,
	X,
	Y,
	YAW,
} from "./pose-history.ts";

/** A gyroscope that was silent for longer is not integrated over: the vehicle is taken to have gone on straight. */
const LONGEST_GAP_S = 0.25;
/** Weight of a new wheel speed: their noise is larger than what changes in a fiftieth of a second. */
const SPEED_WEIGHT = 0.5;

/** `addSpeed` and `addTurnRate` in the order of their times; all others ask. Allocates nothing after its making. */
export class Odometry {
	/** Goes on to be written to. */
	readonly history: PoseHistory;
	#speedMps = Number.NaN;

	/** @param capacity poses to keep. @default 512, 2.5 s of a gyroscope at 200 Hz */
	constructor(capacity = 512) {
		this.history = createPoseHistory(capacity);
	}

	/** Of the newest pose; −Infinity before the first. */
	get timeS(): number {
		return newestPoseS(this.history);
	}

	addSpeed(speedMps: number): void {
		if (!Number.isFinite(speedMps)) return;
		const before = Number.isNaN(this.#speedMps) ? speedMps : this.#speedMps;
		this.#speedMps =
			speedMps === 0 ? 0 : before + SPEED_WEIGHT * (speedMps - before);
	}

	/** Goes on to `timeS`. What is not newer than the last, or not finite, is left out. */
	addTurnRate(timeS: number, yawRateRadps: number): void {
		if (!(timeS > this.timeS && Number.isFinite(yawRateRadps))) return;
		const { history } = this;
		const { values, capacity } = history;
		const speed = Number.isNaN(this.#speedMps) ? 0 : this.#speedMps;
		const from = POSE_FIELDS * history.last;
		const isFirst = history.count === 0;
		history.last = (history.last + 1) % capacity;
		history.count = Math.min(history.count + 1, capacity);
		const to = POSE_FIELDS * history.last;
		const dtS = isFirst ? 0 : timeS - values[from + TIME]!;
		const x = isFirst ? 0 : values[from + X]!;
		const y = isFirst ? 0 : values[from + Y]!;
		const yaw = isFirst ? 0 : values[from + YAW]!;
		const rate = isFirst ? 0 : values[from + RATE]!;
		const meanSpeed = isFirst ? 0 : (values[from + SPEED]! + speed) / 2;
		const turn = dtS > LONGEST_GAP_S ? 0 : (dtS * (rate + yawRateRadps)) / 2;
		values[to + TIME] = timeS;
		values[to + X] = x + dtS * meanSpeed * Math.cos(yaw + turn / 2);
		values[to + Y] = y + dtS * meanSpeed * Math.sin(yaw + turn / 2);
		values[to + YAW] = yaw + turn;
		values[to + SPEED] = speed;
		values[to + RATE] = yawRateRadps;
	}

	/** As `poseAt` of its history. */
	poseAt(timeS: number, into: OdometryPose): boolean {
		return poseAt(this.history, timeS, into);
	}

	/** As `motionOver` of its history. */
	motionOver(fromS: number, toS: number, into: SweepMotion): void {
		motionOver(this.history, fromS, toS, into);
	}
}
