// Points for eyes: 16 bits a coordinate, 8 for the intensity, which is a third of what they take as numbers.
import { POINT_STRIDE, type Points } from "@saccade/perception";
import { CLOUD_POINT_BYTES } from "@saccade/protocol/console";

const FINEST_STEP_M = 0.01;
const MAX_INT16 = 32_767;

export interface QuantisedCloud {
	readonly bytes: Uint8Array;
	readonly count: number;
	/** Metres of one step. */
	readonly stepM: number;
}

/** Of more than `most` points, every so many-th. */
export function quantiseCloud(
	{ count: total, xyzi }: Points,
	most: number,
): QuantisedCloud {
	const every = Math.max(1, Math.ceil(total / most));
	const count = Math.ceil(total / every);
	const bytes = new Uint8Array(CLOUD_POINT_BYTES * count);
	const coordinates = new Int16Array(bytes.buffer, 0, 3 * count);
	const intensities = bytes.subarray(6 * count);
	let farthestM = 0;
	let brightest = 0;
	for (let i = 0; i < total; i += every) {
		const at = POINT_STRIDE * i;
		for (let axis = 0; axis < 3; axis++) {
			const distanceM = Math.abs(xyzi[at + axis]!);
			if (distanceM > farthestM) farthestM = distanceM;
		}
		if (xyzi[at + 3]! > brightest) brightest = xyzi[at + 3]!;
	}
	const stepM = Math.max(FINEST_STEP_M, farthestM / MAX_INT16);
	const perStep = 1 / stepM;
	// Data sets count intensity to 1 or to 255.
	const perIntensity = brightest > 1 ? 255 / Math.max(brightest, 1) : 255;
	for (let i = 0, to = 0; i < total; i += every, to++) {
		const at = POINT_STRIDE * i;
		for (let axis = 0; axis < 3; axis++)
			coordinates[3 * to + axis] = Math.round(xyzi[at + axis]! * perStep);
		intensities[to] = Math.max(0, xyzi[at + 3]! * perIntensity);
	}
	return { bytes, count, stepM };
}
