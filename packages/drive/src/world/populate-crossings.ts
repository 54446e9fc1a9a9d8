// Those who walk towards the street while the vehicle comes: some cross in its way, some stop at the kerb.
import type { Random } from "../random.ts";
import type { CrossingMotion } from "./agent.ts";
import { STREET } from "./road.ts";
import { pedestrianShape, type Shape } from "./shapes.ts";

export interface Crossing {
	readonly shape: Shape;
	readonly motion: CrossingMotion;
}

const FIRST_M = 45;
const LAST_M = 300;
/** Before he is in the vehicle's way he has walked for so long: less, and no driver could stop. */
const SEEN_WALKING_S = 3;
/** About the middle of the vehicle's lane. */
const LANE_M = -STREET.laneOffsetM;
const HALF_VEHICLE_M = 1;

export function planCrossings(random: Random, cruiseMps: number): Crossing[] {
	const count = 2 + random.below(5);
	const crossings: Crossing[] = [];
	for (let i = 0; i < count; i++) {
		const crossing = planOne(random, cruiseMps);
		const isNear = crossings.some(
			({ motion }) => Math.abs(motion.alongM - crossing.motion.alongM) < 3,
		);
		if (!isNear) crossings.push(crossing);
	}
	return crossings;
}

function planOne(random: Random, cruiseMps: number): Crossing {
	const shape = pedestrianShape(random);
	const side = random.chance(0.5) ? 1 : -1;
	const wishMps = random.between(0.8, 1.8);
	const alongM = random.between(FIRST_M, LAST_M);
	const stopsAtKerb = random.chance(0.25);
	const edgeM = LANE_M + side * HALF_VEHICLE_M;
	const leastM = Math.max(
		STREET.kerbOffsetM,
		Math.abs(edgeM) + SEEN_WALKING_S * wishMps,
	);
	const fromM = leastM + random.between(0, 3);
	const arrivalS = alongM / cruiseMps + random.between(-1.5, 1.5);
	return {
		shape,
		motion: {
			kind: "crossing",
			alongM,
			offsetM: side * fromM,
			toOffsetM: stopsAtKerb
				? side * random.between(4.6, 6.5)
				: -side * random.between(8, 11),
			wishMps,
			startsAtS: Math.max(
				0,
				arrivalS - Math.abs(side * fromM - LANE_M) / wishMps,
			),
			speedMps: 0,
		},
	};
}
