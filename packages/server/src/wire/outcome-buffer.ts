// Outcomes as they will leave: each already a field of ControlCommand, one behind the other, so that a flush is one copy.
// It is bounded: while a client does not read, the oldest are dropped and counted.
//
//   │ dropped │ outcome │ outcome │ … │ outcome │ free │
//             ▲ start                           ▲ end
import { OUTCOMES, type Outcome } from "@saccade/protocol";
import type { Decision, FrameOutcome } from "../endpoint/endpoint.ts";
import { DeviceIdWriter } from "./device-ids.ts";
import { varintBytes, writeVarint, writeVarint64 } from "./wire-reader.ts";

/** Outcomes kept for a client that does not read. */
const MAX_OUTCOME_COUNT = 1024;
/** And their bytes; a single outcome may be larger. */
const MAX_OUTCOME_BYTES = 4 * 1024 * 1024;
const FIRST_BYTES = 4096;
/** Kept for the next outcomes; what was larger goes back to the system. */
const KEPT_BYTES = 256 * 1024;

const NUMBER_OF: Readonly<Record<Outcome, number>> = Object.fromEntries(
	OUTCOMES.map((outcome, index) => [outcome, index + 1]),
) as Record<Outcome, number>;

export class OutcomeBuffer {
	#bytes = new Uint8Array(FIRST_BYTES);
	#start = 0;
	#end = 0;
	/** Lengths of what is kept, as a ring. */
	readonly #lengths = new Uint32Array(MAX_OUTCOME_COUNT);
	#first = 0;
	#count = 0;
	readonly #writer = new OutcomeWriter();

	get count(): number {
		return this.#count;
	}

	get byteLength(): number {
		return this.#end - this.#start;
	}

	/** Returns how many had to go for it. */
	push(outcome: FrameOutcome): number {
		const body = this.#writer.write(outcome, outcome.traceId ?? "");
		const length = 1 + varintBytes(body.byteLength) + body.byteLength;
		let dropped = 0;
		while (
			this.#count > 0 &&
			(this.#count === MAX_OUTCOME_COUNT ||
				this.byteLength + length > MAX_OUTCOME_BYTES)
		) {
			this.#dropOldest();
			dropped++;
		}
		this.#makeRoom(length);
		const bytes = this.#bytes;
		bytes[this.#end] = 0x12;
		const at = writeVarint(bytes, this.#end + 1, body.byteLength);
		bytes.set(body, at);
		this.#end += length;
		this.#lengths[(this.#first + this.#count) % MAX_OUTCOME_COUNT] = length;
		this.#count++;
		return dropped;
	}

	/** Copies all of them and forgets them. */
	takeInto(target: Uint8Array, offset: number): void {
		target.set(this.#bytes.subarray(this.#start, this.#end), offset);
		this.clear();
	}

	clear(): void {
		this.#start = 0;
		this.#end = 0;
		this.#first = 0;
		this.#count = 0;
		if (this.#bytes.byteLength > KEPT_BYTES)
			this.#bytes = new Uint8Array(FIRST_BYTES);
	}

	#dropOldest(): void {
		this.#start += this.#lengths[this.#first]!;
		this.#first = (this.#first + 1) % MAX_OUTCOME_COUNT;
		this.#count--;
	}

	#makeRoom(length: number): void {
		const { byteLength } = this;
		if (this.#end + length <= this.#bytes.byteLength) return;
		// Twice what is kept, so that moving it down pays.
		if (2 * (byteLength + length) <= this.#bytes.byteLength)
			this.#bytes.copyWithin(0, this.#start, this.#end);
		else {
			const larger = new Uint8Array(
				Math.max(2 * this.#bytes.byteLength, 2 * (byteLength + length)),
			);
			larger.set(this.#bytes.subarray(this.#start, this.#end));
			this.#bytes = larger;
		}
		this.#start = 0;
		this.#end = byteLength;
	}
}

const text = new TextEncoder();
/** A varint of 64 bits has at most so many octets. */
const VARINT_BYTES = 10;

/** FrameOutcome, field by field. The bytes are valid until the next one is written. */
export class OutcomeWriter {
	#bytes = new Uint8Array(512);
	#at = 0;
	readonly #deviceIds = new DeviceIdWriter();
	/** What is the same in every frame that ends in the same decision. */
	readonly #decisions = new WeakMap<Decision, Uint8Array>();

	/** @param traceId for the client alone: a recording is the same whoever traces */
	write(outcome: FrameOutcome, traceId = ""): Uint8Array {
		this.#at = 0;
		this.#varint64(0x08, outcome.timestampNs);
		this.#bytesField(0x12, this.#deviceIds.bytesOf(outcome.deviceId));
		if (outcome.sequence !== 0) this.#varint(0x18, outcome.sequence);
		this.#varint(0x20, NUMBER_OF[outcome.outcome]);
		if (outcome.reason !== null) this.#string(0x2a, outcome.reason);
		if (outcome.detail !== "") this.#string(0x32, outcome.detail);
		const decision = outcome.result?.decision ?? null;
		if (decision !== null) this.#decision(decision, outcome.timestampNs);
		this.#latency(outcome);
		for (const tensor of outcome.result?.outputs ?? NONE)
			this.#message(0x4a, () => {
				this.#string(0x0a, tensor.name);
				this.#string(0x12, tensor.dtype);
				for (const size of tensor.shape) this.#varint64(0x18, BigInt(size));
				this.#bytesField(0x22, tensor.data);
			});
		for (const { deviceId, timestampNs, measuredUs } of outcome.inputs)
			this.#message(0x52, () => {
				this.#string(0x0a, deviceId);
				this.#varint64(0x10, timestampNs);
				this.#varint64(0x18, ns(outcome.finishedUs - measuredUs));
			});
		if (traceId !== "") this.#string(0x5a, traceId);
		return this.#bytes.subarray(0, this.#at);
	}

	#decision(decision: Decision, timestampNs: bigint): void {
		const fixed = this.#fixedPart(decision);
		const { validForUs } = decision;
		const isBounded = validForUs !== Number.POSITIVE_INFINITY;
		this.#room(fixed.byteLength + 2 * VARINT_BYTES);
		const at = this.#begin(0x3a);
		this.#bytes.set(fixed, this.#at);
		this.#at += fixed.byteLength;
		if (isBounded) this.#varint64(0x18, timestampNs + ns(validForUs));
		this.#end(at);
	}

	#fixedPart(decision: Decision): Uint8Array {
		let fixed = this.#decisions.get(decision);
		if (fixed === undefined) {
			const own = new OutcomeWriter();
			fixed = own.#writeFixed(decision);
			this.#decisions.set(decision, fixed);
		}
		return fixed;
	}

