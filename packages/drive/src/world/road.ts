// The road as a line: curvature changes linearly along it from one bend to the next, as surveyors lay out roads
// (clothoids), and is sampled every metre. A place is a distance along the line and an offset to its left.
import type { Random } from "../random.ts";
import type { Pose } from "./pose.ts";

/** Offsets to the left of the line that parts the two directions; the vehicle drives on the right of it. */
export const STREET = {
	laneWidthM: 3.5,
	laneOffsetM: 1.75,
	/** Between the lane and what is parked, where bicycles ride. */
	stripOffsetM: 4.3,
	parkingOffsetM: 6.3,
	kerbOffsetM: 7.4,
	pavementWidthM: 3.2,
	buildingOffsetM: 12,
} as const;

const MIN_RADIUS_M = 60;
/** About as far as it turns from where it began, which keeps it from crossing itself. */
const MAX_HEADING_RAD = 1;
const SAMPLE_M = 1;

export class Road {
	/** Where it begins and ends; the vehicle begins at 0. */
	readonly fromM: number;
	readonly toM: number;
	readonly #xM: Float64Array;
	readonly #yM: Float64Array;
	readonly #yawRad: Float64Array;
	readonly #curvaturePerM: Float64Array;

	constructor(random: Random, fromM: number, toM: number) {
		this.fromM = fromM;
		this.toM = toM;
		const count = Math.ceil((toM - fromM) / SAMPLE_M) + 1;
		this.#xM = new Float64Array(count);
		this.#yM = new Float64Array(count);
		this.#yawRad = new Float64Array(count);
		this.#curvaturePerM = new Float64Array(count);
		this.#layOut(random, count);
	}

	/** Fills `into` with a place on the road; beyond its ends it goes on straight. */
	poseAt(alongM: number, offsetM: number, into: Pose): void {
		const last = this.#xM.length - 1;
		const at = (alongM - this.fromM) / SAMPLE_M;
		const i = Math.max(0, Math.min(last - 1, Math.floor(at)));
		const share = Math.max(0, Math.min(1, at - i));
		const beyondM = (at - i - share) * SAMPLE_M;
		const yaw =
			this.#yawRad[i]! + share * (this.#yawRad[i + 1]! - this.#yawRad[i]!);
		const cos = Math.cos(yaw);
		const sin = Math.sin(yaw);
		const x = this.#xM[i]! + share * (this.#xM[i + 1]! - this.#xM[i]!);
		const y = this.#yM[i]! + share * (this.#yM[i + 1]! - this.#yM[i]!);
		into.xM = x + beyondM * cos - offsetM * sin;
		into.yM = y + beyondM * sin + offsetM * cos;
		into.yawRad = yaw;
	}

	/** Of the line itself; positive to the left. */
	curvatureAt(alongM: number): number {
		const last = this.#xM.length - 1;
		const at = (alongM - this.fromM) / SAMPLE_M;
		if (at < 0 || at >= last) return 0;
		const i = Math.floor(at);
		const from = this.#curvaturePerM[i]!;
		return from + (at - i) * (this.#curvaturePerM[i + 1]! - from);
	}

	#layOut(random: Random, count: number): void {
		let curvature = 0;
		let target = 0;
		let perMetre = 0;
		let leftM = 0;
		let heading = 0;
		let x = this.fromM;
		let y = 0;
		for (let i = 0; i < count; i++) {
			if (leftM <= 0) {
				leftM = random.between(25, 80);
				target = nextCurvature(random, heading, leftM);
				perMetre = (target - curvature) / leftM;
			}
			this.#xM[i] = x;
			this.#yM[i] = y;
			this.#yawRad[i] = heading;
			this.#curvaturePerM[i] = curvature;
			const middle = heading + (curvature * SAMPLE_M) / 2;
			x += SAMPLE_M * Math.cos(middle);
			y += SAMPLE_M * Math.sin(middle);
			curvature += perMetre * SAMPLE_M;
			heading += curvature * SAMPLE_M;
			leftM -= SAMPLE_M;
		}
	}
}

/** Straight, or a bend that does not turn too far. */
function nextCurvature(
	random: Random,
	heading: number,
	lengthM: number,
): number {
	const isStraight = random.chance(0.3);
	const size = random.between(0.1, 1) ** 2 / MIN_RADIUS_M;
	const side = random.chance(0.5) ? 1 : -1;
	const leftRad = MAX_HEADING_RAD - side * heading;
	return isStraight ? 0 : side * Math.min(size, leftRad / lengthM);
}
