// How the requests of a version end: each exactly once, counted, told to whoever watches, and then to its caller. Those
// of a batch that ran were answered by their lane; they are counted here.
import { ERROR_CODES, type RefusalReason } from "@saccade/protocol";
import type { Clock } from "../../common/clock.ts";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import type { BatchTimes } from "../../scheduling/cost/cost-model.ts";
import type {
	ClosedBecause,
	RefusalDetail,
} from "../../scheduling/scheduler.ts";
import type { RequestTrace } from "../../telemetry/tracing/request-trace.ts";
import type { ModelEntry } from "../entry.ts";
import type { BatchStamps, ModelObservers } from "../model-events.ts";
import { refusalError } from "./refusal-error.ts";
import { VersionStatistics } from "./statistics.ts";

export class Outcomes {
	readonly observers: ModelObservers = {
		listener: null,
		tracer: null,
		tokens: null,
	};
	readonly #clock: Clock;
	#statistics = new VersionStatistics();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	get statistics(): VersionStatistics {
		return this.#statistics;
	}

	/** What came before was warm-up, and no service. */
	beginService(): void {
		this.#statistics = new VersionStatistics();
	}

	/** It will never run. */
	refused(
		entry: ModelEntry,
		because: RefusalReason,
		detail: RefusalDetail,
	): void {
		entry.releaseBytes();
		this.#failed(entry, refusalError(because, detail), detail.waitedUs);
	}

	/** Its run was lost, and there will be no other. */
	failed(entry: ModelEntry, error: SaccadeError): void {
		entry.state = "done";
		entry.releaseBytes();
		this.#failed(entry, error, entry.startedUs - entry.enqueuedUs);
	}

	/** Its run goes on without it, and keeps its bytes until it lets go of them. */
	endedEarly(entry: ModelEntry, error: SaccadeError): void {
		entry.endedAs = outcomeOf(error);
		this.#failed(entry, error, entry.startedUs - entry.enqueuedUs);
	}

	/** A request for this version that ended before it was submitted; who refused it answers it. */
	turnedAway(
		error: SaccadeError,
		receivedUs: number,
		trace: RequestTrace | null,
	): void {
		this.#tell(error, 0, this.#clock.nowUs() - receivedUs);
		this.observers.tracer?.turnedAway(error, receivedUs, trace);
	}

	/** @param times before they learn of this batch: traces tell what was expected */
	batchFinished(
		batch: readonly ModelEntry[],
		rows: number,
		closedBecause: ClosedBecause,
		stamps: BatchStamps,
		error: SaccadeError | null,
		times: BatchTimes,
	): void {
		const { listener, tracer, tokens } = this.observers;
		tokens?.batchFinished(stamps.device);
		tracer?.batchFinished(
			batch,
			{ rows, closedBecause, stamps, predictedUs: times.likelyUs(rows) },
			error,
		);
		if (error === null)
			this.#statistics.batchFinished(batch.length, rows, stamps);
		for (const entry of batch) {
			if (entry.endedAs !== null) continue;
			const queueUs = stamps.gatherStartUs - entry.enqueuedUs;
			const totalUs = stamps.splitEndUs - entry.receivedUs;
			if (error === null) {
				this.#statistics.succeeded(queueUs, totalUs);
				listener?.requestFinished("RESULT", queueUs, totalUs, null);
			} else {
				this.#statistics.failed(totalUs);
				this.#tell(error, queueUs, totalUs);
			}
		}
		listener?.batchFinished(
			batch.length,
			rows,
			closedBecause,
			stamps,
			error !== null,
		);
	}

	#failed(entry: ModelEntry, error: SaccadeError, queueUs: number): void {
		const totalUs = this.#clock.nowUs() - entry.receivedUs;
		this.#statistics.failed(totalUs);
		this.#tell(error, queueUs, totalUs);
		this.observers.tracer?.requestEnded(entry, error);
		entry.reply.failed(entry, error);
	}

	#tell(error: SaccadeError, queueUs: number, totalUs: number): void {
		this.observers.listener?.requestFinished(
			outcomeOf(error),
			queueUs,
			totalUs,
			error.refusedBecause,
		);
	}
}

function outcomeOf(error: SaccadeError) {
	return ERROR_CODES[error.code].outcome;
}
