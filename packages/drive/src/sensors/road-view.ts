// What the ground looks like from the vehicle: asphalt with its lines, the strip, pavements, grass. The line of the road is
// tabulated ahead of the vehicle, so that a pixel needs one look-up.
import { createPose, type Pose } from "../world/pose.ts";
import { type Road, STREET } from "../world/road.ts";

const STEP_M = 1;

export interface RoadView {
	/** Of the line, to the left of the sensor, at each step ahead. */
	readonly leftM: Float32Array;
	/** From the sensor along the road, at each step ahead. */
	readonly alongM: Float32Array;
	/** Cosine of the turn there: brings a distance to the left to one across the road. */
	readonly cos: Float32Array;
}

const pose: Pose = createPose();

export function createRoadView(rangeM: number): RoadView {
	const count = Math.ceil(rangeM / STEP_M) + 1;
	return {
		leftM: new Float32Array(count),
		alongM: new Float32Array(count),
		cos: new Float32Array(count),
	};
}

/** @param alongM of the vehicle on its road. */
export function viewRoad(
	road: Road,
	frame: { readonly xM: number; readonly yM: number; readonly yawRad: number },
	alongM: number,
	into: RoadView,
): void {
	const cosF = Math.cos(frame.yawRad);
	const sinF = Math.sin(frame.yawRad);
	let filled = 0;
	for (let s = alongM; filled < into.leftM.length; s += STEP_M / 2) {
		road.poseAt(s, 0, pose);
		const dx = pose.xM - frame.xM;
		const dy = pose.yM - frame.yM;
		const ahead = cosF * dx + sinF * dy;
		const isPast = s > alongM + 2 * STEP_M * into.leftM.length;
		if (ahead < filled * STEP_M && !isPast) continue;
		into.leftM[filled] = cosF * dy - sinF * dx;
		into.alongM[filled] = s;
		into.cos[filled] = Math.cos(pose.yawRad - frame.yawRad);
		filled++;
	}
}

const DASH_M = 6;

/** The colour of the ground at a place ahead and to the left of the sensor. */
export function writeGround(
	view: RoadView,
	aheadM: number,
	leftM: number,
	rgb: Float32Array,
): void {
	const last = view.leftM.length - 2;
	const i = Math.min(last, Math.max(0, Math.floor(aheadM / STEP_M)));
	const share = aheadM / STEP_M - i;
	const lineM = view.leftM[i]! + share * (view.leftM[i + 1]! - view.leftM[i]!);
	const offsetM = (leftM - lineM) * view.cos[i]!;
	const sideM = Math.abs(offsetM);
	const alongM = view.alongM[i]! + aheadM - i * STEP_M;
	if (sideM > STREET.kerbOffsetM + STREET.pavementWidthM) {
		rgb[0] = 92;
		rgb[1] = 120;
		rgb[2] = 72;
		return;
	}
	// Not `fill`, which costs more than the rest for three numbers.
	const grey = greyAt(sideM, alongM);
	rgb[0] = grey;
	rgb[1] = grey;
	rgb[2] = grey;
}

/** Of everything that is paved: the lines, the lanes, the strip beside them, the pavement. */
function greyAt(sideM: number, alongM: number): number {
	if (sideM < 0.08 && alongM % DASH_M < DASH_M / 2) return 214;
	if (Math.abs(sideM - STREET.laneWidthM) < 0.07) return 200;
	if (sideM > STREET.kerbOffsetM) return 150;
	return sideM > STREET.laneWidthM ? 96 : 84;
}
