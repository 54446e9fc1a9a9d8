// One loaded version of a model: its session, its lanes, its scheduler and its counts.
import {
	DTYPE_BYTES,
	ERROR_CODES,
	type RefusalReason,
} from "@saccade/protocol";
import type { Clock } from "../common/clock.ts";
import { LoopTurns } from "../common/loop-turns.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { ModelConfig } from "../repository/model-config.ts";
import type { Session } from "../runtime/runtime.ts";
import { BatchScheduler } from "../scheduling/batch-scheduler.ts";
import { CostModel } from "../scheduling/cost-model.ts";
import { DeadlinePolicy } from "../scheduling/deadline-policy.ts";
import type { DeviceShare } from "../scheduling/device-arbiter.ts";
import { NO_QUEUE_POLICY } from "../scheduling/queue-policy.ts";
import type {
	ClosedBecause,
	RefusalDetail,
	SchedulerStats,
} from "../scheduling/scheduler.ts";
import { TritonPolicy } from "../scheduling/triton-policy.ts";
import { BatchExecutor } from "./batch-executor.ts";
import type { ModelEntry } from "./entry.ts";
import type { OutputLayout } from "./lane.ts";
import type { BatchStamps, ModelListener } from "./model-events.ts";
import { canFollow, type ModelState } from "./model-state.ts";
import { refusalError } from "./refusal-error.ts";
import { RunModeChooser } from "./run-mode.ts";
import { VersionStatistics } from "./statistics.ts";

/** Batch sizes whose run times are kept; larger ones are reckoned from these. */
const RUN_SIZES_TIMED = 4096;

/** `deadline`: earliest first, refused early when it cannot be met; `triton`: as Triton does. */
export type SchedulingPolicyName = "deadline" | "triton";

export interface ModelVersionOptions {
	readonly config: ModelConfig;
	readonly version: number;
	readonly session: Session;
	readonly clock: Clock;
	readonly laneCount: number;
	/** Of the device that other models use too; see `BatchSchedulerOptions`. */
	readonly share?: (wake: () => void) => DeviceShare;
	readonly policy: SchedulingPolicyName;
	readonly labels: ReadonlyMap<string, readonly string[]>;
	readonly loadedInUs: number;
}

export class ModelVersion {
	readonly config: ModelConfig;
	readonly version: number;
	readonly versionText: string;
	readonly session: Session;
	readonly labels: ReadonlyMap<string, readonly string[]>;
	/** Counts from `ready` on: warm-up is not service. */
	statistics = new VersionStatistics();
	readonly loadedInUs: number;
	/** Set by whoever counts. */
	listener: ModelListener | null = null;
	readonly #clock: Clock;
	readonly #runMode: RunModeChooser;
	readonly #cost: CostModel;
	readonly #executor: BatchExecutor;
	readonly #scheduler: BatchScheduler<ModelEntry>;
	readonly #turns: LoopTurns;
	#state: ModelState = { kind: "loading" };

