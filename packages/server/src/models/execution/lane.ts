// One place where a batch may be under way: the bindings it uses, and the batch that is in it.
import { DTYPE_BYTES } from "@saccade/protocol";
import type { Clock, Timer } from "../../common/clock.ts";
import type { LossReason } from "../../devices/device-health.ts";
import type { LoadWindow } from "../../devices/load-window.ts";
import { isSaccadeError, SaccadeError } from "../../errors/saccade-error.ts";
import type { Binding, RunMode, Session } from "../../runtime/runtime.ts";
import type { ClosedBecause } from "../../scheduling/scheduler.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import { fitBox } from "../../tensor/fit-box.ts";
import type { ModelEntry } from "../entry.ts";
import type { BatchStamps } from "../model-events.ts";
import { BatchSplit } from "./batch-split.ts";
import type { OutputLayout } from "./output-layout.ts";
import type { RunModeChooser } from "./run-mode.ts";
import type { ShapeFit } from "./shape-fit.ts";

/** From this size on a batch of one is run where its bytes lie; below it the copy is cheaper than the call. */
const ZERO_COPY_FROM_BYTES = 16 * 1024;
/** Shape combinations whose buffers a lane keeps; the oldest goes first. */
const BINDINGS_KEPT = 64;

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
	padded(usedElements: number, paddingElements: number): void;
	batchFinished(
		batch: readonly ModelEntry[],
		rows: number,
		closedBecause: ClosedBecause,
		stamps: BatchStamps,
		error: SaccadeError | null,
	): void;
}

interface KeptBinding {
	readonly binding: Binding;
	/** Inputs that point to a request's bytes and must be reset before they are gathered into. */
	lent: boolean;
}

export class Lane {
	readonly #context: LaneContext;
	readonly #index: number;
	/** Shape key → bindings by rows. */
	readonly #bindings = new Map<string, Map<number, KeptBinding>>();
	#bindingCount = 0;
	#batch: readonly ModelEntry[] = [];
	#rows = 0;
	#closedBecause: ClosedBecause = "unbatched";
	#current: KeptBinding | null = null;
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
			this.#current = this.#bindingOf(batch[0]!, this.#rows);
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
		for (const byRows of this.#bindings.values())
			for (const { binding } of byRows.values()) binding.close();
		this.#bindings.clear();
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

	#gather(kept: KeptBinding, batch: readonly ModelEntry[]): void {
		const { binding } = kept;
		const { inputs } = this.#context.session;
		let keepBytes = false;
		if (kept.lent) {
			for (let i = 0; i < inputs.length; i++)
				if (batch[0]!.data[i] !== null) binding.resetInput(i);
			kept.lent = false;
		}
		for (let i = 0; i < inputs.length; i++) {
			const first = batch[0]!.data[i] ?? null;
			if (first === null) continue;
			const own = binding.inputs[i] ?? null;
			const alone = batch.length === 1;
			if (own === null) {
				binding.setInput(i, alone ? first : concat(batch, i));
				kept.lent = true;
			} else if (
				alone &&
				first.byteLength >= ZERO_COPY_FROM_BYTES &&
				first.byteLength === own.byteLength
			) {
				binding.setInput(i, first);
				kept.lent = true;
				keepBytes = true;
				if (this.#lender === null) {
					this.#lender = batch[0]!;
					this.#lender.lendBytes();
				}
			} else {
				gatherRows(own, batch, i, this.#context.fit?.padBytes[i] ?? null);
			}
		}
		this.#countPadding(kept, batch);
		// What may have to run again elsewhere keeps them.
		if (!keepBytes && this.#context.watch === null)
			for (const entry of batch) entry.releaseBytes();
	}

	#countPadding({ binding }: KeptBinding, batch: readonly ModelEntry[]): void {
		const { fit, session } = this.#context;
		if (fit === null) return;
		let used = 0;
		let all = 0;
		for (const [i, pad] of fit.padBytes.entries()) {
			const own = binding.inputs[i] ?? null;
			if (pad === null || own === null) continue;
			all += own.byteLength / DTYPE_BYTES[session.inputs[i]!.dtype];
			for (const { data } of batch)
				used += data[i]!.byteLength / DTYPE_BYTES[session.inputs[i]!.dtype];
		}
		this.#context.padded(used, all - used);
	}

	#bindingOf(entry: ModelEntry, rows: number): KeptBinding {
		let byRows = this.#bindings.get(entry.shapeKey);
		if (byRows === undefined) {
			byRows = new Map();
			this.#bindings.set(entry.shapeKey, byRows);
		}
		const known = byRows.get(rows);
		if (known !== undefined) return known;
		if (this.#bindingCount === BINDINGS_KEPT) this.#dropOldest();
		const kept = { binding: this.#bind(entry, rows), lent: false };
		byRows.set(rows, kept);
		this.#bindings.set(entry.shapeKey, byRows);
		this.#bindingCount++;
		return kept;
	}

	#bind(entry: ModelEntry, rows: number): Binding {
		const { session, batched, outputs } = this.#context;
		return session.bind({
			inputShapes: entry.shapes.map((shape) =>
				shape !== null && batched ? [rows, ...shape.slice(1)] : shape,
			),
			outputShapes: outputs.map(({ shape }) => {
				const full = batched ? [rows, ...shape.slice(1)] : shape;
				return full.includes(-1) ? null : full;
			}),
		});
	}

	#dropOldest(): void {
		for (const [key, byRows] of this.#bindings) {
			for (const [rows, { binding }] of byRows) {
				binding.close();
				byRows.delete(rows);
				this.#bindingCount--;
				if (byRows.size === 0) this.#bindings.delete(key);
				return;
			}
		}
	}
}

/** One after the other, each padded to the shape of the batch. The one copy that a batch costs. */
function gatherRows(
	own: Uint8Array,
	batch: readonly ModelEntry[],
	index: number,
	pad: Uint8Array | null,
): void {
	let at = 0;
	for (const entry of batch) {
		const data = entry.data[index]!;
		const given = entry.padding?.givenShapes[index] ?? null;
		const shape = entry.shapes[index] ?? null;
		copiedBytes.gather += data.byteLength;
		if (given === null || shape === null || pad === null) {
			own.set(data, at);
			at += data.byteLength;
			continue;
		}
		fitBox(
			{ bytes: own, at, shape },
			{ bytes: data, at: 0, shape: given },
			pad.byteLength,
			pad,
		);
		at += shape.reduce((a, b) => a * b, pad.byteLength);
	}
}

function concat(batch: readonly ModelEntry[], index: number): Uint8Array {
	const bytes = Buffer.concat(batch.map((entry) => entry.data[index]!));
	copiedBytes.gather += bytes.byteLength;
	return bytes;
}

function toFailure(error: unknown): SaccadeError {
	if (isSaccadeError(error)) return error;
	return new SaccadeError("EXECUTION_FAILED", "the run failed", {
		cause: error,
	});
}
