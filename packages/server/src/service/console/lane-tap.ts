// What ran where, while somebody looks. Runs of one model on one lane with nothing visible between them are one span, so
// that a hundred thousand batches a second are as many spans as there is to see.
import type { LaneSpan } from "@saccade/protocol/console";
import type { BatchStamps, ModelListener } from "../../models/model-events.ts";
import { TailTopic } from "./topic.ts";

/** Less than a pixel of the chart. */
const GAP_US = 1_000;
/** A span ends by then, so that what goes on is seen while it does. */
const LONGEST_US = 100_000;
const SPANS = 3_000;
/** Of models on lanes; more are not shown. */
const MAX_OPEN = 2_000;

interface OpenSpan {
	readonly model: string;
	readonly version: string;
	readonly device: string;
	readonly lane: number;
	readonly beginUs: number;
	endUs: number;
	runs: number;
	rows: number;
	failed: number;
	closedBecause: string;
}

interface RanBatch {
	readonly rows: number;
	readonly closedBecause: string;
	readonly failed: boolean;
}

export class LaneTap {
	readonly spans: TailTopic<LaneSpan> = new TailTopic(SPANS);
	/** By model, version and lane. */
	readonly #open = new Map<string, OpenSpan>();
	isWatched = false;

	watched(isWatched: boolean): void {
		this.isWatched = isWatched;
		if (!isWatched) this.#open.clear();
	}

	/** `listener`, and what it hears of batches seen here. */
	listenerOf(
		model: { readonly name: string; readonly version: string },
		listener: ModelListener,
	): ModelListener {
		const { name, version } = model;
		const key = `${name}/${version}/`;
		return {
			batchFinished: (requests, rows, closedBecause, stamps, failed) => {
				listener.batchFinished(requests, rows, closedBecause, stamps, failed);
				if (!this.isWatched) return;
				const batch = { rows, closedBecause, failed };
				this.#ran(key + stamps.lane, { name, version }, batch, stamps);
			},
			inputsPadded: (...counts) => listener.inputsPadded(...counts),
			runLost: (...loss) => listener.runLost(...loss),
			requestFinished: (...request) => listener.requestFinished(...request),
		};
	}

	/** Ends what nothing was added to lately. */
	flush(nowUs: number): void {
		for (const [key, span] of this.#open)
			if (nowUs - span.endUs > GAP_US) this.#end(key, span);
	}

	#ran(
		key: string,
		model: { readonly name: string; readonly version: string },
		{ rows, closedBecause, failed }: RanBatch,
		stamps: BatchStamps,
	): void {
		const { gatherStartUs, splitEndUs, device, lane } = stamps;
		let span = this.#open.get(key);
		if (
			span !== undefined &&
			(gatherStartUs - span.endUs > GAP_US ||
				gatherStartUs - span.beginUs > LONGEST_US)
		) {
			this.#end(key, span);
			span = undefined;
		}
		if (span === undefined) {
			if (this.#open.size >= MAX_OPEN) return;
			span = {
				model: model.name,
				version: model.version,
				device,
				lane,
				beginUs: gatherStartUs,
				endUs: splitEndUs,
				runs: 0,
				rows: 0,
				failed: 0,
				closedBecause,
			};
			this.#open.set(key, span);
		}
		span.endUs = splitEndUs;
		span.runs++;
		span.rows += rows;
		if (failed) span.failed++;
		span.closedBecause = closedBecause;
	}

	#end(key: string, { beginUs, endUs, ...span }: OpenSpan): void {
		this.#open.delete(key);
		this.spans.push({
			...span,
			beginMs: Math.round(beginUs) / 1000,
			endMs: Math.round(endUs) / 1000,
		});
	}
}
