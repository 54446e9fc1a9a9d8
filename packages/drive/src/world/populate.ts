// Who is in the street when a drive begins. Densities differ from street to street; what would stand in another's place
// is left out, and so is what parks or stands where somebody will cross.
import type { Random } from "../random.ts";
import type { Agent } from "./agent.ts";
import { type Crossing, planCrossings } from "./populate-crossings.ts";
import { placeLaneTraffic } from "./populate-lanes.ts";
import { type Road, STREET } from "./road.ts";
import {
	buildingShape,
	carShape,
	clutterShape,
	pedestrianShape,
	wallShape,
} from "./shapes.ts";
import { createStreet, type Street } from "./street.ts";

/** Where a drive ends at the latest. */
const LAST_M = 420;
const FIRST_M = -110;
/** Nobody parks so close before or after where somebody crosses: he has to be seen coming. */
const SIGHT_BEFORE_M = 16;
const SIGHT_AFTER_M = 5;

export function populate(
	random: Random,
	road: Road,
	cruiseMps: number,
): Agent[] {
	const street = createStreet(road);
	const crossings = planCrossings(random.stream(10), cruiseMps);
	for (const { shape, motion } of crossings) street.add(shape, motion);
	placeLaneTraffic(random.stream(11), street, cruiseMps);
	placeParked(random.stream(12), street, crossings);
	placeWalkers(random.stream(13), street);
	placeClutter(random.stream(14), street, crossings);
	placeBuildings(random.stream(15), street);
	return street.agents;
}

function placeParked(
	random: Random,
	street: Street,
	crossings: readonly Crossing[],
): void {
	for (const side of [-1, 1]) {
		if (random.chance(0.25)) continue;
		const density = random.between(0.1, 0.9);
		for (let alongM = FIRST_M; alongM < LAST_M; ) {
			const shape = carShape(random);
			const at = alongM + shape.lengthM / 2;
			alongM += shape.lengthM + random.between(0.8, 2.5);
			const isKeptFree = crossings.some(({ motion }) =>
				isInSight(at, motion.alongM, side),
			);
			if (!random.chance(density) || isKeptFree) continue;
			street.addStill(shape, {
				alongM: at,
				offsetM: side * (STREET.parkingOffsetM + random.between(-0.15, 0.2)),
				turnRad:
					(random.chance(side < 0 ? 0.05 : 0.95) ? Math.PI : 0) +
					0.03 * random.normal(),
			});
		}
	}
}

/** The vehicle comes from below; what stands on the far side hides less. */
function isInSight(alongM: number, crossingM: number, side: number): boolean {
	const beforeM = crossingM - alongM;
	const needed = side < 0 ? SIGHT_BEFORE_M : SIGHT_BEFORE_M / 2;
	return beforeM > -SIGHT_AFTER_M && beforeM < needed;
}

/** Each in a track of his own, so that nobody meets anybody. */
function placeWalkers(random: Random, street: Street): void {
	const tracks = 4;
	const perTrack = random.between(0.5, 5);
	for (const side of [-1, 1])
		for (let track = 0; track < tracks; track++) {
			const direction = random.chance(0.5) ? 1 : -1;
			const wishMps = random.between(0.8, 1.7);
			const count = Math.round(perTrack * random.next());
			for (let i = 0; i < count; i++) {
				const stands = random.chance(0.2);
				const motion = {
					alongM: random.between(FIRST_M, LAST_M),
					offsetM: side * (STREET.kerbOffsetM + 0.5 + 0.75 * track),
				};
				const shape = pedestrianShape(random);
				if (stands)
					street.addStill(shape, {
						...motion,
						turnRad: random.between(-Math.PI, Math.PI),
					});
				else
					street.add(shape, {
						...motion,
						kind: "pavement",
						direction,
						wishMps,
						speedMps: wishMps,
					});
			}
		}
}

/** Outside the tracks of those who walk, and off the lines of those who cross. */
function placeClutter(
	random: Random,
	street: Street,
	crossings: readonly Crossing[],
): void {
	const per100M = random.between(3, 16);
	const count = Math.round((per100M * (LAST_M - FIRST_M)) / 100);
	for (let i = 0; i < count; i++) {
		const side = random.chance(0.5) ? 1 : -1;
		const shape = random.chance(0.9) ? clutterShape(random) : wallShape(random);
		const isLong = shape.lengthM > 3;
		const alongM = random.between(FIRST_M, LAST_M);
		const atKerb = !isLong && shape.widthM < 0.6 && random.chance(0.5);
		const offsetM =
			side *
			(atKerb
				? STREET.kerbOffsetM - 0.25
				: STREET.kerbOffsetM + STREET.pavementWidthM + random.between(0.3, 1));
		const isInTheWay = crossings.some(
			({ motion }) =>
				Math.abs(motion.alongM - alongM) < shape.lengthM / 2 + 1.2,
		);
		if (isInTheWay) continue;
		street.addStill(shape, {
			alongM,
			offsetM,
			turnRad: isLong ? 0 : random.between(0, Math.PI),
		});
	}
}

function placeBuildings(random: Random, street: Street): void {
	for (const side of [-1, 1]) {
		const density = random.between(0.1, 0.8);
		for (let alongM = FIRST_M; alongM < LAST_M + 80; ) {
			const shape = buildingShape(random);
			const at = alongM + shape.lengthM / 2;
			alongM += shape.lengthM + random.between(1, 12);
			if (!random.chance(density)) continue;
			const offsetM =
				side *
				(STREET.buildingOffsetM + random.between(0, 6) + shape.widthM / 2);
			street.addStill(shape, { alongM: at, offsetM });
		}
	}
}
