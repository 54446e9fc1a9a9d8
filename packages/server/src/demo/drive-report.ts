// What came of a drive, in numbers that a program can read, and which promises they keep.
import { OUTCOMES, type Outcome } from "@saccade/protocol";

export interface KeptPromise {
	readonly name: string;
	/** What was promised, as a person reads it. */
	readonly target: string;
	readonly value: number;
	readonly held: boolean;
}

export interface Latencies {
	readonly p50: number;
	readonly p99: number;
	readonly p999: number;
}

export interface SensorReport {
	/** That ended. */
	readonly frames: number;
	/** Share with a result within the deadline; null: it has none. */
	readonly inDeadline: number | null;
	readonly latencyMs: Latencies | null;
}

export interface DriveReport {
	readonly seconds: number;
	/** Driven before, and not counted. */
	readonly runInSeconds: number;
	/** Of all sensors. */
	readonly frames: number;
	readonly outcomes: Readonly<Record<Outcome, number>>;
	/** Of the frames that have a deadline: camera and LiDAR. */
	readonly inDeadline: number;
	/** From the sensor to the decision, as the vehicle saw it: results of camera and LiDAR. */
	readonly latencyMs: Latencies | null;
	readonly sensors: Readonly<Record<string, SensorReport>>;
	readonly collisions: number;
	/** How often the vehicle had to fall back to its safe command. */
	readonly silences: number;
	/** How long streets stood still because this machine could not draw them in time. */
	readonly pausedMs: number;
	readonly promises: readonly KeptPromise[];
}

export function noOutcomes(): Record<Outcome, number> {
	return Object.fromEntries(OUTCOMES.map((name) => [name, 0])) as Record<
		Outcome,
		number
	>;
}

export function promise(
	name: string,
	target: readonly ["at least" | "at most" | "exactly", number],
	value: number,
): KeptPromise {
	const [relation, bound] = target;
	const held =
		relation === "exactly"
			? value === bound
			: relation === "at least"
				? value >= bound
				: value <= bound;
	return { name, target: `${relation} ${bound}`, value, held };
}

/** By the nearest rank; null of nothing. */
export function latenciesOf(samplesMs: readonly number[]): Latencies | null {
	if (samplesMs.length === 0) return null;
	const sorted = Float64Array.from(samplesMs).sort();
	const at = (share: number) =>
		round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!);
	return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

export function round(value: number): number {
	return Math.round(1000 * value) / 1000;
}
