// Readings that come one by one, each in a request of its own: all of them are frames of one stream, so that clocks,
// duplicates and outcomes mean the same as on a stream that is held open.
import type { FrameReason, Outcome } from "@saccade/protocol";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { Decision } from "../pipelines/pipeline.ts";
import type {
	FrameOutcome,
	SensorStream,
	StreamListener,
} from "../streams/stream.ts";
import type { StreamSet } from "../streams/stream-set.ts";
import type { TraceContext } from "../telemetry/tracing/trace-context.ts";

/** Devices that post; the state of each is kept as long as the server runs. */
const MAX_DEVICE_COUNT = 10_000;

export interface PostedReading {
	readonly timestampNs: bigint;
	readonly deviceId: string;
	readonly value: number;
	/** 0: not counted. */
	readonly sequence: number;
	/** 0: no deadline. */
	readonly budgetUs: number;
	readonly receivedUs: number;
	/** The client's place in a trace. @default null */
	readonly trace?: TraceContext | null;
}

export interface PostedOutcome {
	readonly outcome: Outcome;
	/** Null with RESULT. */
	readonly reason: FrameReason | null;
	readonly detail: string;
	readonly decision: Decision | null;
	readonly ageUs: number;
}

type Resolve = (outcome: PostedOutcome) => void;

export class TelemetryPosts implements StreamListener {
	readonly #set: StreamSet;
	#stream: SensorStream | null = null;

	constructor(set: StreamSet) {
		this.#set = set;
	}

	/** Rejects only where no stream can be opened; everything else is an outcome. */
	post(reading: PostedReading): Promise<PostedOutcome> {
		return new Promise<PostedOutcome>((resolve) => {
			this.#stream ??= this.#open();
			this.#stream.reading({
				...reading,
				frameId: "",
				interrupt: false,
				payload: null,
				lease: null,
				tag: resolve,
			});
		});
	}

	outcome(frame: FrameOutcome): void {
		(frame.tag as Resolve)({
			outcome: frame.outcome,
			reason: frame.reason,
			detail: frame.detail,
			decision: frame.result?.decision ?? null,
			ageUs: frame.finishedUs - frame.measuredUs,
		});
	}

	event(): void {}

	policyChanged(): void {}

	ended(): void {}

	#open(): SensorStream {
		const opened = this.#set.open(
			{
				pipeline: "scalar",
				qos: { dropPolicy: "drop-latest", maxInFlightCount: 16 },
				sensors: [],
				transforms: [],
				safeCommand: null,
				clockDomain: "device",
				name: "posted readings",
				peer: "",
				maxDeviceCount: MAX_DEVICE_COUNT,
			},
			this,
		);
		if (opened.ok) return opened.stream;
		throw new SaccadeError(opened.error.code, opened.error.message);
	}
}
