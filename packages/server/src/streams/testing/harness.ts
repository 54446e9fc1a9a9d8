// Streams on a manual clock, with pipelines that a test answers by hand.
import { ManualClock } from "../../common/manual-clock.ts";
import type { Frame } from "../../pipelines/frame.ts";
import type {
	FrameContext,
	FrameResult,
	Pipeline,
} from "../../pipelines/pipeline.ts";
import { createScalarPipeline } from "../../pipelines/scalar-pipeline.ts";
import type { Lease } from "../../tensor/tensor.ts";
import type { QosOffer } from "../qos.ts";
import type {
	FrameOutcome,
	Reading,
	SensorStream,
	StreamListener,
	StreamRequest,
	StreamTotals,
} from "../stream.ts";
import { StreamSet, type StreamSetOptions } from "../stream-set.ts";

const RESULT: FrameResult = { decision: null, outputs: [], stages: [] };

/** A run that waits for the test to answer it. */
export interface HeldRun {
	readonly frame: Frame;
	readonly context: FrameContext;
	finish(): void;
	fail(error: unknown): void;
}

/** Holds every frame until the test answers it. */
export class HeldPipeline implements Pipeline {
	readonly name = "held";
	readonly requests: Pipeline["requests"];
	readonly join: Pipeline["join"];
	/** In the order they started. */
	readonly runs: HeldRun[] = [];
	closedCount = 0;
	readonly #lanes: readonly string[];

	/** @param options.lanes devices that have a lane each. @default all share one */
	constructor(
		options: Partial<Pick<Pipeline, "requests" | "join">> & {
			readonly lanes?: readonly string[];
		} = {},
	) {
		this.requests = options.requests ?? {};
		this.join = options.join ?? null;
		this.#lanes = options.lanes ?? [];
	}

	open() {
		const lanes = this.#lanes;
		return {
			laneCount: Math.max(1, lanes.length),
			laneOf: (deviceId: string) => Math.max(0, lanes.indexOf(deviceId)),
			process: (frame: Frame, context: FrameContext) =>
				new Promise<FrameResult>((resolve, reject) => {
					const finish = () => resolve(RESULT);
					this.runs.push({ frame, context, finish, fail: reject });
				}),
			close: () => {
				this.closedCount++;
			},
		};
	}
}

/** What a stream told, as text: `number OUTCOME reason`, and events as `! device kind count`. */
export class Log implements StreamListener {
	readonly lines: string[] = [];
	readonly outcomes: string[] = [];
	totals: StreamTotals | null = null;

	outcome({ sequence, outcome, reason }: FrameOutcome): void {
		this.outcomes.push(outcome);
		this.lines.push(
			reason === null
				? `${sequence} ${outcome}`
				: `${sequence} ${outcome} ${reason}`,
		);
	}

	event({ kind, deviceId, count }: Parameters<StreamListener["event"]>[0]) {
		this.lines.push(`! ${deviceId} ${kind} ${count}`);
	}

	policyChanged(): void {
		this.lines.push("! policy");
	}

	ended(totals: StreamTotals): void {
		this.totals = totals;
		this.lines.push("ended");
	}
}

export function createStreams(options: Partial<StreamSetOptions> = {}) {
	const clock = new ManualClock(1_000_000);
	const held = new HeldPipeline();
	const pipelines = new Map<string, Pipeline>([
		["held", held],
		["scalar", createScalarPipeline()],
	]);
	const catalogue = {
		find: (name: string) => {
			const pipeline = pipelines.get(name);
			if (pipeline === undefined) throw new Error(`no pipeline ${name}`);
			return pipeline;
		},
	};
	const set = new StreamSet({ clock, catalogue, ...options });
	return { clock, held, pipelines, set };
}

export type TestStreams = ReturnType<typeof createStreams>;

export function openStream(
	{ set }: TestStreams,
	qos: QosOffer = {},
	request: Partial<StreamRequest> = {},
	listener: Log = new Log(),
): { readonly stream: SensorStream; readonly log: Log } {
	const opened = set.open(
		{
			pipeline: "held",
			qos,
			sensors: [],
			transforms: [],
			safeCommand: null,
			clockDomain: "host-monotonic",
			name: "",
			peer: "",
			...request,
		},
		listener,
	);
	if (!opened.ok) throw opened.error;
	return { stream: opened.stream, log: listener };
}

/** A plain reading of now, with whatever else a test says. */
export function readingOf(
	clock: ManualClock,
	sequence: number,
	fields: Partial<Reading> = {},
): Reading {
	const nowUs = clock.nowUs();
	return {
		timestampNs: BigInt(Math.round(nowUs * 1000)) + BigInt(sequence),
		deviceId: "device",
		value: 1,
		sequence,
		frameId: "",
		budgetUs: 0,
		interrupt: false,
		payload: null,
		receivedUs: nowUs,
		lease: null,
		...fields,
	};
}

/** A lease that counts: released once is right. */
export class CountedLease implements Lease {
	releasedCount = 0;

	release(): void {
		this.releasedCount++;
	}
}

/** Lets answers of pipelines arrive. */
export async function turn(): Promise<void> {
	for (let i = 0; i < 4; i++) await Promise.resolve();
}
