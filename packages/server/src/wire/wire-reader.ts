// Reading the protobuf wire format where it lies. https://protobuf.dev/programming-guides/encoding/
import { SaccadeError } from "../errors/saccade-error.ts";

export const WIRE = { VARINT: 0, I64: 1, LEN: 2, I32: 5 } as const;

/** A cursor over bytes. Every read checks its bounds and throws MALFORMED. */
const SCRATCH = new DataView(new ArrayBuffer(8));
const SCRATCH_OCTETS = new Uint8Array(SCRATCH.buffer);

export class WireReader {
	bytes: Uint8Array;
	at: number;
	end: number;

	constructor(bytes: Uint8Array, at = 0, end = bytes.byteLength) {
		this.bytes = bytes;
		this.at = at;
		this.end = end;
	}

	get hasMore(): boolean {
		return this.at < this.end;
	}

	/** Points the cursor at other bytes, so that one reader serves many messages. */
	reset(bytes: Uint8Array, at = 0, end = bytes.byteLength): void {
		this.bytes = bytes;
		this.at = at;
		this.end = end;
	}

	/** A varint up to 2^53; larger ones throw. Use `varint64` where 64 bits are legal. */
	varint(): number {
		let value = 0;
		let at = this.at;
		for (let shift = 0; shift < 28; shift += 7) {
			if (at >= this.end) throw malformed("a number is cut off");
			const octet = this.bytes[at++]!;
			value |= (octet & 0x7f) << shift;
			if (octet < 0x80) {
				this.at = at;
				return value;
			}
		}
		const large = this.varint64();
		if (large > 0x1f_ffff_ffff_ffffn)
			throw malformed("a length or tag is too large");
		return Number(large);
	}

	/** Field number × 8 + wire type. */
	tag(): number {
		const tag = this.varint();
		if (tag < 8 || tag > 0xffff_ffff) throw malformed(`tag ${tag}`);
		return tag;
	}

	/** A signed varint; above 2^53 it is rounded. */
	int64(): number {
		const next = this.at < this.end ? this.bytes[this.at]! : 0x80;
		if (next >= 0x80) return Number(BigInt.asIntN(64, this.varint64()));
		this.at++;
		return next;
	}

	/** A varint of 64 bits, unsigned. */
	varint64(): bigint {
		let low = 0;
		let high = 0;
		for (let shift = 0; shift < 70; shift += 7) {
			if (this.at >= this.end) throw malformed("a number is cut off");
			const octet = this.bytes[this.at++]!;
			const bits = octet & 0x7f;
			if (shift < 28) low += bits * 2 ** shift;
			else high += bits * 2 ** (shift - 28);
			if (octet < 0x80)
				return BigInt.asUintN(64, (BigInt(high) << 28n) | BigInt(low));
		}
		throw malformed("a number has more than ten octets");
	}

	/** End of a length-delimited field that begins at `at`. */
	lengthEnd(): number {
		const length = this.varint();
		const end = this.at + length;
		if (end > this.end) throw malformed("a field is longer than its message");
		return end;
	}

	/** A view of a length-delimited field. */
	view(): Uint8Array {
		const end = this.lengthEnd();
		const view = this.bytes.subarray(this.at, end);
		this.at = end;
		return view;
	}

	string(): string {
		const end = this.lengthEnd();
		const text = this.text(this.at, end);
		this.at = end;
		return text;
	}

	/** UTF-8 from `start` to `end`; what is no UTF-8 becomes U+FFFD. */
	text(start: number, end: number): string {
		const { buffer, byteOffset } = this.bytes;
		return Buffer.from(buffer, byteOffset + start, end - start).toString();
	}

	/** A reader over a length-delimited submessage; this one moves behind it. */
	message(): WireReader {
		const end = this.lengthEnd();
		const inner = new WireReader(this.bytes, this.at, end);
		this.at = end;
		return inner;
	}

	double(): number {
		if (this.end - this.at < 8) throw malformed("a number is cut off");
		this.#takeOctets(8);
		return SCRATCH.getFloat64(0, true);
	}

	float(): number {
		if (this.end - this.at < 4) throw malformed("a number is cut off");
		this.#takeOctets(4);
		return SCRATCH.getFloat32(0, true);
	}

	/** A DataView of each message would be most of a reading's garbage. */
	#takeOctets(count: number): void {
		for (let i = 0; i < count; i++)
			SCRATCH_OCTETS[i] = this.bytes[this.at + i]!;
		this.at += count;
	}

	/** Moves behind a field that is not known. @param tag of the field, or its wire type */
	skip(tag: number): void {
		const wireType = tag & 7;
		switch (wireType) {
			case WIRE.VARINT:
				this.#skipVarint();
				return;
			case WIRE.LEN:
				this.at = this.lengthEnd();
				return;
			case WIRE.I64:
			case WIRE.I32: {
				const size = wireType === WIRE.I64 ? 8 : 4;
				if (this.end - this.at < size) throw malformed("a number is cut off");
				this.at += size;
				return;
			}
			default:
				throw malformed(`wire type ${wireType}`);
		}
	}

	#skipVarint(): void {
		const start = this.at;
		while (this.at < this.end && this.at - start < 10)
			if (this.bytes[this.at++]! < 0x80) return;
		throw malformed("a number is cut off or has more than ten octets");
	}
}

export function malformed(what: string): SaccadeError {
	return new SaccadeError(
		"MALFORMED",
		`failed to parse the request message: ${what}`,
	);
}

export function varintBytes(value: number): number {
	let size = 1;
	for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
	return size;
}

/** Returns the offset behind what was written. */
export function writeVarint(
	target: Uint8Array,
	offset: number,
	value: number,
): number {
	let at = offset;
	let rest = value;
	while (rest >= 0x80) {
		target[at++] = (rest % 0x80) | 0x80;
		rest = Math.floor(rest / 0x80);
	}
	target[at++] = rest;
	return at;
}

/** An integer of 64 bits as a varint; returns the offset behind it. */
export function writeVarint64(
	target: Uint8Array,
	offset: number,
	value: bigint,
): number {
	const unsigned = BigInt.asUintN(64, value);
	// Within 2^53 plain numbers do, and are faster.
	if (unsigned <= 0x1f_ffff_ffff_ffffn)
		return writeVarint(target, offset, Number(unsigned));
	let at = offset;
	let low = Number(unsigned & 0xfff_ffffn);
	for (let i = 0; i < 4; i++) {
		target[at++] = (low & 0x7f) | 0x80;
		low >>>= 7;
	}
	return writeVarint(target, at, Number(unsigned >> 28n));
}
