// Where the sensors sit, from the middle of the rear axle on the ground: axes as in REP 103.
import type { Pinhole } from "@saccade/perception";
import type { CameraOptions } from "./camera.ts";

export interface Mount {
	readonly aheadM: number;
	readonly heightM: number;
}

export const LIDAR_MOUNT: Mount = { aheadM: 1.3, heightM: 1.8 };
export const CAMERA_MOUNT: Mount = { aheadM: 1.7, heightM: 1.5 };

/** From the sensor's frame to the vehicle's, as `transformPoints` takes it. */
export function mountTransform({ aheadM, heightM }: Mount): Float64Array {
	return Float64Array.of(1, 0, 0, aheadM, 0, 1, 0, 0, 0, 0, 1, heightM);
}

/** The camera as perception takes it: level, looking ahead, without distortion. */
export function pinholeOf(
	{ width, height, focalPx, centreX, centreY }: CameraOptions,
	{ aheadM, heightM }: Mount,
): Pinhole {
	return {
		widthPx: width,
		heightPx: height,
		focalXPx: focalPx,
		focalYPx: focalPx,
		centreXPx: centreX,
		centreYPx: centreY,
		// Right is −y of the vehicle, down is −z, and ahead is x.
		mount: Float64Array.of(0, 0, 1, aheadM, -1, 0, 0, 0, 0, -1, 0, heightM),
	};
}
