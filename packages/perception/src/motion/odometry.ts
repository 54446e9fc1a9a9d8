// Where a vehicle is, from how fast its wheels turn and how fast it turns itself: the frame `odom` of REP 105, smooth and
// free to drift. The newest poses are kept, because a frame is told about the past.

import type { SweepMotion } from "../clouds/deskew.ts";

export interface OdometryPose {
	xM: number;
	yM: number;
	yawRad: number;
	speedMps: number;
	yawRateRadps: number;
}

export function createOdometryPose(): OdometryPose {
	return { xM: 0, yM: 0, yawRad: 0, speedMps: 0, yawRateRadps: 0 };
}

const FIELDS = 6;
const TIME = 0;
const X = 1;
const Y = 2;
const YAW = 3;
const SPEED = 4;
const RATE = 5;

/** A gyroscope that was silent for longer is not integrated over: the vehicle is taken to have gone on straight. */
const LONGEST_GAP_S = 0.25;
/** Weight of a new wheel speed: their noise is larger than what changes in a fiftieth of a second. */
const SPEED_WEIGHT = 0.5;

/** `addSpeed` and `addTurnRate` in the order of their times; all others ask. Allocates nothing after its making. */
export class Odometry {
	readonly #history: Float64Array;
	readonly #capacity: number;
	#count = 0;
	#last = -1;
	#speedMps = Number.NaN;

	/** @param capacity poses to keep. @default 512, 2.5 s of a gyroscope at 200 Hz */
	constructor(capacity = 512) {
		this.#capacity = capacity;
		this.#history = new Float64Array(FIELDS * capacity);
	}

	/** Of the newest pose; −Infinity before the first. */
	get timeS(): number {
		return this.#count === 0
			? Number.NEGATIVE_INFINITY
			: this.#history[FIELDS * this.#last + TIME]!;
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
		const speed = Number.isNaN(this.#speedMps) ? 0 : this.#speedMps;
		const from = FIELDS * this.#last;
		const isFirst = this.#count === 0;
		this.#last = (this.#last + 1) % this.#capacity;
		this.#count = Math.min(this.#count + 1, this.#capacity);
		const to = FIELDS * this.#last;
		const history = this.#history;
		const dtS = isFirst ? 0 : timeS - history[from + TIME]!;
		const x = isFirst ? 0 : history[from + X]!;
		const y = isFirst ? 0 : history[from + Y]!;
		const yaw = isFirst ? 0 : history[from + YAW]!;
		const rate = isFirst ? 0 : history[from + RATE]!;
		const meanSpeed = isFirst ? 0 : (history[from + SPEED]! + speed) / 2;
		const turn = dtS > LONGEST_GAP_S ? 0 : (dtS * (rate + yawRateRadps)) / 2;
		history[to + TIME] = timeS;
		history[to + X] = x + dtS * meanSpeed * Math.cos(yaw + turn / 2);
		history[to + Y] = y + dtS * meanSpeed * Math.sin(yaw + turn / 2);
		history[to + YAW] = yaw + turn;
		history[to + SPEED] = speed;
		history[to + RATE] = yawRateRadps;
	}

	/**
	 * Fills `into` with the pose at an instant: between poses by a straight line, beyond the newest by its motion.
	 * @returns false when nothing is known, or only what is older than the oldest that is kept: the oldest is then told
	 */
	poseAt(timeS: number, into: OdometryPose): boolean {
		if (this.#count === 0) return false;
		let newer = this.#last;
		const history = this.#history;
		let left = this.#count - 1;
		let older = newer;
		while (left > 0 && history[FIELDS * older + TIME]! > timeS) {
			newer = older;
			older = (older + this.#capacity - 1) % this.#capacity;
			left--;
		}
		const a = FIELDS * older;
		const b = FIELDS * newer;
		const fromS = history[a + TIME]!;
		if (older === newer) {
			const beyondS = Math.max(0, timeS - fromS);
			const turn = beyondS * history[a + RATE]!;
			const yaw = history[a + YAW]!;
			const stepM = beyondS * history[a + SPEED]!;
			into.xM = history[a + X]! + stepM * Math.cos(yaw + turn / 2);
			into.yM = history[a + Y]! + stepM * Math.sin(yaw + turn / 2);
			into.yawRad = yaw + turn;
			into.speedMps = history[a + SPEED]!;
			into.yawRateRadps = history[a + RATE]!;
			return timeS >= fromS;
		}
		const share = Math.max(0, (timeS - fromS) / (history[b + TIME]! - fromS));
		const at = (field: number) =>
			history[a + field]! + share * (history[b + field]! - history[a + field]!);
		into.xM = at(X);
		into.yM = at(Y);
		into.yawRad = at(YAW);
		into.speedMps = at(SPEED);
		into.yawRateRadps = at(RATE);
		return timeS >= fromS;
	}

	/** Sets `into` to the mean motion over an interval, such as a sweep. Nothing known: no motion. */
	motionOver(fromS: number, toS: number, into: SweepMotion): void {
		into.angularXRadps = 0;
		into.angularYRadps = 0;
		into.angularZRadps = 0;
		into.velocityXMps = 0;
		into.velocityYMps = 0;
		into.velocityZMps = 0;
		if (!this.poseAt(fromS, from) || !this.poseAt(toS, to)) return;
		const seconds = toS - fromS;
		into.angularZRadps = (to.yawRad - from.yawRad) / seconds;
		into.velocityXMps = Math.hypot(to.xM - from.xM, to.yM - from.yM) / seconds;
	}
}

const from = createOdometryPose();
const to = createOdometryPose();