	#writeFixed({ action, reasons, targets }: Decision): Uint8Array {
		this.#string(0x0a, action);
		for (const reason of reasons) this.#string(0x12, reason);
		for (const { name, value } of targets)
			this.#message(0x22, () => {
				this.#string(0x0a, name);
				this.#double(0x11, value);
			});
		return this.#bytes.slice(0, this.#at);
	}

	#latency(outcome: FrameOutcome): void {
		const { measuredUs, startedUs, deadlineUs, result } = outcome;
		const at = this.#begin(0x42);
		this.#sint(0x08, outcome.receivedUs - measuredUs);
		if (!Number.isNaN(startedUs)) this.#sint(0x10, startedUs - measuredUs);
		this.#sint(0x18, outcome.finishedUs - measuredUs);
		if (deadlineUs !== Number.POSITIVE_INFINITY)
			this.#varint(
				0x20,
				Math.max(0, Math.round((deadlineUs - measuredUs) * 1000)),
			);
		for (const { name, beginUs, endUs } of result?.stages ?? NO_STAGES)
			this.#message(0x2a, () => {
				this.#string(0x0a, name);
				this.#sint(0x10, beginUs - measuredUs);
				this.#sint(0x18, endUs - measuredUs);
			});
		this.#end(at);
	}

	/** A submessage; its length is known when it is written. */
	#message(tag: number, write: () => void): void {
		const at = this.#begin(tag);
		write();
		this.#end(at);
	}

	/** Most are shorter than 128 bytes, so one byte is kept for the length. */
	#begin(tag: number): number {
		this.#room(2);
		this.#bytes[this.#at++] = tag;
		return this.#at++;
	}

	#end(lengthAt: number): void {
		const length = this.#at - lengthAt - 1;
		const more = varintBytes(length) - 1;
		if (more > 0) {
			this.#room(more);
			this.#bytes.copyWithin(lengthAt + 1 + more, lengthAt + 1, this.#at);
			this.#at += more;
		}
		writeVarint(this.#bytes, lengthAt, length);
	}

	#varint(tag: number, value: number): void {
		this.#room(1 + VARINT_BYTES);
		this.#bytes[this.#at++] = tag;
		this.#at = writeVarint(this.#bytes, this.#at, value);
	}

	#varint64(tag: number, value: bigint): void {
		this.#room(1 + VARINT_BYTES);
		this.#bytes[this.#at++] = tag;
		this.#at = writeVarint64(this.#bytes, this.#at, value);
	}

	/** µs as zigzag ns. */
	#sint(tag: number, us: number): void {
		const value = Math.round(us * 1000);
		this.#varint(tag, value < 0 ? -2 * value - 1 : 2 * value);
	}

	#double(tag: number, value: number): void {
		this.#room(9);
		this.#bytes[this.#at++] = tag;
		new DataView(this.#bytes.buffer).setFloat64(this.#at, value, true);
		this.#at += 8;
	}

	#string(tag: number, value: string): void {
		const most = 3 * value.length;
		this.#room(1 + VARINT_BYTES + most);
		this.#bytes[this.#at++] = tag;
		const { written } = text.encodeInto(
			value,
			this.#bytes.subarray(this.#at + VARINT_BYTES),
		);
		const from = this.#at + VARINT_BYTES;
		this.#at = writeVarint(this.#bytes, this.#at, written);
		this.#bytes.copyWithin(this.#at, from, from + written);
		this.#at += written;
	}

	#bytesField(tag: number, value: Uint8Array): void {
		this.#room(1 + VARINT_BYTES + value.byteLength);
		this.#bytes[this.#at++] = tag;
		this.#at = writeVarint(this.#bytes, this.#at, value.byteLength);
		this.#bytes.set(value, this.#at);
		this.#at += value.byteLength;
	}

	#room(byteLength: number): void {
		if (this.#at + byteLength <= this.#bytes.byteLength) return;
		const larger = new Uint8Array(
			2 * Math.max(this.#bytes.byteLength, this.#at + byteLength),
		);
		larger.set(this.#bytes.subarray(0, this.#at));
		this.#bytes = larger;
	}
}

const NONE: readonly never[] = [];
const NO_STAGES: readonly never[] = [];

function ns(us: number): bigint {
	return BigInt(Math.round(us * 1000));
}
