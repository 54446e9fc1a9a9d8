// Who drives: ahead of the vehicle, against it, and on bicycles.
import type { Random } from "../random.ts";
import type { LaneMotion } from "./agent.ts";
import { STREET } from "./road.ts";
import { carShape, cyclistShape } from "./shapes.ts";
import type { Street } from "./street.ts";

const LAST_M = 420;
const FIRST_M = -110;
/** To the next one ahead at the start: bumper to bumper, in seconds of its speed. */
const GAP_S = 1.6;

export function placeLaneTraffic(
	random: Random,
	street: Street,
	cruiseMps: number,
): void {
	placeAhead(random, street, cruiseMps);
	placeOncoming(random, street);
	placeCyclists(random, street);
}

function placeAhead(random: Random, street: Street, cruiseMps: number): void {
	const per100M = random.between(0.2, 2.4);
	let alongM = random.between(28, 60);
	while (alongM < LAST_M) {
		const wishMps = cruiseMps * random.between(0.35, 1.1);
		addDriver(random, street, {
			alongM,
			direction: 1,
			wishMps,
			stops: random.chance(0.4),
		});
		alongM += 12 + GAP_S * wishMps + exponential(random, 100 / per100M);
	}
}

function placeOncoming(random: Random, street: Street): void {
	const per100M = random.between(0.3, 3.5);
	let alongM = FIRST_M + random.between(0, 40);
	while (alongM < LAST_M) {
		const wishMps = random.between(6, 14);
		addDriver(random, street, {
			alongM,
			direction: -1,
			wishMps,
			stops: random.chance(0.1),
		});
		alongM += 12 + GAP_S * wishMps + exponential(random, 100 / per100M);
	}
}

function addDriver(
	random: Random,
	street: Street,
	driver: {
		readonly alongM: number;
		readonly direction: 1 | -1;
		readonly wishMps: number;
		readonly stops: boolean;
	},
): void {
	const { stops, ...place } = driver;
	const stopsFromS = stops ? random.between(-4, 16) : Number.POSITIVE_INFINITY;
	const stands = stopsFromS <= 0;
	street.add(carShape(random), {
		...place,
		kind: "lane",
		offsetM: -place.direction * (STREET.laneOffsetM + 0.15 * random.normal()),
		speedMps: stands ? 0 : place.wishMps * random.between(0.85, 1),
		stopsFromS,
		stopsUntilS: stopsFromS + random.between(3, 9),
		stopMps2: random.between(1.5, 5),
	});
}

/** In the strip beside the lane, or in the lane, where they have to be followed. */
function placeCyclists(random: Random, street: Street): void {
	const per100M = random.between(0, 2);
	const count = Math.round((per100M * (LAST_M - FIRST_M)) / 100);
	for (let i = 0; i < count; i++) {
		const direction = random.chance(0.6) ? 1 : -1;
		const isInLane = random.chance(0.2);
		const besideM = isInLane
			? random.between(2, 2.8)
			: STREET.stripOffsetM + random.between(-0.1, 0.3);
		const wishMps = random.between(2.8, 6.5);
		const motion: LaneMotion = {
			kind: "lane",
			alongM: random.between(isInLane ? 30 : FIRST_M, LAST_M),
			offsetM: -direction * besideM,
			direction,
			wishMps,
			speedMps: wishMps,
			stopsFromS: Number.POSITIVE_INFINITY,
			stopsUntilS: Number.POSITIVE_INFINITY,
			stopMps2: 2,
		};
		street.add(cyclistShape(random), motion);
	}
}

function exponential(random: Random, mean: number): number {
	return -mean * Math.log(1 - random.next());
}
