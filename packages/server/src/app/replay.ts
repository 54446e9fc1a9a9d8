// A recording played back in virtual time, and its outcomes compared with those that were recorded, byte for byte.

import { SaccadeError } from "../errors/saccade-error.ts";
import { createCameraPipeline } from "../pipelines/camera-pipeline.ts";
import { createScalarPipeline } from "../pipelines/scalar-pipeline.ts";
import {
	JournalReplay,
	type JournalTurn,
	type ReplaySummary,
} from "../streams/replay.ts";
import { OutcomeWriter } from "../wire/outcome-buffer.ts";
import { readRecording } from "../wire/recording/recording-reader.ts";
import type { RecordingHeader } from "../wire/recording/recording-writer.ts";

export interface ReplayReport extends ReplaySummary {
	readonly server: string;
	/** False: its writer was killed, and it is read up to its last whole chunk. */
	readonly isWhole: boolean;
	/** Messages that are missing, because the disk was too slow. */
	readonly droppedCount: number;
	readonly recordedCount: number;
	readonly replayedCount: number;
	readonly identicalCount: number;
	/** Outcomes without a partner: those of the last moments of a file that is not whole, or of the partial streams. */
	readonly unmatchedCount: number;
	readonly firstDifference: string | null;
	/** Of the replay, by name. */
	readonly outcomes: Readonly<Record<string, number>>;
}

export interface ReplayOptions {
	/** What is played in place of a turn: to ask what would have been. @default as it was */
	readonly alter?: (turn: JournalTurn) => JournalTurn;
}

/** Pairs outcomes of each stream in their order. */
class Comparison {
	recordedCount = 0;
	replayedCount = 0;
	identicalCount = 0;
	firstDifference: string | null = null;
	readonly outcomes: Record<string, number> = {};
	/** By stream; only one of both sides has something at a time. */
	readonly #recorded = new Map<string, Buffer[]>();
	readonly #replayed = new Map<string, Buffer[]>();

	recorded(streamId: string, bytes: Uint8Array): void {
		this.recordedCount++;
		this.#pair(streamId, bytes, this.#replayed, this.#recorded);
	}

	replayed(streamId: string, outcome: string, bytes: Uint8Array): void {
		this.replayedCount++;
		this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
		this.#pair(streamId, bytes, this.#recorded, this.#replayed);
	}

	get unmatchedCount(): number {
		let count = 0;
		for (const side of [this.#recorded, this.#replayed])
			for (const waiting of side.values()) count += waiting.length;
		return count;
	}

	#pair(
		streamId: string,
		bytes: Uint8Array,
		other: Map<string, Buffer[]>,
		own: Map<string, Buffer[]>,
	): void {
		const partner = other.get(streamId)?.shift();
		if (partner === undefined) {
			const waiting = own.get(streamId) ?? [];
			waiting.push(Buffer.from(bytes));
			own.set(streamId, waiting);
		} else if (partner.equals(bytes)) this.identicalCount++;
		else
			this.firstDifference ??= `stream ${streamId}, after ${this.identicalCount} identical outcomes`;
	}
}

/** Throws NOT_FOUND, MALFORMED or UNSUPPORTED. */
export async function replayFile(
	path: string,
	{ alter = (turn) => turn }: ReplayOptions = {},
): Promise<ReplayReport> {
	const items = readRecording(path);
	const first = items.next();
	if (first.done === true || first.value.kind !== "header")
		throw new SaccadeError("MALFORMED", `${path} has no header`);
	const { header } = first.value;
	const comparison = new Comparison();
	const replay = createReplay(header, comparison);
	let droppedCount = 0;
	for (;;) {
		const step = items.next();
		if (step.done === true)
			return {
				...replay.end(),
				server: header.server,
				isWhole: step.value,
				droppedCount,
				recordedCount: comparison.recordedCount,
				replayedCount: comparison.replayedCount,
				identicalCount: comparison.identicalCount,
				unmatchedCount: comparison.unmatchedCount,
				firstDifference: comparison.firstDifference,
				outcomes: comparison.outcomes,
			};
		const item = step.value;
		if (item.kind === "turn") await replay.play(alter(item.turn));
		else if (item.kind === "outcome")
			comparison.recorded(item.streamId, item.bytes);
		else if (item.kind === "dropped") droppedCount = item.count;
	}
}

function createReplay(
	{ hostOffsetUs }: RecordingHeader,
	comparison: Comparison,
): JournalReplay {
	const writer = new OutcomeWriter();
	return new JournalReplay({
		pipelines: (runner) => [
			createScalarPipeline(),
			createCameraPipeline(runner),
		],
		hostOffsetUs,
		onOutcome: (streamId, outcome) =>
			comparison.replayed(streamId, outcome.outcome, writer.write(outcome)),
	});
}
