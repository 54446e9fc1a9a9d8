// What things look like to a sensor: a few upright boxes each, with a colour and how much of a laser's light comes back.
import type { Random } from "../random.ts";

/** What a detector tells apart, in the order of its classes. */
export const OBJECT_CLASSES = ["car", "cyclist", "pedestrian"] as const;
export type ObjectClass = (typeof OBJECT_CLASSES)[number];
/** Clutter is everything that is none of them. */
export type AgentKind = ObjectClass | "clutter";

/** 0 … 255 each. */
type Rgb = readonly [red: number, green: number, blue: number];

/** An upright box, placed along the axis of its agent. */
interface BoxPart {
	/** Its centre, ahead of the agent's. */
	readonly aheadM: number;
	readonly lengthM: number;
	readonly widthM: number;
	readonly bottomM: number;
	readonly topM: number;
	readonly colour: Rgb;
	/** 0 … 1. */
	readonly reflectivity: number;
}

export interface Shape {
	readonly kind: AgentKind;
	readonly lengthM: number;
	readonly widthM: number;
	readonly heightM: number;
	readonly parts: readonly BoxPart[];
}

const VAN_SHARE = 0.12;
const GLASS: Rgb = [52, 62, 74];

export function carShape(random: Random): Shape {
	return random.chance(VAN_SHARE) ? vanShape(random) : saloonShape(random);
}

function saloonShape(random: Random): Shape {
	const lengthM = random.between(3.7, 5.1);
	const widthM = random.between(1.65, 1.95);
	const heightM = random.between(1.4, 1.65);
	const waistM = random.between(0.75, 0.95);
	const colour = paint(random);
	const reflectivity = random.between(0.15, 0.6);
	return {
		kind: "car",
		lengthM,
		widthM,
		heightM,
		parts: [
			box({
				lengthM,
				widthM,
				bottomM: 0.2,
				topM: waistM,
				colour,
				reflectivity,
			}),
			box({
				aheadM: -random.between(0.02, 0.1) * lengthM,
				lengthM: random.between(0.45, 0.62) * lengthM,
				widthM: 0.88 * widthM,
				bottomM: waistM,
				topM: heightM,
				colour: GLASS,
				reflectivity: 0.15,
			}),
		],
	};
}

function vanShape(random: Random): Shape {
	const lengthM = random.between(4.9, 6.5);
	const widthM = random.between(1.9, 2.1);
	const heightM = random.between(1.9, 2.6);
	const noseM = random.between(0.12, 0.22) * lengthM;
	const colour = paint(random);
	const reflectivity = random.between(0.2, 0.6);
	const common = { widthM, bottomM: 0.25, colour, reflectivity };
	return {
		kind: "car",
		lengthM,
		widthM,
		heightM,
		parts: [
			box({
				...common,
				aheadM: -noseM / 2,
				lengthM: lengthM - noseM,
				topM: heightM,
			}),
			box({
				...common,
				aheadM: (lengthM - noseM) / 2,
				lengthM: noseM,
				topM: 0.5 * heightM,
			}),
		],
	};
}

export function cyclistShape(random: Random): Shape {
	const lengthM = random.between(1.65, 1.9);
	const widthM = random.between(0.5, 0.65);
	const heightM = random.between(1.6, 1.85);
	const clothes = paint(random);
	return {
		kind: "cyclist",
		lengthM,
		widthM,
		heightM,
		parts: [
			box({
				lengthM,
				widthM: 0.14,
				bottomM: 0,
				topM: 0.95,
				colour: [38, 38, 42],
				reflectivity: 0.25,
			}),
			box({
				aheadM: -0.1,
				lengthM: 0.6,
				widthM,
				bottomM: 0.7,
				topM: heightM - 0.28,
				colour: clothes,
				reflectivity: random.between(0.2, 0.6),
			}),
			head(-0.05, heightM),
		],
	};
}

