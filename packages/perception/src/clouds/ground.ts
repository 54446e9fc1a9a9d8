// Ground removal by one plane, found by RANSAC with a fixed seed and refined by least squares.
// https://doi.org/10.1145/358669.358692
//
// A plane and not the lowest point of each cell: a cell that a car fills has no ground in it, so its own sill would
// pass for the ground and be removed, and a single reflection from below the road drops a whole cell. A plane is
// fitted to all of the road and is immune to both. It pays where the road bends: points farther than about 40 m may
// stay, which costs a detector nothing. The seed is fixed, so the same cloud always gives the same plane and a
// recording replays bit by bit.
import { movePoint, POINT_STRIDE, type Points } from "./points.ts";

/** normal · p + offsetM = height above the ground, the normal being of length 1 and upward. */
export interface GroundPlane {
	normalX: number;
	normalY: number;
	normalZ: number;
	offsetM: number;
	/** Points that support it; 0: no ground was found, and the plane says nothing. */
	supportCount: number;
}

export interface GroundOptions {
	/** Height of the sensor above the road. */
	readonly sensorHeightM: number;
	/** How far off that height, where the plane passes under the sensor, the ground may be. @default 0.5 */
	readonly heightToleranceM?: number;
	/** Steepest plane that is a road. @default 0.15, i.e. 8.5°: slope, pitch and roll together */
	readonly maxTiltRad?: number;
	/** Points this near to the plane support it. @default 0.1 */
	readonly supportM?: number;
	/** Points below this height above the plane are ground. @default 0.2 */
	readonly clearanceM?: number;
	/** Planes that are tried. With 40 % of ground 100 miss it once in 700. @default 100 */
	readonly iterationCount?: number;
	/** @default 1 */
	readonly seed?: number;
}

/** Of the candidates, evenly drawn, each plane is tried on so many. */
const MAX_SAMPLES = 1024;
const REFINEMENTS = 2;
/** With less support among the samples it is no road, but three points and their friends. */
const MIN_SUPPORT_SHARE = 0.1;

export function createGroundPlane(): GroundPlane {
	return { normalX: 0, normalY: 0, normalZ: 1, offsetM: 0, supportCount: 0 };
}

/** Height of a point above a plane, in metres; negative below. */
export function heightAbove(
	plane: GroundPlane,
	x: number,
	y: number,
	z: number,
): number {
	return (
		plane.normalX * x + plane.normalY * y + plane.normalZ * z + plane.offsetM
	);
}

/** Scratch and options; `find` and `remove` allocate nothing. Points are in the sensor's frame, z up. */
export class GroundRemover {
	readonly #options: Required<GroundOptions>;
	readonly #samples: Float32Array = new Float32Array(3 * MAX_SAMPLES);
	/** Sums of the refinement: 1, x, y, z, xx, xy, yy, xz, yz. */
	readonly #sums: Float64Array = new Float64Array(9);
	readonly #tried: GroundPlane = createGroundPlane();
	#sampleCount = 0;

