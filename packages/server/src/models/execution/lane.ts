// One place where a batch may be under way: the bindings it uses, and the batch that is in it.
import type { Clock, Timer } from "../../common/clock.ts";
import type { LossReason } from "../../devices/device-health.ts";
import type { LoadWindow } from "../../devices/load-window.ts";
import { isSaccadeError, SaccadeError } from "../../errors/saccade-error.ts";
import type { RunMode, Session } from "../../runtime/runtime.ts";
import type { ClosedBecause } from "../../scheduling/scheduler.ts";
import type { ModelEntry } from "../entry.ts";
import type { BatchStamps } from "../model-events.ts";
import { BatchSplit } from "./batch-split.ts";
import { countPadding, gather } from "./gather.ts";
import { type LaneBinding, LaneBindings } from "./lane-bindings.ts";
import type { OutputLayout } from "./output-layout.ts";
import type { RunModeChooser } from "./run-mode.ts";
import type { ShapeFit } from "./shape-fit.ts";

/** Runs on a device that has others beside it: what is lost there can be done elsewhere. */
interface RunWatch {
	/** µs after which a run is given up. */
	limitUs(rows: number): number;
	/**
	 * The run failed, or is silent: the entries are the watcher's now. A lane whose run hangs stays taken until that
	 * run returns; its answer is then dropped.
	 */
	lost(
		lane: number,
		batch: readonly ModelEntry[],
		because: LossReason,
		error: SaccadeError,
	): void;
}

export interface LaneContext {
	readonly session: Session;
	/** Name of the device that the lane is on. */
	readonly device: string;
	/** Likewise. */
	readonly load: LoadWindow;
	/** Null: there is nowhere else to go. */
	readonly watch: RunWatch | null;
	readonly clock: Clock;
	readonly batched: boolean;
	readonly outputs: readonly OutputLayout[];
	/** Null: the model has no shape buckets. */
	readonly fit: ShapeFit | null;
	readonly runMode: RunModeChooser;
	/** The entry's deadline passed during its run: ends it early. */
	deadlinePassed(entry: ModelEntry): void;
	/** Elements of inputs with shape buckets that a batch was gathered from, and what they were padded with. */
	readonly padded: (usedElements: number, paddingElements: number) => void;
	batchFinished(
		batch: readonly ModelEntry[],
		rows: number,
		closedBecause: ClosedBecause,
		stamps: BatchStamps,
		error: SaccadeError | null,
	): void;
}

export class Lane {
	readonly #context: LaneContext;
	readonly #index: number;
	readonly #bindings: LaneBindings;
	#batch: readonly ModelEntry[] = [];
	#rows = 0;
	#closedBecause: ClosedBecause = "unbatched";
	#current: LaneBinding | null = null;
	#mode: RunMode = "offload";
	#release: ((lane: number) => void) | null = null;
	#deadline: Timer | null = null;
	#limit: Timer | null = null;
	#isGivenUp = false;
	/** Whose bytes the run reads where they lie. */
	#lender: ModelEntry | null = null;
	readonly #stamps: BatchStamps;
	readonly #split: BatchSplit;

