// When requests arrive, decided before anything is sent: what the server does changes nothing of it. Instants are in
// µs from the start, ascending, without end.
import { mulberry32 } from "./random.ts";

export type Arrivals =
	/** Independent of each other: gaps are exponential. */
	{ readonly kind: "poisson"; readonly ratePerSecond: number } | CameraArrivals;

/** As frames come: of each camera at a fixed period, of different cameras at phases that have nothing to do with each other. */
export interface CameraArrivals {
	readonly kind: "cameras";
	readonly cameraCount: number;
	readonly framesPerSecond: number;
	/** Each frame is late by up to so much of the period: exposure and transfer vary. @default 0.02 */
	readonly jitter?: number;
}

const JITTER = 0.02;

export function ratePerSecond(arrivals: Arrivals): number {
	return arrivals.kind === "poisson"
		? arrivals.ratePerSecond
		: arrivals.cameraCount * arrivals.framesPerSecond;
}

export function arrivalsUs(
	arrivals: Arrivals,
	seed: number,
): Generator<number, never> {
	return arrivals.kind === "poisson"
		? poissonArrivals(arrivals.ratePerSecond, seed)
		: cameraArrivals(arrivals, seed);
}

function* poissonArrivals(
	ratePerSecond: number,
	seed: number,
): Generator<number, never> {
	const random = mulberry32(seed);
	const meanGapUs = 1e6 / ratePerSecond;
	for (let atUs = 0; ; ) {
		// 1 − x is never 0.
		atUs -= Math.log(1 - random()) * meanGapUs;
		yield atUs;
	}
}

function* cameraArrivals(
	{ cameraCount, framesPerSecond, jitter = JITTER }: CameraArrivals,
	seed: number,
): Generator<number, never> {
	const random = mulberry32(seed);
	const periodUs = 1e6 / framesPerSecond;
	const phasesUs = Array.from(
		{ length: cameraCount },
		() => random() * periodUs,
	);
	let waiting: number[] = [];
	for (let frame = 0; ; frame++) {
		for (const phaseUs of phasesUs)
			waiting.push(phaseUs + (frame + jitter * random()) * periodUs);
		waiting.sort((a, b) => a - b);
		// A later frame comes no earlier than this.
		const settledUs = (frame + 1) * periodUs;
		const late = waiting.findIndex((atUs) => atUs >= settledUs);
		const count = late < 0 ? waiting.length : late;
		yield* waiting.slice(0, count);
		waiting = waiting.slice(count);
	}
}
