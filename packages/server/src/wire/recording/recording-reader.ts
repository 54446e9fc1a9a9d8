// A recording as a replay needs it: turns of the journal with their payloads, and the outcomes that they led to then.
import { fromBinary } from "@bufbuild/protobuf";
import { type DType, isDType } from "@saccade/protocol";
import { TensorsSchema } from "@saccade/protocol/gen/saccade/v1/payload_pb.js";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { StageSpan } from "../../pipelines/pipeline.ts";
import { readMcap } from "../../recording/read-mcap.ts";
import type {
	JournalEvent,
	ModelAnswer,
	SegmentAnswer,
} from "../../streams/journal.ts";
import type { JournalTurn } from "../../streams/replay.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type PayloadShape, type PlainReading, payloadOf } from "./payloads.ts";
import {
	HEADER_TOPIC,
	JOURNAL_TOPIC,
	type MessageReference,
	OUTCOMES_SUFFIX,
	type RecordingHeader,
} from "./recording-writer.ts";
import { stepValuesOf } from "./step-values.ts";
import { parseTaggedJson } from "./tagged-json.ts";

export type RecordingItem =
	| { readonly kind: "header"; readonly header: RecordingHeader }
	| { readonly kind: "turn"; readonly turn: JournalTurn }
	| {
			readonly kind: "outcome";
			readonly streamId: string;
			/** saccade.v1.FrameOutcome */
			readonly bytes: Uint8Array;
	  }
	/** So many messages are missing by now: the disk was too slow. */
	| { readonly kind: "dropped"; readonly count: number };

/** Returns whether the file is whole. Throws NOT_FOUND, or MALFORMED for what is no recording of this server's. */
export function* readRecording(
	path: string,
): Generator<RecordingItem, boolean> {
	const payloads = new Payloads();
	const messages = readMcap(path);
	let hasHeader = false;
	for (;;) {
		const step = messages.next();
		if (step.done === true) {
			if (!hasHeader) throw foreign(path);
			return step.value;
		}
		const { topic, data } = step.value;
		if (topic === HEADER_TOPIC) {
			hasHeader = true;
			yield { kind: "header", header: headerOf(path, data) };
		} else if (!hasHeader) throw foreign(path);
		else if (topic === JOURNAL_TOPIC)
			yield { kind: "turn", turn: turnOf(path, data, payloads) };
		else if (topic === "/saccade/dropped")
			yield {
				kind: "dropped",
				count: Number(fieldOf(jsonOf(path, data), "dropped")),
			};
		else if (topic.startsWith("/streams/") && topic.endsWith(OUTCOMES_SUFFIX)) {
			const streamId = topic.slice("/streams/".length, -OUTCOMES_SUFFIX.length);
			yield { kind: "outcome", streamId, bytes: data };
		} else payloads.keep(topic, data);
	}
}

/** Messages until the journal asks for them, which it does in their order. */
class Payloads {
	readonly #topics = new Map<
		string,
		{ first: number; readonly kept: Uint8Array[] }
	>();

	keep(topic: string, data: Uint8Array): void {
		// Nobody asks for what only people look at.
		if (topic.startsWith("/scheduling/") || topic.endsWith("/decisions"))
			return;
		const one = this.#topics.get(topic) ?? { first: 1, kept: [] };
		this.#topics.set(topic, one);
		// The reader's memory is used again.
		one.kept.push(new Uint8Array(data));
	}

	/** Null: it is not in the file. */
	take({ topic, number }: MessageReference): Uint8Array | null {
		const one = this.#topics.get(topic);
		if (one === undefined) return null;
		const skipped = one.kept.splice(0, number - one.first + 1);
		one.first = number + 1;
		return skipped.at(-1) ?? null;
	}
}

function headerOf(path: string, data: Uint8Array): RecordingHeader {
	const header = jsonOf(path, data) as RecordingHeader;
	if (fieldOf(header, "version") === 1) return header;
	throw new SaccadeError(
		"UNSUPPORTED",
		`${path} is a recording of version ${String(fieldOf(header, "version"))}; this server plays version 1`,
	);
}