	constructor(context: LaneContext, index: number) {
		this.#context = context;
		this.#index = index;
		this.#bindings = new LaneBindings(context);
		this.#stamps = {
			device: context.device,
			lane: index,
			gatherStartUs: 0,
			runStartUs: 0,
			runEndUs: 0,
			splitEndUs: 0,
		};
		this.#split = new BatchSplit(context.outputs, context.batched, context.fit);
	}

	run(
		batch: readonly ModelEntry[],
		closedBecause: ClosedBecause,
		release: (lane: number) => void,
	): void {
		const { clock, runMode, load } = this.#context;
		this.#batch = batch;
		this.#closedBecause = closedBecause;
		this.#release = release;
		this.#rows = 0;
		const startUs = clock.nowUs();
		this.#stamps.gatherStartUs = startUs;
		load.begin(startUs);
		for (const entry of batch) {
			this.#rows += entry.rows;
			entry.startedUs = startUs;
		}
		try {
			this.#current = this.#bindings.of(batch[0]!, this.#rows);
			this.#gather(this.#current, batch);
			this.#stamps.runStartUs = clock.nowUs();
			this.#mode = runMode.choose(this.#rows);
			if (this.#mode === "offload") {
				this.#watchDeadlines();
				this.#watchSilence();
			}
			this.#current.binding.run(this.#mode, this.#done);
		} catch (error) {
			this.#stamps.runStartUs = clock.nowUs();
			this.#finish(error);
		}
	}

	/** Stops the run when nobody waits for it any more. */
	stopIfAbandoned(): void {
		for (const { endedAs } of this.#batch) if (endedAs === null) return;
		this.#current?.binding.terminate();
	}

	get entries(): readonly ModelEntry[] {
		return this.#batch;
	}

	close(): void {
		this.#bindings.close();
	}

	#gather(bound: LaneBinding, batch: readonly ModelEntry[]): void {
		const { session, fit, watch, padded } = this.#context;
		const readsInPlace = gather(bound, batch, session.inputs, fit);
		if (fit !== null) countPadding(bound, batch, session.inputs, fit, padded);
		if (readsInPlace) {
			this.#lender = batch[0]!;
			this.#lender.lendBytes();
			return;
		}
		// What may have to run again elsewhere keeps them.
		if (watch === null) for (const entry of batch) entry.releaseBytes();
	}

	readonly #done = (error: Error | null): void => {
		this.#finish(error);
	};

	/** One timer a batch, for the earliest deadline of those who still wait. */
	#watchDeadlines(): void {
		let nextUs = Number.POSITIVE_INFINITY;
		for (const { endedAs, deadlineUs } of this.#batch)
			if (endedAs === null && deadlineUs < nextUs) nextUs = deadlineUs;
		if (nextUs !== Number.POSITIVE_INFINITY)
			this.#deadline = this.#context.clock.at(nextUs, this.#deadlinePassed);
	}

	readonly #deadlinePassed = (): void => {
		const nowUs = this.#context.clock.nowUs();
		for (const entry of this.#batch)
			if (entry.endedAs === null && entry.deadlineUs <= nowUs)
				this.#context.deadlinePassed(entry);
		this.stopIfAbandoned();
		this.#watchDeadlines();
	};

	#watchSilence(): void {
		const { watch, clock } = this.#context;
		if (watch === null) return;
		const limitUs = watch.limitUs(this.#rows);
		this.#limit = clock.at(this.#stamps.runStartUs + limitUs, this.#giveUp);
	}

	readonly #giveUp = (): void => {
		const { watch, clock } = this.#context;
		const silentMs = (clock.nowUs() - this.#stamps.runStartUs) / 1000;
		const batch = this.#batch;
		this.#batch = [];
		this.#isGivenUp = true;
		this.#deadline?.cancel();
		this.#current?.binding.terminate();
		watch?.lost(
			this.#index,
			batch,
			"hung",
			new SaccadeError(
				"EXECUTION_FAILED",
				`the device gave no answer for ${silentMs.toFixed(0)} ms, and no other could take the work over`,
			),
		);
	};

	#finish(error: unknown): void {
		const { clock, runMode, load, watch } = this.#context;
		const stamps = this.#stamps;
		stamps.runEndUs = clock.nowUs();
		load.end(stamps.runEndUs);
		this.#deadline?.cancel();
		this.#deadline = null;
		this.#limit?.cancel();
		this.#limit = null;
		this.#lender?.returnBytes();
		this.#lender = null;
		if (this.#isGivenUp) {
			this.#isGivenUp = false;
			this.#endRun();
			return;
		}
		const batch = this.#batch;
		if (error === null)
			runMode.record(
				this.#rows,
				this.#mode,
				stamps.runEndUs - stamps.runStartUs,
			);
		const failure = error === null ? null : toFailure(error);
		if (watch !== null && failure?.code === "EXECUTION_FAILED") {
			this.#batch = [];
			watch.lost(this.#index, batch, "failed", failure);
			this.#endRun();
			return;
		}
		if (failure === null) this.#answer(batch);
		else
			for (const entry of batch) {
				entry.releaseBytes();
				entry.state = "done";
				if (entry.endedAs === null) entry.reply.failed(entry, failure);
			}
		stamps.splitEndUs = clock.nowUs();
		this.#context.batchFinished(
			batch,
			this.#rows,
			this.#closedBecause,
			stamps,
			failure,
		);
		this.#endRun();
	}

	#endRun(): void {
		const release = this.#release;
		this.#batch = [];
		this.#current = null;
		this.#release = null;
		release?.(this.#index);
	}

	#answer(batch: readonly ModelEntry[]): void {
		const split = this.#split;
		split.begin(this.#current!.binding, this.#rows);
		for (const entry of batch) {
			split.select(entry);
			entry.state = "done";
			if (entry.endedAs === null) entry.reply.completed(entry, split);
			entry.releaseBytes();
		}
	}
}

function toFailure(error: unknown): SaccadeError {
	if (isSaccadeError(error)) return error;
	return new SaccadeError("EXECUTION_FAILED", "the run failed", {
		cause: error,
	});
}
