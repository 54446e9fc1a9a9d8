// A journal played back in virtual time: nothing waits, no model runs. Time is what was read from the clock then, and a
// run takes as long as it took then, so every choice that depends on either is made again as it was made.
import type { Clock, Timer } from "../common/clock.ts";
import { createCatalogue } from "../pipelines/catalogue.ts";
import type { PipelineFacts } from "../pipelines/graph/pipeline-facts.ts";
import type { ModelRunner } from "../pipelines/model-runner.ts";
import type { Pipeline } from "../pipelines/pipeline.ts";
import { loadReplayedPipeline } from "../pipelines/replayed-pipeline.ts";
import type { JournalEvent } from "./journal.ts";
import { ReplayedRunner } from "./journaled-runner.ts";
import { ReplayedThreads } from "./journaled-threads.ts";
import { resolveQos } from "./qos.ts";
import type { FrameOutcome, SensorStream, StreamListener } from "./stream.ts";
import { StreamSet } from "./stream-set.ts";

export interface JournalTurn {
	readonly clockUs: readonly number[];
	readonly events: readonly JournalEvent[];
}

export interface ReplayOptions {
	/** Those that are made in code; models, and what configurations declared, are in the journal. */
	readonly pipelines: (runner: ModelRunner) => readonly Pipeline[];
	/** Of the server that wrote it: its clock minus CLOCK_MONOTONIC. */
	readonly hostOffsetUs: number;
	/** `streamId` as it was recorded. Valid during the call, as for a listener. */
	readonly onOutcome: (streamId: string, outcome: FrameOutcome) => void;
}

export interface ReplaySummary {
	readonly turnCount: number;
	/** Events that found nothing to act on, and instants that were read more or less often: 0 where all went as it did. */
	readonly strayCount: number;
	/** Streams that were open before the recording began. */
	readonly partialStreams: readonly string[];
}

const NOBODY: StreamListener = {
	outcome: () => {},
	event: () => {},
	policyChanged: () => {},
	ended: () => {},
};

export class JournalReplay {
	readonly #clock = new ReplayClock();
	readonly #runner = new ReplayedRunner();
	readonly #threads = new ReplayedThreads();
	/** As the journal says that it was when its stream was opened. */
	readonly #declared = new Map<string, Pipeline>();
	readonly #set: StreamSet;
	/** By the id that they were recorded with. */
	readonly #streams = new Map<string, SensorStream>();
	readonly #recordedIds = new Map<string, string>();
	readonly #partialStreams: string[] = [];
	#turnCount = 0;
	#strayCount = 0;

	constructor(options: ReplayOptions) {
		const known = createCatalogue(
			options.pipelines(this.#runner),
			this.#runner,
		);
		this.#set = new StreamSet({
			clock: this.#clock,
			catalogue: {
				find: (name) => this.#declared.get(name) ?? known.find(name),
			},
			hostOffsetUs: options.hostOffsetUs,
			observer: {
				frameEnded: ({ id }, outcome) =>
					options.onOutcome(this.#recordedIds.get(id) ?? id, outcome),
				streamEnded: () => {},
			},
		});
	}

	/** Resolves when nothing is left to do of it. Throws NOT_FOUND or MALFORMED for a pipeline that cannot be made again. */
	async play(turn: JournalTurn): Promise<void> {
		this.#turnCount++;
		for (const event of turn.events)
			if (event.kind === "open" && event.facts !== null)
				await this.#declare(event.facts);
		this.#clock.beginTurn(turn.clockUs);
		for (const event of turn.events)
			if (!this.#apply(event)) this.#strayCount++;
		// Callbacks of promises run before it, all of them.
		await new Promise<void>((resolve) => setImmediate(resolve));
		this.#strayCount += this.#clock.endTurn();
	}

	/** What is open stays as it is: the recording ends in the middle of it. */
	end(): ReplaySummary {
		return {
			turnCount: this.#turnCount,
			strayCount: this.#strayCount,
			partialStreams: this.#partialStreams,
		};
	}

	/** False: there was nothing for it to act on. */
	#apply(event: JournalEvent): boolean {
		switch (event.kind) {
			case "open":
				return this.#open(event);
			case "timer":
				return this.#clock.fire(event.atUs);
			case "answer":
				return this.#runner.answer(event.run, event.answer);
			case "segment":
				return this.#threads.answer(event.run, event.answer);
			case "register":
				return succeeds(() =>
					this.#set.sensors.registerSensor(
						event.deviceId,
						event.periodUs,
						resolveQos(event.qos),
					),
				);
			case "unregister":
				return succeeds(() =>
					this.#set.sensors.unregisterSensor(event.deviceId),
				);
			case "list-sensors":
				this.#set.sensors.statuses();
				return true;
			default: {
				const stream = this.#streams.get(event.streamId);
				if (stream === undefined) return false;
				say(stream, event);
				return true;
			}
		}
	}

	async #declare(facts: PipelineFacts): Promise<void> {
		const { name } = facts.definition;
		const threads = this.#threads.of(name);
		const parts = { runner: this.#runner, threads };
		this.#declared.set(name, await loadReplayedPipeline(facts, parts));
	}

	#open({
		streamId,
		request,
		isPartial,
	}: Extract<JournalEvent, { kind: "open" }>): boolean {
		const opened = this.#set.open(request, NOBODY);
		if (!opened.ok) return false;
		this.#streams.set(streamId, opened.stream);
		this.#recordedIds.set(opened.stream.id, streamId);
		if (isPartial) this.#partialStreams.push(streamId);
		return true;
	}
}

function say(
	stream: SensorStream,
	event: Extract<JournalEvent, { streamId: string }>,
): void {
	switch (event.kind) {
		case "reading":
			stream.reading({ ...event.reading, lease: null });
			return;
		case "heartbeat":
			stream.heartbeat(event.deviceId);
			return;
		case "clock-exchange":
			stream.clockExchange(event.deviceId, event.exchange);
			return;
		case "reconfigure":
			succeeds(() => stream.reconfigure(event.offer, event.reason));
			return;
		case "close":
			stream.close();
			return;
		case "cancel":
			stream.cancel();
			return;
		case "open":
			return;
	}
}

function succeeds(action: () => void): boolean {
	try {
		action();
		return true;
	} catch {
		return false;
	}
}

/** Says what was read then, in the same order; after more reads than then, the last of them. Moves only by turns. */
class ReplayClock implements Clock {
	#readUs: readonly number[] = [];
	#next = 0;
	#nowUs = 0;
	#extraCount = 0;
	/** In the order in which they were set. */
	readonly #timers = new Set<{ readonly atUs: number; callback(): void }>();

	nowUs(): number {
		const readUs = this.#readUs[this.#next];
		if (readUs === undefined) this.#extraCount++;
		else {
			this.#next++;
			this.#nowUs = readUs;
		}
		return this.#nowUs;
	}

	at(atUs: number, callback: () => void): Timer {
		const timer = { atUs, callback };
		this.#timers.add(timer);
		return { cancel: () => this.#timers.delete(timer) };
	}

	beginTurn(clockUs: readonly number[]): void {
		this.#readUs = clockUs;
		this.#next = 0;
		this.#extraCount = 0;
		this.#nowUs = clockUs[0] ?? this.#nowUs;
	}

	/** By how many reads the turn differs from then. */
	endTurn(): number {
		return this.#extraCount + this.#readUs.length - this.#next;
	}

	/** False: no such timer is set. */
	fire(atUs: number): boolean {
		for (const timer of this.#timers)
			if (timer.atUs === atUs) {
				this.#timers.delete(timer);
				timer.callback();
				return true;
			}
		return false;
	}
}
