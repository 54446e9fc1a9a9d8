// The vehicle that the decisions steer. It keeps to the middle of its lane; how fast is what the commands say, within
// what brakes, engine and tyres give.
import { createPose, type Pose } from "../world/pose.ts";
import type { Footprint } from "../world/rectangles.ts";
import { type Road, STREET } from "../world/road.ts";

/** From the middle of the rear axle, on the ground, to the outside. */
export const VEHICLE_SHAPE = { frontM: 3.7, rearM: 0.9, widthM: 1.85 } as const;

const LANE_M = -STREET.laneOffsetM;
const MAX_BRAKE_MPS2 = 8;
const MAX_GAIN_MPS2 = 2;
/** Time constant of brakes and engine. */
const LAG_S = 0.12;
/** How far the nose dips per m/s² of braking, and the body leans per m/s² sideways. */
const PITCH_PER_MPS2 = 0.0012;
const ROLL_PER_MPS2 = 0.0015;

export class Vehicle {
	/** Of the rear axle. */
	readonly pose: Pose = createPose();
	readonly footprint: Footprint;
	/** Along the road. */
	alongM = 0;
	/** Along its own path since the start. */
	progressM = 0;
	speedMps: number;
	accelerationMps2 = 0;
	yawRateRadps = 0;
	readonly #road: Road;
	readonly #middle: Pose = createPose();

	constructor(road: Road, speedMps: number) {
		this.#road = road;
		this.speedMps = speedMps;
		this.footprint = {
			pose: this.#middle,
			lengthM: VEHICLE_SHAPE.frontM + VEHICLE_SHAPE.rearM,
			widthM: VEHICLE_SHAPE.widthM,
		};
		this.#place();
	}

	/** Of its own path: the line of the road, moved to the lane. */
	get curvaturePerM(): number {
		const line = this.#road.curvatureAt(this.alongM);
		return line / (1 - line * LANE_M);
	}

	get pitchRise(): number {
		return -PITCH_PER_MPS2 * this.accelerationMps2;
	}

	get rollRise(): number {
		return ROLL_PER_MPS2 * this.yawRateRadps * this.speedMps;
	}

	/** Goes on for `stepS` seconds towards the wished acceleration. */
	step(stepS: number, wishMps2: number): void {
		const possible = Math.max(
			-MAX_BRAKE_MPS2,
			Math.min(MAX_GAIN_MPS2, wishMps2),
		);
		this.accelerationMps2 +=
			(possible - this.accelerationMps2) * Math.min(1, stepS / LAG_S);
		const before = this.speedMps;
		this.speedMps = Math.max(0, before + stepS * this.accelerationMps2);
		// Who stands is held by the brakes, and does not slide on.
		if (this.speedMps === 0)
			this.accelerationMps2 = Math.max(0, this.accelerationMps2);
		const stepM = ((before + this.speedMps) / 2) * stepS;
		this.progressM += stepM;
		this.alongM += stepM / (1 - this.#road.curvatureAt(this.alongM) * LANE_M);
		this.#place();
	}

	/** Where its path goes on: the place `aheadM` along it from here, nearly. */
	pathAt(aheadM: number, into: Pose): void {
		const stretch =
			1 - this.#road.curvatureAt(this.alongM + aheadM / 2) * LANE_M;
		this.#road.poseAt(this.alongM + aheadM / stretch, LANE_M, into);
	}

	#place(): void {
		const { pose } = this;
		this.#road.poseAt(this.alongM, LANE_M, pose);
		this.yawRateRadps = this.curvaturePerM * this.speedMps;
		const middleM = (VEHICLE_SHAPE.frontM - VEHICLE_SHAPE.rearM) / 2;
		this.#middle.xM = pose.xM + middleM * Math.cos(pose.yawRad);
		this.#middle.yM = pose.yM + middleM * Math.sin(pose.yawRad);
		this.#middle.yawRad = pose.yawRad;
	}
}
