// Reading the protobuf wire format where it lies. https://protobuf.dev/programming-guides/encoding/
import { SaccadeError } from "../../../errors/saccade-error.ts";

export const WIRE = { VARINT: 0, I64: 1, LEN: 2, I32: 5 } as const;

/** A cursor over bytes. Every read checks its bounds and throws MALFORMED. */
export class WireReader {
	bytes: Uint8Array;
	at: number;
	end: number;
	#view: DataView | null = null;

	constructor(bytes: Uint8Array, at = 0, end = bytes.byteLength) {
		this.bytes = bytes;
		this.at = at;
		this.end = end;
	}

	get hasMore(): boolean {
		return this.at < this.end;
	}

	/** A varint up to 2^53; larger ones throw. Use `varint64` where 64 bits are legal. */
	varint(): number {
		const first = this.at < this.end ? this.bytes[this.at]! : 0x80;
		if (first < 0x80) {
			this.at++;
			return first;
		}
		const value = this.varint64();
		if (value > 0x1f_ffff_ffff_ffffn)
			throw malformed("a length or tag is too large");
		return Number(value);
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
		const text = utf8(this.bytes, this.at, end);
		this.at = end;
		return text;
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
		this.#view ??= new DataView(
			this.bytes.buffer,
			this.bytes.byteOffset,
			this.bytes.byteLength,
		);
		const value = this.#view.getFloat64(this.at, true);
		this.at += 8;
		return value;
	}

	skip(wireType: number): void {
		switch (wireType) {
			case WIRE.VARINT:
				this.varint64();
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
}

export function malformed(what: string): SaccadeError {
	return new SaccadeError(
		"MALFORMED",
		`failed to parse the request message: ${what}`,
	);
}

function utf8(bytes: Uint8Array, start: number, end: number): string {
	return Buffer.from(
		bytes.buffer,
		bytes.byteOffset + start,
		end - start,
	).toString("utf8");
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
