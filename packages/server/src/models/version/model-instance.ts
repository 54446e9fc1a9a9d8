// A model on one device: its session there, its lanes, and what its runs take. The session also makes the small run
// that tells whether the device works, and how fast it is when nothing ran on it lately.
import { DTYPE_BYTES } from "@saccade/protocol";
import type { Clock } from "../../common/clock.ts";
import type { Probe } from "../../devices/device-health.ts";
import type { LogicalDevice } from "../../devices/device-manager.ts";
import type { ModelConfig } from "../../repository/model-config.ts";
import type { Binding, Session } from "../../runtime/runtime.ts";
import { CostModel } from "../../scheduling/cost/cost-model.ts";
import type { ModelEntry } from "../entry.ts";
import { RunModeChooser } from "../execution/run-mode.ts";

/** Batch sizes whose run times are kept; larger ones are reckoned from these. */
const RUN_SIZES_TIMED = 4096;
/** A run is silent when it takes so many times what nine of ten take, but never sooner or later than this, in µs. */
const SILENT_FACTOR = 8;
const SILENT_FROM_US = 200_000;
const SILENT_UP_TO_US = 30_000_000;
/** Larger inputs are not made up for a probe. */
const MAX_PROBE_BYTES = 64 * 1024 * 1024;

export interface ModelInstanceOptions {
	readonly device: LogicalDevice;
	readonly session: Session;
	readonly laneCount: number;
	readonly threadCount?: number;
	readonly config: ModelConfig;
	readonly clock: Clock;
}

export class ModelInstance implements Probe {
	readonly device: LogicalDevice;
	readonly session: Session;
	readonly laneCount: number;
	readonly threadCount: number;
	readonly cost: CostModel;
	readonly runMode: RunModeChooser;
	readonly #config: ModelConfig;
	readonly #clock: Clock;
	#binding: Binding | null = null;
	/** Of the shortest run of one row while it was warmed, in µs; null: nobody ran one, or it is not over. */
	#warmRowUs: number | null = null;
	/** Of the last batch that it answered: by them a probe of a model of any shape is made. */
	#answered: ModelEntry["shapes"] | null = null;
	/** Who waits for the probe that is under way. */
	#probed: ((isAnswered: boolean) => void)[] = [];

	constructor(options: ModelInstanceOptions) {
		const { device, session, laneCount, config, clock } = options;
		this.device = device;
		this.session = session;
		this.laneCount = laneCount;
		this.threadCount = options.threadCount ?? 0;
		this.#config = config;
		this.#clock = clock;
		const maxRows = Math.max(config.maxBatchSize, 1);
		this.cost = new CostModel(maxRows);
		// What another device does is waited for off the event loop.
		const isOurs = device.device.kind === "cpu";
		this.runMode = new RunModeChooser(
			isOurs ? config.saccade.runMode : "offload",
			Math.min(maxRows, RUN_SIZES_TIMED),
		);
	}

	get warmRowUs(): number | null {
		return this.#warmRowUs;
	}

	/** Warm-up is over: from now on every run counts. */
	endCalibration(): void {
		const rowUs = this.cost.likelyUs(1);
		this.#warmRowUs = rowUs > 0 ? rowUs : null;
		this.runMode.endCalibration();
		this.cost.endCalibration();
	}

	/** µs after which a run of `rows` is silent. */
	limitUs(rows = 1): number {
		const safeUs = this.cost.safeUs(rows);
		if (safeUs === 0) return SILENT_UP_TO_US;
		const limitUs = Math.max(SILENT_FACTOR * safeUs, SILENT_FROM_US);
		return Math.min(limitUs, SILENT_UP_TO_US);
	}

	/** A batch of such inputs was answered, and kept its lane for `us` until then. */
	answered(
		{ shapes }: Pick<ModelEntry, "shapes">,
		rows: number,
		us: number,
		endUs: number,
	): void {
		this.#answered = shapes;
		this.cost.observe(rows, us, endUs);
	}

	/** A batch ended after `us` without answers. */
	stopped(rows: number, us: number, endUs: number): void {
		this.cost.observeStopped(rows, us, endUs);
	}

	/**
	 * One row of zeros. A model of any shape that has answered nothing yet passes, and so does one of texts: their
	 * requests will tell.
	 */
	run(done: (isAnswered: boolean) => void): void {
		this.#probed.push(done);
		if (this.#probed.length > 1) return;
		const startUs = this.#clock.nowUs();
		try {
			this.#binding ??= this.#bind();
			if (this.#binding === null) {
				this.#tell(true);
				return;
			}
			this.#binding.run("offload", (error) => {
				const endUs = this.#clock.nowUs();
				if (error === null) this.cost.observe(1, endUs - startUs, endUs);
				this.#tell(error === null);
			});
		} catch {
			this.#tell(false);
		}
	}

	/** Resolves when no probe is under way. */
	probesEnded(): Promise<void> {
		if (this.#probed.length === 0) return Promise.resolve();
		return new Promise((resolve) => this.run(() => resolve()));
	}

	#tell(isAnswered: boolean): void {
		const waiting = this.#probed;
		this.#probed = [];
		for (const done of waiting) done(isAnswered);
	}

	#bind(): Binding | null {
		const isBatched = this.#config.maxBatchSize > 0;
		const { inputs, outputs } = this.session;
		const shapes = inputs.map(({ shape: declared }, index) => {
			const shape = this.#answered === null ? declared : this.#answered[index]!;
			return isBatched && shape !== null ? [1, ...shape.slice(1)] : shape;
		});
		let bytes = 0;
		for (const [index, { dtype }] of inputs.entries()) {
			const shape = shapes[index] ?? null;
			if (shape === null) continue;
			if (dtype === "BYTES" || shape.includes(-1)) return null;
			bytes += shape.reduce((a, b) => a * b, DTYPE_BYTES[dtype]);
		}
		if (bytes > MAX_PROBE_BYTES) return null;
		return this.session.bind({
			inputShapes: shapes,
			outputShapes: outputs.map(() => null),
		});
	}
}
