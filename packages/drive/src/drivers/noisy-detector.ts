// A detector without a network: what the LiDAR hit, with errors of a stated size. For trying trackers and policies, and for
// saying which part of a bad drive is the network's.
import {
	createRotatedDetections,
	type RotatedDetections,
} from "@saccade/perception";
import { labelSweep } from "../judge/sweep-labels.ts";
import type { Random } from "../random.ts";
import type { Simulation } from "../simulation.ts";

export interface NoisyDetectorOptions {
	/** Fewer points are not seen. */
	readonly leastPoints: number;
	/** Deviation of a centre on either axis, at 0 m and more per metre of distance. */
	readonly deviationM: number;
	readonly deviationPerM: number;
	readonly yawDeviationRad: number;
	/** Share of the objects that a sweep misses. */
	readonly missShare: number;
	/** Mean number of boxes where nothing is, per sweep. */
	readonly falseCount: number;
}

const NOISY_DETECTOR: NoisyDetectorOptions = {
	leastPoints: 5,
	deviationM: 0.08,
	deviationPerM: 0.003,
	yawDeviationRad: 0.05,
	missShare: 0.05,
	falseCount: 0.1,
};

const CAPACITY = 192;
const REFERENCE_S = 0.05;

export function createNoisyDetector(
	simulation: Simulation,
	random: Random,
	options: NoisyDetectorOptions = NOISY_DETECTOR,
): () => RotatedDetections {
	const into = createRotatedDetections(CAPACITY);
	const add = (classId: number, box: readonly number[]) => {
		if (into.count === CAPACITY) return;
		const at = into.count++;
		into.classIds[at] = classId;
		into.scores[at] = random.between(0.5, 1);
		into.rotatedBoxes.set(box, 5 * at);
	};
	return () => {
		into.count = 0;
		for (const label of labelSweep(simulation, REFERENCE_S)) {
			const { xM, yM } = label;
			const isOnGrid = xM > -12.8 && xM < 51.2 && Math.abs(yM) < 32;
			if (!isOnGrid || label.pointCount < options.leastPoints) continue;
			if (random.chance(options.missShare)) continue;
			const deviation =
				options.deviationM + options.deviationPerM * Math.hypot(xM, yM);
			add(label.classId, [
				xM + deviation * random.normal(),
				yM + deviation * random.normal(),
				label.lengthM * (1 + 0.04 * random.normal()),
				label.widthM * (1 + 0.04 * random.normal()),
				label.yawRad + options.yawDeviationRad * random.normal(),
			]);
		}
		if (random.chance(options.falseCount))
			add(random.below(3), [
				random.between(0, 50),
				random.between(-12, 12),
				0.7,
				0.7,
				0,
			]);
		return into;
	};
}