	constructor(options: ModelVersionOptions) {
		const { config, session, clock } = options;
		this.config = config;
		this.version = options.version;
		this.versionText = String(options.version);
		this.session = session;
		this.labels = options.labels;
		this.loadedInUs = options.loadedInUs;
		this.#clock = clock;
		this.#turns = new LoopTurns({ nowUs: () => clock.nowUs() });
		this.#runMode = new RunModeChooser(
			config.saccade.runMode,
			Math.min(Math.max(config.maxBatchSize, 1), RUN_SIZES_TIMED),
		);
		const batched = config.maxBatchSize > 0;
		const dynamic = config.dynamicBatching;
		this.#cost = new CostModel(Math.max(config.maxBatchSize, 1));
		const rules = {
			maxRows: batched && dynamic !== null ? config.maxBatchSize : 1,
			preferredRows: preferredRows(config),
			maxDelayUs: dynamic?.maxQueueDelayUs ?? 0,
		};
		this.#executor = new BatchExecutor(
			{
				session,
				clock,
				batched,
				outputs: outputLayouts(config, session),
				runMode: this.#runMode,
				deadlinePassed: (entry) =>
					this.#endEarly(entry, stoppedAtDeadline(entry, clock.nowUs())),
				batchFinished: (batch, rows, closedBecause, stamps, error) =>
					this.#batchFinished(batch, rows, closedBecause, stamps, error),
			},
			options.laneCount,
		);
		this.#scheduler = new BatchScheduler<ModelEntry>({
			clock,
			executor: this.#executor,
			...(options.share && { share: options.share }),
			events: {
				refused: (entry, because, detail) =>
					this.#refused(entry, because, detail),
			},
			policy:
				options.policy === "triton"
					? new TritonPolicy(rules)
					: new DeadlinePolicy({
							rules,
							cost: this.#cost,
							objectiveUs: config.saccade.objectiveUs,
						}),
			maxRows: rules.maxRows,
			levels: dynamic?.levels ?? [NO_QUEUE_POLICY],
			defaultLevel: dynamic?.defaultLevel ?? 1,
			preserveOrdering: dynamic?.preserveOrdering ?? false,
			loopDelayUs: () => this.#turns.delayUs,
		});
	}

	get state(): ModelState {
		return this.#state;
	}

	get isReady(): boolean {
		return this.#state.kind === "ready";
	}

	/** The only place where the state changes. */
	setState(state: ModelState): void {
		if (!canFollow(this.#state, state))
			throw new SaccadeError(
				"INTERNAL",
				`a model version cannot go from ${this.#state.kind} to ${state.kind}`,
			);
		this.#state = state;
		if (state.kind !== "ready") return;
		this.#runMode.endCalibration();
		this.#cost.endCalibration();
		this.statistics = new VersionStatistics();
	}

	/** Why a request of this deadline would be refused if it came now; null when it may come. */
	foresee(deadlineUs: number): SaccadeError | null {
		this.#turns.touch();
		const refusal = this.#scheduler.foresee(deadlineUs);
		return refusal === null
			? null
			: refusalError(refusal.because, refusal.detail);
	}

	submit(entry: ModelEntry): void {
		this.#scheduler.submit(entry);
	}

	/** The caller left: dropped from the queue, or stopped when its whole batch is abandoned. Told as CANCELLED. */
	cancel(entry: ModelEntry): void {
		if (this.#scheduler.cancel(entry)) return;
		if (entry.state !== "running" || entry.endedAs !== null) return;
		this.#endEarly(
			entry,
			new SaccadeError("CANCELLED", "the request was cancelled while it ran"),
		);
		this.#executor.abandon(entry);
	}

	/** Counts a request for this version that ended before it was submitted; who refused it tells it. */
	turnedAway(error: SaccadeError, receivedUs: number): void {
		const totalUs = this.#clock.nowUs() - receivedUs;
		this.listener?.requestFinished(outcomeOf(error), 0, totalUs);
	}

	queueStats(): SchedulerStats {
		return this.#scheduler.stats();
	}

	/** Resolves when nothing waits and nothing runs. */
	idle(): Promise<void> {
		return this.#scheduler.idle();
	}

	/** Finishes what was accepted, then releases everything. */
	async unload(): Promise<void> {
		this.setState({ kind: "draining" });
		await this.#scheduler.drain();
		this.#release();
		this.setState({ kind: "unloaded" });
	}

	/** Gives up before `ready`. */
	fail(error: SaccadeError): void {
		this.setState({ kind: "failed", error });
		this.#release();
	}

	#release(): void {
		this.#scheduler.close();
		this.#executor.close();
		this.session.close();
	}

	#batchFinished(
		batch: readonly ModelEntry[],
		rows: number,
		closedBecause: ClosedBecause,
		stamps: BatchStamps,
		error: SaccadeError | null,
	): void {
		const { statistics, listener } = this;
		const endUs = stamps.splitEndUs;
		const laneUs = endUs - stamps.gatherStartUs;
		if (error === null) this.#cost.observe(rows, laneUs, endUs);
		else this.#cost.observeStopped(rows, laneUs, endUs);
		if (error === null) statistics.batchFinished(batch.length, rows, stamps);
		for (const entry of batch) {
			if (entry.endedAs !== null) continue;
			const queueUs = stamps.gatherStartUs - entry.enqueuedUs;
			const totalUs = endUs - entry.receivedUs;
			if (error === null) statistics.succeeded(queueUs, totalUs);
			else statistics.failed(totalUs);
			listener?.requestFinished(
				error === null ? "RESULT" : outcomeOf(error),
				queueUs,
				totalUs,
			);
		}
		listener?.batchFinished(
			batch.length,
			rows,
			closedBecause,
			stamps,
			error !== null,
		);
	}

	/** Answers an entry whose run goes on without it; its bytes stay until the run lets go of them. */
	#endEarly(entry: ModelEntry, error: SaccadeError): void {
		const outcome = outcomeOf(error);
		entry.endedAs = outcome;
		const totalUs = this.#clock.nowUs() - entry.receivedUs;
		this.statistics.failed(totalUs);
		this.listener?.requestFinished(
			outcome,
			entry.startedUs - entry.enqueuedUs,
			totalUs,
		);
		entry.reply.failed(entry, error);
	}

	#refused(
		entry: ModelEntry,
		because: RefusalReason,
		detail: RefusalDetail,
	): void {
		entry.releaseBytes();
		const totalUs = this.#clock.nowUs() - entry.receivedUs;
		this.statistics.failed(totalUs);
		const error = refusalError(because, detail);
		this.listener?.requestFinished(outcomeOf(error), detail.waitedUs, totalUs);
		entry.reply.failed(entry, error);
	}
}

/** Preferring nothing but the largest batch, which is what Triton fills in, is no preference. */
function preferredRows(config: ModelConfig): readonly number[] {
	const preferred = config.dynamicBatching?.preferredBatchSizes ?? [];
	return preferred.length === 1 && preferred[0] === config.maxBatchSize
		? []
		: preferred;
}

function outcomeOf(error: SaccadeError) {
	return ERROR_CODES[error.code].outcome;
}

function stoppedAtDeadline(entry: ModelEntry, nowUs: number): SaccadeError {
	const totalMs = ((nowUs - entry.receivedUs) / 1000).toFixed(1);
	return new SaccadeError(
		"DEADLINE_EXCEEDED",
		`the deadline passed after ${totalMs} ms, while the model ran`,
	);
}

/** Shapes as answered follow the configuration's dims where they are fixed; else each run tells. */
function outputLayouts(config: ModelConfig, session: Session): OutputLayout[] {
	const batched = config.maxBatchSize > 0;
	return session.outputs.map((spec) => {
		const output = config.outputs.find(({ name }) => name === spec.name);
		const dims = output?.dims ?? (batched ? spec.shape.slice(1) : spec.shape);
		const fixed = !dims.includes(-1);
		const modelDims = output?.reshape ?? dims;
		return {
			shape: fixed ? (batched ? [-1, ...modelDims] : modelDims) : spec.shape,
			answerDims: fixed ? dims : null,
			dtypeBytes: DTYPE_BYTES[spec.dtype],
		};
	});
}
