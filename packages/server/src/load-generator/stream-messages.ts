// SensorReading as the generator writes it, and the outcomes that it reads of a ControlCommand: by hand, because tens of
// thousands a second share the machine with the server that they measure. proto/saccade/v1/sensor.proto
import type { AnswerKind } from "./outcome.ts";

const PREFIX_BYTES = 5;
/** Three numbers, a double, their tags and the length of a device id. */
const MOST_FIXED_BYTES = 48;

export interface ReadingFields {
	readonly timestampNs: number;
	readonly deviceId: Uint8Array;
	readonly value: number;
	readonly sequence: number;
	/** 0: none is told. */
	readonly deadlineNs: number;
	/** A payload as an encoded field of SensorReading; empty: a plain reading. */
	readonly content: Uint8Array;
}

/** Room that `writeReading` may need. */
export function mostReadingBytes(fields: ReadingFields): number {
	return (
		PREFIX_BYTES +
		MOST_FIXED_BYTES +
		fields.deviceId.length +
		fields.content.length
	);
}

/** With the five bytes before a gRPC message. Returns where it ends. */
export function writeReading(
	target: Buffer,
	offset: number,
	fields: ReadingFields,
): number {
	const { timestampNs, deviceId, value, sequence, deadlineNs, content } =
		fields;
	let at = offset + PREFIX_BYTES;
	target[at++] = 0x08;
	at = writeVarint(target, at, timestampNs);
	target[at++] = 0x12;
	at = writeVarint(target, at, deviceId.length);
	target.set(deviceId, at);
	at += deviceId.length;
	target[at++] = 0x19;
	at = target.writeDoubleLE(value, at);
	target[at++] = 0x20;
	at = writeVarint(target, at, sequence);
	if (deadlineNs > 0) {
		target[at++] = 0x30;
		at = writeVarint(target, at, deadlineNs);
	}
	target.set(content, at);
	at += content.length;
	target[offset] = 0;
	target.writeUInt32BE(at - offset - PREFIX_BYTES, offset + 1);
	return at;
}

function writeVarint(target: Buffer, offset: number, value: number): number {
	let at = offset;
	let left = value;
	// Beyond 32 bits shifts would cut.
	for (; left > 0x7fff_ffff; left = Math.floor(left / 128))
		target[at++] = (left % 128) | 0x80;
	for (; left > 0x7f; left >>>= 7) target[at++] = (left & 0x7f) | 0x80;
	target[at++] = left;
	return at;
}

/** By saccade.v1.Outcome. */
const KIND_OF_OUTCOME: readonly AnswerKind[] = [
	"failed",
	"ok",
	"shed", // SUPERSEDED: a newer reading took its place
	"expired",
	"shed",
	"shed", // BREAKER_OPEN
	"failed",
	"failed",
	"failed",
];

/** What the generator wants to know of an outcome. */
export interface ToldOutcome {
	readonly timestampNs: number;
	readonly sequence: number;
	readonly kind: AnswerKind;
	readonly because: string;
}

export interface CommandEvents {
	/** @param bytes of the outcome, valid during the call */
	outcome(told: ToldOutcome, bytes: Buffer): void;
	/** The stream was not opened. */
	refused(reason: string): void;
}

const OPENED = 0x0a;
const OUTCOMES = 0x12;

export function readCommand(message: Buffer, events: CommandEvents): void {
	const fields = new Fields(message);
	while (fields.next())
		if (fields.tag === OUTCOMES) {
			const bytes = fields.bytes;
			events.outcome(readOutcome(bytes), bytes);
		} else if (fields.tag === OPENED) readOpened(fields.bytes, events);
}

function readOutcome(bytes: Buffer): ToldOutcome {
	const fields = new Fields(bytes);
	let timestampNs = 0;
	let sequence = 0;
	let outcome = 0;
	let because = "";
	while (fields.next())
		if (fields.tag === 0x08) timestampNs = fields.value;
		else if (fields.tag === 0x18) sequence = fields.value;
		else if (fields.tag === 0x20) outcome = fields.value;
		else if (fields.tag === 0x2a) because = fields.bytes.toString();
		// What follows the reason is of no interest here, and longer than all before.
		else if (fields.tag >= 0x32) break;
	return {
		timestampNs,
		sequence,
		kind: KIND_OF_OUTCOME[outcome] ?? "failed",
		because,
	};
}

function readOpened(bytes: Buffer, events: CommandEvents): void {
	const fields = new Fields(bytes);
	let isAccepted = false;
	let reason = "";
	while (fields.next())
		if (fields.tag === 0x08) isAccepted = fields.value !== 0;
		else if (fields.tag === 0x2a) reason = fields.bytes.toString();
	if (!isAccepted) events.refused(reason);
}

/** Fields of a message one after the other. https://protobuf.dev/programming-guides/encoding/ */
class Fields {
	tag = 0;
	/** Of a varint, exact up to 2^53. */
	value = 0;
	readonly #message: Buffer;
	#from = 0;
	#at = 0;

	constructor(message: Buffer) {
		this.#message = message;
	}

	/** Of a field with a length. */
	get bytes(): Buffer {
		return this.#message.subarray(this.#from, this.#at);
	}

	next(): boolean {
		if (this.#at >= this.#message.length) return false;
		this.tag = this.#varint();
		switch (this.tag & 7) {
			case 0:
				this.value = this.#varint();
				return true;
			case 1:
				this.#at += 8;
				return true;
			case 5:
				this.#at += 4;
				return true;
			default: {
				const length = this.#varint();
				this.#from = this.#at;
				this.#at += length;
				return true;
			}
		}
	}

	#varint(): number {
		let value = 0;
		let scale = 1;
		for (;;) {
			const byte = this.#message[this.#at++] ?? 0;
			value += (byte & 0x7f) * scale;
			if (byte < 0x80) return value;
			scale *= 128;
		}
	}
}