export function pedestrianShape(random: Random): Shape {
	const sizeM = random.between(0.52, 0.68);
	const heightM = random.between(1.45, 1.9);
	const hipM = 0.48 * heightM;
	const reflectivity = random.between(0.2, 0.6);
	return {
		kind: "pedestrian",
		lengthM: sizeM,
		widthM: sizeM,
		heightM,
		parts: [
			box({
				lengthM: 0.75 * sizeM,
				widthM: 0.75 * sizeM,
				bottomM: 0,
				topM: hipM,
				colour: random.chance(0.6) ? [46, 50, 70] : paint(random),
				reflectivity,
			}),
			box({
				lengthM: sizeM,
				widthM: sizeM,
				bottomM: hipM,
				topM: heightM - 0.28,
				colour: paint(random),
				reflectivity,
			}),
			head(0, heightM),
		],
	};
}

/** A post, a trunk with its crown, a bin or a bush: what stands on a pavement and is none of the three. */
export function clutterShape(random: Random): Shape {
	const roll = random.next();
	if (roll < 0.3) return postShape(random);
	if (roll < 0.55) return treeShape(random);
	if (roll < 0.78)
		return blockShape(
			[random.between(0.45, 0.8), random.between(0.45, 0.8)],
			random.between(0.8, 1.25),
			random.chance(0.5) ? [60, 84, 60] : [90, 90, 96],
		);
	return blockShape(
		[random.between(0.8, 2.2), random.between(0.7, 1.3)],
		random.between(0.5, 1.4),
		[58, 100 + 40 * random.next(), 52],
	);
}

export function wallShape(random: Random): Shape {
	return blockShape(
		[random.between(4, 12), 0.3],
		random.between(0.8, 2.2),
		[150, 140, 130],
	);
}

export function buildingShape(random: Random): Shape {
	const grey = random.between(110, 210);
	return blockShape(
		[random.between(8, 20), random.between(6, 10)],
		random.between(4, 13),
		[grey, grey * random.between(0.8, 1), grey * random.between(0.7, 1)],
	);
}

function postShape(random: Random): Shape {
	const sizeM = random.between(0.15, 0.28);
	return blockShape([sizeM, sizeM], random.between(2.2, 7), [130, 130, 134]);
}

function treeShape(random: Random): Shape {
	const sizeM = random.between(0.22, 0.55);
	const crownM = random.between(1.6, 3);
	const bottomM = random.between(2.3, 3.2);
	const trunk = blockShape([sizeM, sizeM], bottomM, [92, 70, 52]);
	const crown = box({
		lengthM: crownM,
		widthM: crownM,
		bottomM,
		topM: bottomM + random.between(1.5, 3),
		colour: [52, 110 + 30 * random.next(), 48],
		reflectivity: 0.4,
	});
	return { ...trunk, parts: [...trunk.parts, crown] };
}

function blockShape(
	[lengthM, widthM]: readonly [number, number],
	heightM: number,
	colour: Rgb,
): Shape {
	const part = { lengthM, widthM, bottomM: 0, topM: heightM, colour };
	return {
		kind: "clutter",
		lengthM,
		widthM,
		heightM,
		parts: [box({ ...part, reflectivity: 0.35 })],
	};
}

function head(aheadM: number, heightM: number): BoxPart {
	return box({
		aheadM,
		lengthM: 0.22,
		widthM: 0.2,
		bottomM: heightM - 0.28,
		topM: heightM,
		colour: [206, 160, 132],
		reflectivity: 0.5,
	});
}

function box(
	part: Omit<BoxPart, "aheadM"> & { readonly aheadM?: number },
): BoxPart {
	return { aheadM: 0, ...part };
}

const PAINTS: readonly Rgb[] = [
	[210, 212, 216],
	[38, 40, 44],
	[120, 124, 130],
	[168, 32, 36],
	[32, 66, 140],
	[40, 110, 72],
	[214, 180, 60],
	[150, 90, 50],
];

function paint(random: Random): Rgb {
	const [red, green, blue] = PAINTS[random.below(PAINTS.length)]!;
	const shade = random.between(0.8, 1.15);
	return [red * shade, green * shade, blue * shade];
}
