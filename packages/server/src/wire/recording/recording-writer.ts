// What happens to streams and models, as messages of a recording. What other tools show is on channels of its own; what
// a replay needs is on one, exactly: `/saccade/journal`, which refers to payloads by topic and count.
import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import type { Outcome } from "@saccade/protocol";
import { TensorsSchema } from "@saccade/protocol/gen/saccade/v1/payload_pb.js";
import {
	BatchRecordSchema,
	RefusalRecordSchema,
	StepValuesSchema,
} from "@saccade/protocol/gen/saccade/v1/recording_pb.js";
import {
	DecisionSchema,
	FrameOutcomeSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { BatchStamps } from "../../models/model-events.ts";
import type { Decision } from "../../pipelines/pipeline.ts";
import type { ChannelSpec } from "../../recording/mcap-file.ts";
import type {
	JournalEvent,
	JournalSink,
	ModelAnswer,
	SegmentAnswer,
} from "../../streams/journal.ts";
import type { FrameOutcome, SensorStream } from "../../streams/stream.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { OutcomeWriter } from "../outcome-buffer.ts";
import { messageOf, type PlainReading, shapeOf } from "./payloads.ts";
import { jsonChannel, pointCloud2Channel, protobufChannel } from "./schemas.ts";
import { stepValuesBytes } from "./step-values.ts";
import { taggedJson } from "./tagged-json.ts";

/** False: it was dropped. */
export type WriteMessage = (
	spec: ChannelSpec,
	logTime: bigint,
	data: Uint8Array,
) => boolean;

/** Written first: what a replay must know of the server. */
export interface RecordingHeader {
	readonly version: 1;
	readonly server: string;
	readonly hostOffsetUs: number;
	/** Wall clock minus the server's clock, in ns: log times less this are instants of the journal. */
	readonly wallOffsetNs: bigint;
}

/** Which message of a topic; null: it was dropped. */
export interface MessageReference {
	readonly topic: string;
	readonly number: number;
}

export const HEADER_TOPIC = "/saccade/recording";
export const JOURNAL_TOPIC = "/saccade/journal";
const ANSWERS_TOPIC = "/saccade/model-answers";
export const OUTCOMES_SUFFIX = "/outcomes";

const HEADER = jsonChannel(HEADER_TOPIC, "saccade.RecordingHeader", {
	version: { type: "integer" },
	server: { type: "string" },
	hostOffsetUs: { type: "number" },
});
const JOURNAL = jsonChannel(JOURNAL_TOPIC, "saccade.JournalTurn", {
	clockUs: { type: "array", items: { type: "number" } },
	events: { type: "array", items: { type: "object" } },
});
const ANSWERS = protobufChannel(ANSWERS_TOPIC, TensorsSchema);
const STEP_ANSWERS = protobufChannel("/saccade/step-answers", StepValuesSchema);

/** Device ids are the clients' to choose; beyond so many, their readings share a channel. */
const MAX_CHANNEL_COUNT = 10_000;

const text = new TextEncoder();

export class RecordingWriter implements JournalSink {
	readonly #write: WriteMessage;
	readonly #header: RecordingHeader;
	readonly #channels = new Map<string, ChannelSpec>();
	readonly #counts = new Map<ChannelSpec, number>();
	readonly #outcomes = new OutcomeWriter();
	#events: unknown[] = [];
	/** Of the last instant that was told: turns have none of their own where nothing read the clock. */
	#lastUs: number;

	constructor(write: WriteMessage, header: RecordingHeader, nowUs: number) {
		this.#write = write;
		this.#header = header;
		this.#lastUs = nowUs;
		this.#add(HEADER, nowUs, text.encode(taggedJson(header)));
	}

	// ── the journal ──────────────────────────────────────────────────────────────────────────────────────

	event(event: JournalEvent): void {
		if (event.kind === "reading") this.#reading(event.streamId, event.reading);
		else if (event.kind === "answer") this.#answer(event.run, event.answer);
		else if (event.kind === "segment") this.#segment(event.run, event.answer);
		else this.#events.push(event);
	}

	turnEnded(clockUs: readonly number[]): void {
		const events = this.#events;
		this.#events = [];
		this.#lastUs = clockUs.at(-1) ?? this.#lastUs;
		const turn = taggedJson({ clockUs, events });
		this.#add(JOURNAL, this.#lastUs, text.encode(turn));
	}

	#reading(streamId: string, reading: PlainReading): void {
		const { schema, bytes } = messageOf(reading);
		const { payload, receivedUs } = reading;
		const channel = this.#sensorChannel(reading.deviceId, schema);
		const message = this.#add(channel, receivedUs, bytes);
		// Field by field: it may carry more than it should, as what a transport keeps.
		this.#events.push({
			kind: "reading",
			streamId,
			reading: {
				timestampNs: reading.timestampNs,
				deviceId: reading.deviceId,
				value: reading.value,
				sequence: reading.sequence,
				frameId: reading.frameId,
				budgetUs: reading.budgetUs,
				interrupt: reading.interrupt,
				receivedUs,
			},
			...(payload !== null && { shape: shapeOf(payload) }),
			message,
		});
	}

	#answer(run: string, answer: ModelAnswer): void {
		if (!answer.ok) {
			this.#events.push({ kind: "answer", run, answer });
			return;
		}
		const tensors = create(TensorsSchema, {
			tensors: answer.outputs.map(tensorMessage),
		});
		const bytes = toBinary(TensorsSchema, tensors);
		const message = this.#add(ANSWERS, this.#lastUs, bytes);
		this.#events.push({ kind: "answer", run, message });
	}

	#segment(run: string, answer: SegmentAnswer): void {
		if (!answer.ok) {
			this.#events.push({ kind: "segment", run, answer });
			return;
		}
		const { outputs, spans } = answer;
		const bytes = stepValuesBytes(outputs);
		const message = this.#add(STEP_ANSWERS, this.#lastUs, bytes);
		this.#events.push({ kind: "segment", run, spans, message });
	}

	// ── what comes out ───────────────────────────────────────────────────────────────────────────────────

	outcome({ id }: SensorStream, outcome: FrameOutcome): void {
		const { finishedUs } = outcome;
		const bytes = this.#outcomes.write(outcome);
		const topic = `/streams/${id}${OUTCOMES_SUFFIX}`;
		this.#add(this.#channel(topic, FrameOutcomeSchema), finishedUs, bytes);
		const decision = outcome.result?.decision ?? null;
		if (decision !== null)
			this.#add(
				this.#channel(`/streams/${id}/decisions`, DecisionSchema),
				finishedUs,
				decisionBytes(decision, outcome.timestampNs),
			);
	}

	batch(
		model: string,
		version: string,
		batch: {
			readonly requests: number;
			readonly rows: number;
			readonly closedBecause: string;
			readonly failed: boolean;
		},
		stamps: BatchStamps,
	): void {
		const message = create(BatchRecordSchema, {
			model,
			version,
			...batch,
			gatherStartNs: ns(stamps.gatherStartUs),
			runStartNs: ns(stamps.runStartUs),
			runEndNs: ns(stamps.runEndUs),
			splitEndNs: ns(stamps.splitEndUs),
		});
		const bytes = toBinary(BatchRecordSchema, message);
		const channel = this.#channel("/scheduling/batches", BatchRecordSchema);
		this.#add(channel, stamps.splitEndUs, bytes);
	}

	refusal(
		model: string,
		version: string,
		refusal: {
			readonly outcome: Outcome;
			readonly queueUs: number;
			readonly totalUs: number;
			readonly nowUs: number;
		},
	): void {
		const { outcome, queueUs, totalUs, nowUs } = refusal;
		const message = create(RefusalRecordSchema, {
			model,
			version,
			outcome,
			queueNs: ns(queueUs),
			totalNs: ns(totalUs),
		});
		const bytes = toBinary(RefusalRecordSchema, message);
		const channel = this.#channel("/scheduling/refusals", RefusalRecordSchema);
		this.#add(channel, nowUs, bytes);
	}

	// ── channels ─────────────────────────────────────────────────────────────────────────────────────────

	#sensorChannel(
		deviceId: string,
		schema: DescMessage | "point-cloud2",
	): ChannelSpec {
		const kind = schema === "point-cloud2" ? schema : schema.name;
		const isFull = this.#channels.size >= MAX_CHANNEL_COUNT;
		const device = isFull
			? "others"
			: encodeURIComponent(deviceId.toWellFormed());
		return this.#channel(`/sensors/${device}/${kind}`, schema);
	}

	#channel(topic: string, schema: DescMessage | "point-cloud2"): ChannelSpec {
		let channel = this.#channels.get(topic);
		if (channel === undefined) {
			channel =
				schema === "point-cloud2"
					? pointCloud2Channel(topic)
					: protobufChannel(topic, schema);
			this.#channels.set(topic, channel);
		}
		return channel;
	}

	#add(
		channel: ChannelSpec,
		atUs: number,
		data: Uint8Array,
	): MessageReference | null {
		const logTime = ns(atUs) + this.#header.wallOffsetNs;
		if (!this.#write(channel, logTime < 0n ? 0n : logTime, data)) return null;
		const number = (this.#counts.get(channel) ?? 0) + 1;
		this.#counts.set(channel, number);
		return { topic: channel.topic, number };
	}
}

export function decisionBytes(
	decision: Decision,
	timestampNs: bigint,
): Uint8Array {
	const { action, reasons, targets, validForUs } = decision;
	const isBounded = validForUs !== Number.POSITIVE_INFINITY;
	const message = create(DecisionSchema, {
		action,
		reasons: [...reasons],
		targets: targets.map((target) => ({ ...target })),
		validUntilNs: isBounded ? timestampNs + ns(validForUs) : 0n,
	});
	return toBinary(DecisionSchema, message);
}

function tensorMessage({ name, dtype, shape, data }: Tensor) {
	return { name, datatype: dtype, shape: shape.map(BigInt), data };
}

function ns(us: number): bigint {
	return Number.isFinite(us) ? BigInt(Math.round(us * 1000)) : 0n;
}
