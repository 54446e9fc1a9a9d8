// The ceiling of a model: its runs in a plain loop through the same C API, in a process of its own, at the best of
// a sweep over batch sizes and layouts.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { modelFile, modelMaxBatch } from "./models.ts";
import type { Workload } from "./workloads.ts";

const script = fileURLToPath(new URL("plain-loop-process.ts", import.meta.url));

export interface PlainSetting {
	readonly batch: number;
	/** Of one run. */
	readonly threads: number;
	/** Runs side by side. */
	readonly lanes: number;
}

const SWEEP_SECONDS = 1;
const SMALL_BATCHES = [1, 8, 32];

/** @param maxBatch the model's own limit, tried too: what is called the best rate must be it */
export function plainCandidates(
	batching: "best-batch" | "batch-1",
	maxBatch: number,
	cores: number,
): PlainSetting[] {
	const batches =
		batching === "batch-1"
			? [1]
			: [...SMALL_BATCHES.filter((size) => size < maxBatch), maxBatch];
	// Twice as many lanes as cores: where the system puts two runs on one core, another one has the core that is left.
	return batches.flatMap((batch) => [
		{ batch, threads: 1, lanes: cores },
		{ batch, threads: 1, lanes: 2 * cores },
		{ batch, threads: cores, lanes: 1 },
	]);
}

/** Rows per second at the best of `candidates`, found once. */
export class PlainLoop {
	readonly #workload: Workload;
	readonly #best: PlainSetting;

	constructor(
		workload: Workload,
		batching: "best-batch" | "batch-1",
		cores: number,
	) {
		this.#workload = workload;
		const candidates = plainCandidates(
			batching,
			modelMaxBatch(workload),
			cores,
		);
		const rates = candidates.map((one) => this.#run(one, SWEEP_SECONDS));
		this.#best = candidates[rates.indexOf(Math.max(...rates))]!;
	}

	get setting(): string {
		const { batch, threads, lanes } = this.#best;
		return `batch ${batch}, ${lanes} lane(s) x ${threads} thread(s)`;
	}

	measure(seconds: number): number {
		return this.#run(this.#best, seconds);
	}

	#run({ batch, threads, lanes }: PlainSetting, seconds: number): number {
		const { inputShape, outputShape } = this.#workload.model;
		const withBatch = (shape: readonly number[]) =>
			[batch, ...shape.slice(1)].join(",");
		const output = execFileSync(
			process.execPath,
			[
				"-C",
				"source",
				script,
				modelFile(this.#workload),
				withBatch(inputShape),
				withBatch(outputShape),
				String(threads),
				String(lanes),
				String(seconds),
			],
			{ encoding: "utf8", env: { ...process.env, UV_THREADPOOL_SIZE: "8" } },
		);
		return Number(output.trim());
	}
}
