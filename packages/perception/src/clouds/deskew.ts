// A sweep takes a tenth of a second, in which a vehicle moves a metre: each point is moved to where it would have been
// seen at one instant. Turn rate and velocity are taken as constant in the body over the sweep, which makes the motion
// a screw with a closed form. Lynch and Park 2017, Modern Robotics, section 3.3.3.
import { POINT_STRIDE, type Points } from "./points.ts";

/** In the points' frame: x forward, y left, z up. */
export interface SweepMotion {
	/** As a gyroscope there measures it, in rad/s. */
	angularXRadps: number;
	angularYRadps: number;
	angularZRadps: number;
	velocityXMps: number;
	velocityYMps: number;
	velocityZMps: number;
}

export function createSweepMotion(): SweepMotion {
	return {
		angularXRadps: 0,
		angularYRadps: 0,
		angularZRadps: 0,
		velocityXMps: 0,
		velocityYMps: 0,
		velocityZMps: 0,
	};
}

/** Slower than the earth turns, no axis can be told. */
const MIN_RATE_RADPS = 1e-6;

/**
 * Moves every point, in place, to where a world that stands still would have been seen at `referenceS`, on the clock
 * of `points.timesS`; the times stay. Allocates nothing.
 * @throws RangeError when the points have no times or the motion is not finite.
 */
export function deskewPoints(
	points: Points,
	motion: SweepMotion,
	referenceS = 0,
): void {
	const { xyzi, timesS, count } = points;
	if (timesS === null)
		throw new RangeError(
			`${count} points without times: create them with \`withTimes\``,
		);
	assertFinite(motion);
	const vx = motion.velocityXMps;
	const vy = motion.velocityYMps;
	const vz = motion.velocityZMps;
	const rate = Math.hypot(
		motion.angularXRadps,
		motion.angularYRadps,
		motion.angularZRadps,
	);
	const isTurning = rate > MIN_RATE_RADPS;
	const ux = isTurning ? motion.angularXRadps / rate : 0;
	const uy = isTurning ? motion.angularYRadps / rate : 0;
	const uz = isTurning ? motion.angularZRadps / rate : 0;
	const perRate = isTurning ? 1 / rate : 0;
	// axis × velocity, and axis × that.
	const ax = uy * vz - uz * vy;
	const ay = uz * vx - ux * vz;
	const az = ux * vy - uy * vx;
	const bx = uy * az - uz * ay;
	const by = uz * ax - ux * az;
	const bz = ux * ay - uy * ax;
	let dtS = Number.NaN;
	let sin = 0;
	let versine = 0;
	let alongA = 0;
	let alongB = 0;
	for (let i = 0; i < count; i++) {
		const at = POINT_STRIDE * i;
		const x = xyzi[at]!;
		const y = xyzi[at + 1]!;
		const z = xyzi[at + 2]!;
		const pointS = timesS[i]! - referenceS;
		// Rings that fire together share their time, and so the sines.
		if (pointS !== dtS) {
			dtS = pointS;
			sin = Math.sin(rate * dtS);
			// 1 − cos without the cancellation.
			const half = Math.sin((rate * dtS) / 2);
			versine = 2 * half * half;
			alongA = versine * perRate;
			alongB = isTurning ? dtS - sin * perRate : 0;
		}
		// axis × point, and axis × that.
		const cx = uy * z - uz * y;
		const cy = uz * x - ux * z;
		const cz = ux * y - uy * x;
		const dx = uy * cz - uz * cy;
		const dy = uz * cx - ux * cz;
		const dz = ux * cy - uy * cx;
		xyzi[at] =
			x + sin * cx + versine * dx + dtS * vx + alongA * ax + alongB * bx;
		xyzi[at + 1] =
			y + sin * cy + versine * dy + dtS * vy + alongA * ay + alongB * by;
		xyzi[at + 2] =
			z + sin * cz + versine * dz + dtS * vz + alongA * az + alongB * bz;
	}
}

export interface SpinOptions {
	/** Of one turn. */
	readonly periodS: number;
	/** Azimuth at which the turn begins, counter-clockwise from x. @default Math.PI, straight behind */
	readonly startRad?: number;
	/** Seen from above; Velodyne's and Hesai's turn clockwise. @default true */
	readonly clockwise?: boolean;
}

const TURN_RAD = 2 * Math.PI;

/**
 * Fills `points.timesS` for sensors that give no time per point, from the azimuth: 0 where the turn begins.
 * @throws RangeError when the points have no times.
 */
export function timesFromAzimuth(points: Points, options: SpinOptions): void {
	const { xyzi, timesS, count } = points;
	if (timesS === null)
		throw new RangeError(
			`${count} points without times: create them with \`withTimes\``,
		);
	const startRad = options.startRad ?? Math.PI;
	const direction = (options.clockwise ?? true) ? -1 : 1;
	for (let i = 0; i < count; i++) {
		const azimuth = Math.atan2(
			xyzi[POINT_STRIDE * i + 1]!,
			xyzi[POINT_STRIDE * i]!,
		);
		const turns = (direction * (azimuth - startRad)) / TURN_RAD;
		timesS[i] = (turns - Math.floor(turns)) * options.periodS;
	}
}

function assertFinite(motion: SweepMotion): void {
	const sum =
		motion.angularXRadps +
		motion.angularYRadps +
		motion.angularZRadps +
		motion.velocityXMps +
		motion.velocityYMps +
		motion.velocityZMps;
	if (!Number.isFinite(sum))
		throw new RangeError(
			`a motion of (${motion.angularXRadps}, ${motion.angularYRadps}, ${motion.angularZRadps}) rad/s and (${motion.velocityXMps}, ${motion.velocityYMps}, ${motion.velocityZMps}) m/s: all must be finite`,
		);
}