	constructor(options: GroundOptions) {
		this.#options = {
			heightToleranceM: 0.5,
			maxTiltRad: 0.15,
			supportM: 0.1,
			clearanceM: 0.2,
			iterationCount: 100,
			seed: 1,
			...options,
		};
	}

	/** Fills `plane`. False, with `supportCount` 0, when no plane that could be a road has a tenth of the low points. */
	find(points: Points, plane: GroundPlane): boolean {
		const { iterationCount, seed } = this.#options;
		this.#sample(points);
		plane.supportCount = 0;
		const count = this.#sampleCount;
		let state = seed >>> 0 || 1;
		for (let i = 0; count >= 3 && i < iterationCount; i++) {
			const a = nextRandom(state);
			const b = nextRandom(a);
			state = nextRandom(b);
			const tried = this.#tried;
			if (!this.#fit(tried, a % count, b % count, state % count)) continue;
			this.#countSupport(tried);
			if (tried.supportCount > plane.supportCount) copyPlane(tried, plane);
		}
		if (plane.supportCount < MIN_SUPPORT_SHARE * count) plane.supportCount = 0;
		if (plane.supportCount === 0) return false;
		for (let i = 0; i < REFINEMENTS; i++) this.#refine(points, plane);
		return true;
	}

	/**
	 * Removes the points of the ground and what seems to lie below it, in place; the order stays.
	 * @returns how many were removed: 0 when the plane has no support
	 */
	remove(points: Points, plane: GroundPlane): number {
		if (plane.supportCount === 0) return 0;
		const { xyzi, count } = points;
		const { clearanceM } = this.#options;
		const { normalX, normalY, normalZ, offsetM } = plane;
		let kept = 0;
		for (let i = 0; i < count; i++) {
			const at = POINT_STRIDE * i;
			const height =
				normalX * xyzi[at]! +
				normalY * xyzi[at + 1]! +
				normalZ * xyzi[at + 2]! +
				offsetM;
			if (!(height < clearanceM)) movePoint(points, i, kept++);
		}
		points.count = kept;
		return count - kept;
	}

	/** Evenly drawn from the points that are low enough for a road of the steepest tilt. */
	#sample({ xyzi, count }: Points): void {
		let low = 0;
		for (let i = 0; i < count; i++) if (this.#isLow(xyzi, i)) low++;
		const step = Math.max(1, low / MAX_SAMPLES);
		const samples = this.#samples;
		let taken = 0;
		let seen = 0;
		for (let i = 0; i < count && taken < MAX_SAMPLES; i++) {
			if (!this.#isLow(xyzi, i) || seen++ < taken * step) continue;
			for (let axis = 0; axis < 3; axis++)
				samples[3 * taken + axis] = xyzi[POINT_STRIDE * i + axis]!;
			taken++;
		}
		this.#sampleCount = taken;
	}

	#isLow(xyzi: Float32Array, point: number): boolean {
		const { sensorHeightM, heightToleranceM, maxTiltRad } = this.#options;
		const at = POINT_STRIDE * point;
		const x = xyzi[at]!;
		const y = xyzi[at + 1]!;
		const allowed = heightToleranceM + maxTiltRad * Math.sqrt(x * x + y * y);
		return Math.abs(xyzi[at + 2]! + sensorHeightM) <= allowed;
	}

	/** The plane through three samples; false when they make no road. */
	#fit(plane: GroundPlane, a: number, b: number, c: number): boolean {
		const s = this.#samples;
		const ux = s[3 * b]! - s[3 * a]!;
		const uy = s[3 * b + 1]! - s[3 * a + 1]!;
		const uz = s[3 * b + 2]! - s[3 * a + 2]!;
		const vx = s[3 * c]! - s[3 * a]!;
		const vy = s[3 * c + 1]! - s[3 * a + 1]!;
		const vz = s[3 * c + 2]! - s[3 * a + 2]!;
		const x = uy * vz - uz * vy;
		const y = uz * vx - ux * vz;
		const z = ux * vy - uy * vx;
		// Seen from above, z is twice the triangle: flat enough as −x / z, −y / z.
		if (z === 0) return false;
		const slopeX = -x / z;
		const slopeY = -y / z;
		const at0 = s[3 * a + 2]! - slopeX * s[3 * a]! - slopeY * s[3 * a + 1]!;
		return this.#setPlane(plane, slopeX, slopeY, at0);
	}

	/** z = slopeX · x + slopeY · y + z0, if that could be a road. */
	#setPlane(
		plane: GroundPlane,
		slopeX: number,
		slopeY: number,
		z0: number,
	): boolean {
		const { sensorHeightM, heightToleranceM, maxTiltRad } = this.#options;
		const steepest = Math.tan(maxTiltRad);
		const isRoad =
			slopeX * slopeX + slopeY * slopeY <= steepest * steepest &&
			Math.abs(z0 + sensorHeightM) <= heightToleranceM;
		if (!isRoad) return false;
		const length = Math.sqrt(1 + slopeX * slopeX + slopeY * slopeY);
		plane.normalX = -slopeX / length;
		plane.normalY = -slopeY / length;
		plane.normalZ = 1 / length;
		plane.offsetM = -z0 / length;
		return true;
	}

	#countSupport(plane: GroundPlane): void {
		const { supportM } = this.#options;
		const samples = this.#samples;
		const { normalX, normalY, normalZ, offsetM } = plane;
		let support = 0;
		for (let at = 0; at < 3 * this.#sampleCount; at += 3) {
			const height =
				normalX * samples[at]! +
				normalY * samples[at + 1]! +
				normalZ * samples[at + 2]! +
				offsetM;
			if (Math.abs(height) <= supportM) support++;
		}
		plane.supportCount = support;
	}

	/** Least squares of z over all points that support the plane; it stays where that makes no road. */
	#refine({ xyzi, count }: Points, plane: GroundPlane): void {
		const { supportM } = this.#options;
		const { normalX, normalY, normalZ, offsetM } = plane;
		const sums = this.#sums.fill(0);
		for (let at = 0; at < POINT_STRIDE * count; at += POINT_STRIDE) {
			const x = xyzi[at]!;
			const y = xyzi[at + 1]!;
			const z = xyzi[at + 2]!;
			const height = normalX * x + normalY * y + normalZ * z + offsetM;
			if (!(Math.abs(height) <= supportM)) continue;
			sums[0] = sums[0]! + 1;
			sums[1] = sums[1]! + x;
			sums[2] = sums[2]! + y;
			sums[3] = sums[3]! + z;
			sums[4] = sums[4]! + x * x;
			sums[5] = sums[5]! + x * y;
			sums[6] = sums[6]! + y * y;
			sums[7] = sums[7]! + x * z;
			sums[8] = sums[8]! + y * z;
		}
		const [n = 0, sx = 0, sy = 0, sz = 0, sxx = 0, sxy = 0, syy = 0, sxz = 0] =
			sums;
		const xx = sxx - (sx * sx) / n;
		const xy = sxy - (sx * sy) / n;
		const yy = syy - (sy * sy) / n;
		const xz = sxz - (sx * sz) / n;
		const yz = sums[8]! - (sy * sz) / n;
		const determinant = xx * yy - xy * xy;
		plane.supportCount = n;
		if (!(determinant > 0)) return;
		const slopeX = (xz * yy - yz * xy) / determinant;
		const slopeY = (yz * xx - xz * xy) / determinant;
		const z0 = (sz - slopeX * sx - slopeY * sy) / n;
		this.#setPlane(plane, slopeX, slopeY, z0);
	}
}

function copyPlane(from: GroundPlane, to: GroundPlane): void {
	to.normalX = from.normalX;
	to.normalY = from.normalY;
	to.normalZ = from.normalZ;
	to.offsetM = from.offsetM;
	to.supportCount = from.supportCount;
}

/** Xorshift: never 0, the same on every machine. https://www.jstatsoft.org/article/view/v008i14 */
function nextRandom(state: number): number {
	let x = state;
	x ^= x << 13;
	x ^= x >>> 17;
	x ^= x << 5;
	return x >>> 0;
}
