// Where the vehicle is, from one frame to the next: speed and turn rate are taken as constant between (a mean of both
// ends), which is what one reading a frame can tell.
import {
	createRotatedDetections,
	type EgoState,
	ROTATED_BOX_STRIDE,
	type RotatedDetections,
} from "@saccade/perception";

/** After a longer silence the vehicle is taken to have stood. */
const LONGEST_GAP_S = 1;
/** Slower than this, speed tells no curvature. */
const MIN_SPEED_MPS = 1;

export class EgoMotion {
	readonly #placed: RotatedDetections;
	#timeS = Number.NaN;
	#xM = 0;
	#yM = 0;
	#yawRad = 0;
	#speedMps = 0;
	#yawRateRadps = 0;

	constructor(capacity: number) {
		this.#placed = createRotatedDetections(capacity);
	}

	/** Goes on to `timeS`; the boxes of the vehicle's frame there, in the frame that stays. Valid until the next. */
	place(
		boxes: RotatedDetections,
		timeS: number,
		speedMps: number,
		yawRateRadps: number,
	): RotatedDetections {
		const placed = this.#placed;
		const count = Math.min(boxes.count, placed.scores.length);
		this.#goOn(timeS, speedMps, yawRateRadps);
		const cos = Math.cos(this.#yawRad);
		const sin = Math.sin(this.#yawRad);
		placed.count = count;
		placed.rotatedBoxes.set(
			boxes.rotatedBoxes.subarray(0, ROTATED_BOX_STRIDE * count),
		);
		placed.scores.set(boxes.scores.subarray(0, count));
		placed.classIds.set(boxes.classIds.subarray(0, count));
		for (let i = 0; i < count; i++) {
			const at = ROTATED_BOX_STRIDE * i;
			const x = boxes.rotatedBoxes[at]!;
			const y = boxes.rotatedBoxes[at + 1]!;
			placed.rotatedBoxes[at] = this.#xM + cos * x - sin * y;
			placed.rotatedBoxes[at + 1] = this.#yM + sin * x + cos * y;
			placed.rotatedBoxes[at + 4] = boxes.rotatedBoxes[at + 4]! + this.#yawRad;
		}
		return placed;
	}

	state(timeS: number): EgoState {
		const speedMps = this.#speedMps;
		const isMoving = Math.abs(speedMps) > MIN_SPEED_MPS;
		return {
			timeS,
			xM: this.#xM,
			yM: this.#yM,
			yawRad: this.#yawRad,
			speedMps,
			curvaturePerM: isMoving ? this.#yawRateRadps / speedMps : 0,
		};
	}

	#goOn(timeS: number, speedMps: number, yawRateRadps: number): void {
		const dtS = timeS - this.#timeS;
		if (dtS > 0 && dtS <= LONGEST_GAP_S) {
			const turn = (dtS * (this.#yawRateRadps + yawRateRadps)) / 2;
			const step = (dtS * (this.#speedMps + speedMps)) / 2;
			this.#xM += step * Math.cos(this.#yawRad + turn / 2);
			this.#yM += step * Math.sin(this.#yawRad + turn / 2);
			this.#yawRad += turn;
		}
		// A late frame moves nothing: the tracker leaves it out.
		if (dtS < 0) return;
		this.#timeS = timeS;
		this.#speedMps = speedMps;
		this.#yawRateRadps = yawRateRadps;
	}
}
