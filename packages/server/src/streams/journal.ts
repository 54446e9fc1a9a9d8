// Everything that streams learn from outside, in the order in which they learn it: what clients say, what models answer,
// which timers fire, and every instant that is read from the clock meanwhile. Streams are a function of it, so whoever
// plays it back gets the same outcomes (replay.ts).
//
// It is told in turns: what happens until nothing is left to do at once. Callbacks of promises run between two turns,
// never in the middle of one, so that playing a turn back makes them run in the same order.

import type { ErrorCode } from "@saccade/protocol";
import type { Clock, Timer } from "../common/clock.ts";
import type { PipelineFacts } from "../pipelines/graph/pipeline-facts.ts";
import type { StageSpan } from "../pipelines/pipeline.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { QosOffer } from "./qos.ts";
import type {
	ClockExchange,
	Reading,
	SensorStream,
	StreamRequest,
} from "./stream.ts";

/** What the steps of a thread answered; of the outputs, those that a replay reads. */
export type SegmentAnswer =
	| {
			readonly ok: true;
			readonly outputs: readonly unknown[];
			readonly spans: readonly StageSpan[];
	  }
	| { readonly ok: false; readonly code: ErrorCode; readonly text: string };

/** What a model answered. */
export type ModelAnswer =
	| { readonly ok: true; readonly outputs: readonly Tensor[] }
	| { readonly ok: false; readonly code: ErrorCode; readonly text: string };

export type JournalEvent =
	| {
			readonly kind: "open";
			readonly streamId: string;
			readonly request: StreamRequest;
			/** It was open before the journal began: what it knew of clocks and order is missing. */
			readonly isPartial: boolean;
			/** Of a pipeline from a configuration, as it was then. */
			readonly facts: PipelineFacts | null;
	  }
	| {
			readonly kind: "reading";
			readonly streamId: string;
			readonly reading: Omit<Reading, "tag" | "lease">;
	  }
	| {
			readonly kind: "heartbeat";
			readonly streamId: string;
			readonly deviceId: string;
	  }
	| {
			readonly kind: "clock-exchange";
			readonly streamId: string;
			readonly deviceId: string;
			readonly exchange: ClockExchange;
	  }
	| {
			readonly kind: "reconfigure";
			readonly streamId: string;
			readonly offer: QosOffer;
			readonly reason: string;
	  }
	| { readonly kind: "close" | "cancel"; readonly streamId: string }
	| { readonly kind: "timer"; readonly atUs: number }
	| {
			readonly kind: "answer";
			/** Which run of it: by RunNumbers. */
			readonly run: string;
			readonly answer: ModelAnswer;
	  }
	| {
			readonly kind: "segment";
			readonly run: string;
			readonly answer: SegmentAnswer;
	  }
	| {
			readonly kind: "register";
			readonly deviceId: string;
			readonly periodUs: number;
			readonly qos: QosOffer;
	  }
	| { readonly kind: "unregister"; readonly deviceId: string }
	/** The sensors were listed, which reads the clock. */
	| { readonly kind: "list-sensors" };

/** Keeps nothing of an event beyond the call: payloads lie where the transport put them. */
export interface JournalSink {
	event(event: JournalEvent): void;
	/** The turn is over; what was read from the clock in it. */
	turnEnded(clockUs: readonly number[]): void;
}

export class Journal {
	#sink: JournalSink | null = null;
	#isInTurn = false;
	/** So that the end of a turn that was ended early ends no other. */
	#turn = 0;
	#clockUs: number[] = [];
	/** Answers that are there, in the order in which they came. */
	readonly #arrived: (() => void)[] = [];

	get isOn(): boolean {
		return this.#sink !== null;
	}

	/** @param open streams that are open, whose past is not told */
	start(sink: JournalSink, open: readonly SensorStream[], nowUs: number): void {
		this.#sink = sink;
		if (open.length === 0) return;
		this.begin();
		this.read(nowUs);
		for (const { id, request, pipelineFacts } of open)
			this.tell({
				kind: "open",
				streamId: id,
				request,
				isPartial: true,
				facts: pipelineFacts ?? null,
			});
	}

	/** The turn that is under way is told, too. */
	stop(): void {
		this.endTurn();
		this.#sink = null;
	}

	/** Nothing happens unless it is on. */
	tell(event: JournalEvent): void {
		if (this.#sink === null) return;
		this.begin();
		this.#sink.event(event);
	}

	/** What follows belongs to a turn, told or not. */
	begin(): void {
		if (this.#sink === null || this.#isInTurn) return;
		this.#isInTurn = true;
		const turn = ++this.#turn;
		// A tick from within the microtasks comes after all of them.
		queueMicrotask(() =>
			process.nextTick(() => {
				if (turn === this.#turn) this.endTurn();
			}),
		);
	}

	/** For those who know that no callback of a promise is left to run. */
	endTurn(): void {
		if (!this.#isInTurn) return;
		this.#isInTurn = false;
		const clockUs = this.#clockUs;
		this.#clockUs = [];
		this.#sink?.turnEnded(clockUs);
	}

	read(nowUs: number): void {
		if (this.#isInTurn) this.#clockUs.push(nowUs);
	}

	/**
	 * Hands an answer over when nothing of the one before is left to do: two that settle in the same tick would mix their
	 * callbacks. @param deliver tells it, and settles whoever waits for it
	 */
	arrive(deliver: () => void): void {
		this.#arrived.push(deliver);
		if (this.#arrived.length === 1) process.nextTick(this.#deliver);
	}

	readonly #deliver = (): void => {
		this.endTurn();
		this.#arrived.shift()?.();
		if (this.#arrived.length > 0)
			queueMicrotask(() => process.nextTick(this.#deliver));
	};
}

/** `clock`, with what is read from it and which timers fire told to the journal. */
export function journaledClock(clock: Clock, journal: Journal): Clock {
	return {
		nowUs: () => {
			const nowUs = clock.nowUs();
			journal.read(nowUs);
			return nowUs;
		},
		at: (atUs, callback): Timer =>
			clock.at(atUs, () => {
				journal.tell({ kind: "timer", atUs });
				callback();
			}),
	};
}
