// Whether an entry may come, by what is known the moment that it asks: the state of the model, room in its priority
// level, its deadline, and when the policy thinks that it would be answered.
import type { RefusalReason } from "@saccade/protocol";
import type { DecisionView } from "../decision-view.ts";
import type { SchedulingPolicy } from "../policy.ts";
import type { QueuePolicy } from "../queue/queue-policy.ts";
import type { Entry, Refusal, RefusalDetail } from "../scheduler.ts";
import { ExpectedRequests } from "./expected-requests.ts";

export interface AdmissionOptions<E extends Entry> {
	readonly policy: SchedulingPolicy<E>;
	/** One queue policy per priority level, level 1 first. */
	readonly levels: readonly QueuePolicy[];
	/** Level of entries with priority 0. */
	readonly defaultLevel: number;
	/** How long the event loop keeps what arrives and what is answered waiting, in µs. */
	readonly loopDelayUs: () => number;
}

/** A busy loop may cost a request at most so much of its time. */
const MAX_MARGIN = 1 / 4;

export class Admission<E extends Entry> {
	/** False: no more are taken. */
	isOpen = true;
	/** False: no device is there. */
	isAvailable = true;
	readonly #policy: SchedulingPolicy<E>;
	readonly #levels: readonly QueuePolicy[];
	readonly #defaultLevel: number;
	readonly #loopDelayUs: () => number;
	readonly #expected = new ExpectedRequests();
	/** What `foresee` asks the policy about; one object, since requests come often. */
	readonly #foreseen: {
		readonly rows: number;
		readonly level: number;
		deadlineUs: number;
		enqueuedUs: number;
		orderUs: number;
	};

	constructor(options: AdmissionOptions<E>) {
		this.#policy = options.policy;
		this.#levels = options.levels;
		this.#defaultLevel = options.defaultLevel;
		this.#loopDelayUs = options.loopDelayUs;
		this.#foreseen = {
			rows: 1,
			level: options.defaultLevel,
			deadlineUs: 0,
			enqueuedUs: 0,
			orderUs: 0,
		};
	}

	/** See `Scheduler.foresee`. */
	foresee(view: DecisionView<E>, deadlineUs: number): Refusal | null {
		// A request of a higher priority would overtake, and which it has is not known yet.
		if (this.#levels.length > 1) return null;
		const { nowUs } = view;
		const arrival = this.#foreseen;
		arrival.deadlineUs = deadlineUs;
		arrival.enqueuedUs = nowUs;
		arrival.orderUs = this.#policy.orderUs(arrival);
		const refusal = this.#stateRefusal(view, arrival);
		if (refusal !== null)
			return { because: refusal, detail: this.detailOf(view, arrival, 0) };
		view.expectedRows = this.#expected.countBefore(deadlineUs, nowUs);
		view.marginUs = this.#marginUs(deadlineUs - nowUs);
		const predictedUs = this.#policy.cannotFinishUs(arrival, view);
		if (predictedUs === 0) {
			if (deadlineUs !== Number.POSITIVE_INFINITY)
				this.#expected.add(deadlineUs, nowUs);
			return null;
		}
		const detail = this.detailOf(view, arrival, predictedUs);
		return { because: "cannot-finish", detail };
	}

	/** Sets the entry's place in the queue, and tells why it may not have one; null: it may. */
	judge(
		view: DecisionView<E>,
		entry: E,
	): { readonly because: RefusalReason; readonly predictedUs: number } | null {
		entry.enqueuedUs = view.nowUs;
		entry.level = this.#levelOf(entry);
		entry.orderUs = this.#policy.orderUs(entry);
		this.#expected.arrived(entry.deadlineUs);
		// It was promised its time; those who are still on their way will find less of it.
		view.expectedRows = 0;
		view.marginUs = 0;
		const because = this.#stateRefusal(view, entry);
		if (because !== null) return { because, predictedUs: 0 };
		const predictedUs = this.#policy.cannotFinishUs(entry, view);
		return predictedUs > 0 ? { because: "cannot-finish", predictedUs } : null;
	}

	/** Of the entry's level. */
	policyOf({ level }: Pick<Entry, "level">): QueuePolicy {
		return this.#levels[level - 1]!;
	}

	detailOf(
		{ queue, nowUs }: Pick<DecisionView<E>, "queue" | "nowUs">,
		arrival: Pick<Entry, "deadlineUs" | "enqueuedUs" | "level">,
		predictedUs: number,
	): RefusalDetail {
		return {
			queuedCount: queue.count,
			limitCount: this.policyOf(arrival).maxQueueCount,
			waitedUs: nowUs - arrival.enqueuedUs,
			predictedUs,
			leftUs: arrival.deadlineUs - nowUs,
		};
	}

	#stateRefusal(
		{ queue, nowUs }: DecisionView<E>,
		arrival: Pick<Entry, "deadlineUs" | "level">,
	): RefusalReason | null {
		if (!this.isOpen) return "shutting-down";
		if (!this.isAvailable) return "unavailable";
		if (arrival.deadlineUs <= nowUs) return "expired";
		const { maxQueueCount } = this.policyOf(arrival);
		const isFull =
			maxQueueCount > 0 && queue.levelCount(arrival.level) >= maxQueueCount;
		return isFull ? "queue-full" : null;
	}

	#levelOf({ priority }: E): number {
		const isLevel = priority >= 1 && priority <= this.#levels.length;
		return isLevel ? priority : this.#defaultLevel;
	}

	/**
	 * The head waited up to a turn of the loop before it was seen, which its deadline does not know of, and the answer
	 * will find a client that is no less busy.
	 */
	#marginUs(leftUs: number): number {
		return Math.min(2 * this.#loopDelayUs(), leftUs * MAX_MARGIN);
	}
}