interface WrittenTurn {
	readonly clockUs: readonly number[];
	readonly events: readonly WrittenEvent[];
}

type WrittenEvent =
	| Exclude<JournalEvent, { kind: "reading" | "answer" | "segment" }>
	| {
			readonly kind: "segment";
			readonly run: string;
			readonly answer?: SegmentAnswer;
			readonly spans?: readonly StageSpan[];
			readonly message?: MessageReference | null;
	  }
	| {
			readonly kind: "reading";
			readonly streamId: string;
			readonly reading: PlainReading;
			readonly shape?: PayloadShape;
			readonly message?: MessageReference | null;
	  }
	| {
			readonly kind: "answer";
			readonly run: string;
			readonly answer?: ModelAnswer;
			readonly message?: MessageReference | null;
	  };

function turnOf(
	path: string,
	data: Uint8Array,
	payloads: Payloads,
): JournalTurn {
	const turn = jsonOf(path, data) as WrittenTurn;
	if (!Array.isArray(turn.clockUs) || !Array.isArray(turn.events))
		throw malformed(path, "a turn of the journal is none");
	const events = turn.events.flatMap((event) => eventOf(event, payloads));
	return { clockUs: turn.clockUs, events };
}

/** None: what it refers to was dropped. Such a file says so. */
function eventOf(event: WrittenEvent, payloads: Payloads): JournalEvent[] {
	if (event.kind === "reading") {
		const { kind, streamId, reading, shape, message } = event;
		const bytes = message ? payloads.take(message) : null;
		if (shape === undefined)
			return [{ kind, streamId, reading: { ...reading, payload: null } }];
		if (bytes === null) return [];
		const payload = payloadOf(shape, bytes);
		return [{ kind, streamId, reading: { ...reading, payload } }];
	}
	if (event.kind === "segment") return segmentOf(event, payloads);
	if (event.kind !== "answer") return [event];
	const { kind, run, answer, message } = event;
	if (answer !== undefined) return [{ kind, run, answer }];
	const bytes = message ? payloads.take(message) : null;
	if (bytes === null) return [];
	return [{ kind, run, answer: { ok: true, outputs: tensorsOf(bytes) } }];
}

function segmentOf(
	event: Extract<WrittenEvent, { kind: "segment" }>,
	payloads: Payloads,
): JournalEvent[] {
	const { kind, run, answer, spans = [], message } = event;
	if (answer !== undefined) return [{ kind, run, answer }];
	const bytes = message ? payloads.take(message) : null;
	if (bytes === null) return [];
	const outputs = stepValuesOf(bytes);
	return [{ kind, run, answer: { ok: true, outputs, spans } }];
}

function tensorsOf(bytes: Uint8Array): Tensor[] {
	return fromBinary(TensorsSchema, bytes).tensors.map((tensor) => ({
		name: tensor.name,
		dtype: dtypeOf(tensor.datatype),
		shape: tensor.shape.map(Number),
		data: tensor.data,
	}));
}

function dtypeOf(name: string): DType {
	if (isDType(name)) return name;
	throw new SaccadeError("MALFORMED", `datatype '${name.slice(0, 20)}'`);
}

const decoder = new TextDecoder();

function jsonOf(path: string, data: Uint8Array): object {
	try {
		const value = parseTaggedJson(decoder.decode(data));
		if (typeof value === "object" && value !== null) return value;
	} catch {
		// As below.
	}
	throw malformed(path, "a message of its own topics is no JSON object");
}

function fieldOf(value: object, name: string): unknown {
	return (value as Readonly<Record<string, unknown>>)[name];
}

function foreign(path: string): SaccadeError {
	return malformed(
		path,
		`it has no message on ${HEADER_TOPIC} before others: another program wrote it, or it was killed before its first chunk`,
	);
}

function malformed(path: string, what: string): SaccadeError {
	return new SaccadeError(
		"MALFORMED",
		`${path} cannot be played back: ${what}`,
	);
}
