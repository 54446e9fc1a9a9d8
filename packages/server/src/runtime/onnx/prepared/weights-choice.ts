// How a prepared model's weights are best held, from what was measured. Pure, so that it is tested with numbers alone.
import type { WeightsSetting } from "./entry-key.ts";
import type { Measured, Measurement, PreparedWeights } from "./manifest.ts";

/** Of the cost of runs: less is within what measuring it repeats. */
const NO_SLOWER = 1.05;
/** A load has to be so much shorter to be a gain by itself. */
const FASTER_LOAD = 0.8;
/** Weights that need not be in memory of each process are one. */
const LARGE_BYTES = 1024 * 1024;

export interface WeightsChoice {
	readonly weights: PreparedWeights;
	/** For people. */
	readonly because: string;
}

export function chooseWeights(
	setting: WeightsSetting,
	measurement: Measurement | null,
	tensorBytes: number,
): WeightsChoice {
	if (setting === "packed" || measurement === null)
		return { weights: "packed", because: "saccade.weights is packed" };
	const { plain, mapped, prepacked } = measurement;
	const choice = quickest(measurement);
	if (choice === null) {
		const slower = `runs take ${showRuns(mapped)} ms with mapped weights, ${showRuns(plain)} ms without`;
		return setting === "mapped"
			? { weights: "mapped", because: `${slower}; saccade.weights is mapped` }
			: { weights: "as-it-is", because: slower };
	}
	const chosen = choice.weights === "mapped" ? mapped : (prepacked ?? mapped);
	const isGain =
		tensorBytes >= LARGE_BYTES || chosen.loadMs <= FASTER_LOAD * plain.loadMs;
	if (setting === "auto" && !isGain)
		return {
			weights: "as-it-is",
			because: `no gain: it loads in ${ms(chosen.loadMs)} ms prepared, ${ms(plain.loadMs)} ms as it is, and has ${tensorBytes} bytes of large tensors`,
		};
	return choice;
}

/** Null: packing into memory of the process is faster. */
function quickest({
	plain,
	mapped,
	prepacked,
}: Measurement): WeightsChoice | null {
	if (mapped.runMs.length > 0 && isNoSlower(mapped, plain))
		return {
			weights: "mapped",
			because: `runs take ${showRuns(mapped)} ms without packing, ${showRuns(plain)} ms with it`,
		};
	if (prepacked === null) return null;
	if (prepacked.runMs.length === 0)
		return {
			weights: "prepacked",
			because: "no run could be made up, so kernels pack as they always do",
		};
	if (!isNoSlower(prepacked, plain)) return null;
	return {
		weights: "prepacked",
		because: `runs take ${showRuns(mapped)} ms without packing, ${showRuns(prepacked)} ms with what was packed before, ${showRuns(plain)} ms as it is`,
	};
}

function isNoSlower(one: Measured, other: Measured): boolean {
	return one.runMs.every(
		(value, index) => value <= NO_SLOWER * (other.runMs[index] ?? 0),
	);
}

function showRuns({ runMs }: Measured): string {
	return runMs.length === 0 ? "?" : runMs.map(ms).join(" and ");
}

function ms(value: number): string {
	return value.toFixed(value < 10 ? 2 : 0);
}
