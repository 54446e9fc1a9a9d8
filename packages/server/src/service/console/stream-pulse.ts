// How the frames of each pipeline ended, second by second: kept from the first frame on, so that whoever opens a console
// sees the last minutes. A fixed amount of memory; a frame costs a few additions.
import { type FrameReason, OUTCOMES, type Outcome } from "@saccade/protocol";
import type {
	DecisionEntry,
	FrameBin,
	PipelineEntry,
	Spread,
} from "@saccade/protocol/console";
import type { FrameOutcome, SensorStream } from "../../streams/stream.ts";
import { AS_BEFORE, TailTopic } from "./topic.ts";

/** Seconds kept. */
const BINS = 300;
/** Ages and slacks kept of one second; of more, every so many-th. */
const SAMPLES = 256;
/** More are counted by the metrics alone. */
const MAX_PIPELINES = 50;
/** Streams whose last decision is remembered; the oldest goes first. */
const MAX_DECIDING = 1000;
const DECISIONS = 200;

const PLACE: Readonly<Record<Outcome, number>> = Object.fromEntries(
	OUTCOMES.map((outcome, at) => [outcome, at]),
) as Record<Outcome, number>;

class Samples {
	readonly #values = new Float32Array(SAMPLES);
	#count = 0;

	clear(): void {
		this.#count = 0;
	}

	add(value: number): void {
		this.#values[this.#count++ % SAMPLES] = value;
	}

	/** By the nearest rank; null of nothing. */
	spread(): Spread | null {
		const count = Math.min(this.#count, SAMPLES);
		if (count === 0) return null;
		const sorted = this.#values.slice(0, count).sort();
		const at = (share: number) =>
			round(sorted[Math.max(0, Math.ceil(share * count) - 1)]!);
		return { p1: at(0.01), p50: at(0.5), p99: at(0.99) };
	}
}

interface Bin {
	second: number;
	readonly outcomes: Uint32Array;
	ageMs: Spread | null;
	slackMs: Spread | null;
	/** As it stays. */
	isTold: boolean;
}

class PipelinePulse {
	readonly name: string;
	readonly outcomes = new Float64Array(OUTCOMES.length);
	readonly reasons = new Map<FrameReason, number>();
	readonly #bins: (Bin | undefined)[] = [];
	readonly #ages = new Samples();
	readonly #slacks = new Samples();
	#newest: Bin | null = null;

	constructor(name: string) {
		this.name = name;
	}

	ended(frame: FrameOutcome, second: number): void {
		const { outcome, reason, measuredUs, finishedUs, deadlineUs } = frame;
		const bin = this.#binOf(second);
		const at = PLACE[outcome];
		bin.outcomes[at]!++;
		this.outcomes[at]!++;
		if (reason !== null)
			this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
		// Frames that were only taken in have neither a decision nor a result of their own.
		if (outcome === "RESULT" && tellsSomething(frame))
			this.#ages.add((finishedUs - measuredUs) / 1000);
		const isJudged = outcome === "EXPIRED" || tellsSomething(frame);
		if (isJudged && deadlineUs !== Number.POSITIVE_INFINITY)
			this.#slacks.add((deadlineUs - finishedUs) / 1000);
	}

	/** Seconds that are over do not change: those that are known are not told again. */
	*bins(
		sinceSecond: number,
		isKnown: (key: string) => boolean,
	): Iterable<readonly [string, FrameBin | typeof AS_BEFORE]> {
		if (this.#newest !== null) this.#judge(this.#newest);
		for (const bin of this.#bins) {
			// Bins are found by their second: before the ring is full there are holes.
			if (bin === undefined || bin.second <= sinceSecond) continue;
			const key = `${bin.second}/${this.name}`;
			const { second, outcomes, ageMs, slackMs, isTold } = bin;
			bin.isTold = bin !== this.#newest;
			if (isTold && isKnown(key)) yield [key, AS_BEFORE];
			else
				yield [
					key,
					{
						second,
						pipeline: this.name,
						outcomes: [...outcomes],
						ageMs,
						slackMs,
					},
				];
		}
	}

	#binOf(second: number): Bin {
		const newest = this.#newest;
		if (newest !== null && newest.second >= second) return newest;
		if (newest !== null) this.#judge(newest);
		this.#ages.clear();
		this.#slacks.clear();
		const bin = this.#bins[second % BINS] ?? {
			second,
			outcomes: new Uint32Array(OUTCOMES.length),
			ageMs: null,
			slackMs: null,
			isTold: false,
		};
		bin.isTold = false;
		bin.second = second;
		bin.outcomes.fill(0);
		bin.ageMs = null;
		bin.slackMs = null;
		this.#bins[second % BINS] = bin;
		this.#newest = bin;
		return bin;
	}

	#judge(bin: Bin): void {
		bin.ageMs = this.#ages.spread();
		bin.slackMs = this.#slacks.spread();
	}
}

export class StreamPulse {
	readonly decisions: TailTopic<DecisionEntry> = new TailTopic(DECISIONS);
	readonly #pipelines = new Map<string, PipelinePulse>();
	readonly #lastActions = new Map<string, string>();

	frameEnded(stream: SensorStream, frame: FrameOutcome): void {
		const second = Math.floor(frame.finishedUs / 1e6);
		this.#of(stream.pipelineName)?.ended(frame, second);
		if (frame.result?.decision != null) this.#decided(stream, frame);
	}

	streamEnded({ id }: SensorStream): void {
		this.#lastActions.delete(id);
	}

	*pipelines(): Iterable<readonly [string, PipelineEntry]> {
		for (const { name, outcomes, reasons } of this.#pipelines.values())
			yield [
				name,
				{
					name,
					outcomes: Object.fromEntries(
						OUTCOMES.map((outcome, at) => [outcome, outcomes[at]]),
					) as Record<Outcome, number>,
					reasons: Object.fromEntries(reasons),
				},
			];
	}

	*bins(
		nowUs: number,
		isKnown: (key: string) => boolean,
	): Iterable<readonly [string, FrameBin | typeof AS_BEFORE]> {
		const since = Math.floor(nowUs / 1e6) - BINS;
		for (const pipeline of this.#pipelines.values())
			yield* pipeline.bins(since, isKnown);
	}

	#of(name: string): PipelinePulse | null {
		const known = this.#pipelines.get(name);
		if (known !== undefined) return known;
		if (this.#pipelines.size >= MAX_PIPELINES) return null;
		const pulse = new PipelinePulse(name);
		this.#pipelines.set(name, pulse);
		return pulse;
	}

	#decided(
		{ id, pipelineName }: SensorStream,
		{ deviceId, finishedUs, result }: FrameOutcome,
	): void {
		const { action = "", reasons = [] } = result?.decision ?? {};
		const text = `${action} ${reasons.join()}`;
		if (this.#lastActions.get(id) === text) return;
		if (this.#lastActions.size >= MAX_DECIDING)
			for (const oldest of this.#lastActions.keys()) {
				this.#lastActions.delete(oldest);
				break;
			}
		this.#lastActions.set(id, text);
		this.decisions.push({
			stream: id,
			device: deviceId,
			pipeline: pipelineName,
			atMs: finishedUs / 1000,
			action,
			reasons,
		});
	}
}

function tellsSomething({ result }: FrameOutcome): boolean {
	return (
		result !== null && (result.decision !== null || result.outputs.length > 0)
	);
}

export function round(value: number): number {
	return Math.round(1000 * value) / 1000;
}
