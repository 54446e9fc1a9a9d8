// Reads protobuf's wire format in place. https://protobuf.dev/programming-guides/encoding/
// A cursor is reset for each message and allocates nothing. Numbers wider than 53 bits lose their low digits.
import { assertBytes, PointCloudError } from "./point-cloud-error.ts";

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

const MAX_VARINT_BYTES = 10;

export class ProtoCursor {
	/** From the start of the bytes. */
	at = 0;
	/** Where the message that is being read ends. */
	end = 0;
	/** Of the tag that was read last. */
	fieldNumber = 0;
	wireType = 0;
	#low = 0;
	#high = 0;
	#bytes: Uint8Array = new Uint8Array(0);
	#view: DataView = new DataView(this.#bytes.buffer);

	/** `view` is over all of `bytes.buffer`. */
	reset(bytes: Uint8Array, view: DataView): void {
		this.#bytes = bytes;
		this.#view = view;
		this.at = 0;
		this.end = bytes.length;
	}

	/** False at the end of the message. */
	nextField(): boolean {
		if (this.at >= this.end) return false;
		const tag = this.varint();
		if (tag < 8 || tag > 0xffff_ffff)
			throw this.#malformed(`a tag of ${tag}`, tag);
		this.fieldNumber = tag >>> 3;
		this.wireType = tag & 7;
		return true;
	}

	/** As unsigned 64 bits. */
	varint(): number {
		this.#readVarint();
		return this.#high * 2 ** 32 + this.#low;
	}

	/** As int32 or int64: negative numbers are ten bytes of two's complement. */
	integer(): number {
		this.#expect(WIRE_VARINT);
		this.#readVarint();
		return (this.#high | 0) * 2 ** 32 + this.#low;
	}

	#readVarint(): void {
		let low = 0;
		let high = 0;
		for (let i = 0; i < MAX_VARINT_BYTES; i++) {
			assertBytes("a varint", this.at, 1, this.end);
			const byte = this.#bytes[this.at++]!;
			const bits = byte & 0x7f;
			if (i < 5) low |= bits << (7 * i);
			if (i === 4) high |= bits >> 4;
			if (i > 4) high |= bits << (7 * i - 32);
			if (byte < 0x80) {
				this.#low = low >>> 0;
				this.#high = high >>> 0;
				return;
			}
		}
		throw this.#malformed("a varint of more than 10 bytes", MAX_VARINT_BYTES);
	}

	fixed32(): number {
		this.#expect(WIRE_FIXED32);
		assertBytes("a fixed32", this.at, 4, this.end);
		this.at += 4;
		return this.#view.getUint32(this.#bytes.byteOffset + this.at - 4, true);
	}

	double(): number {
		this.#expect(WIRE_FIXED64);
		assertBytes("a double", this.at, 8, this.end);
		this.at += 8;
		return this.#view.getFloat64(this.#bytes.byteOffset + this.at - 8, true);
	}

	/** Length of bytes, a string or a message that begins at `at` and lies inside the message. */
	length(): number {
		this.#expect(WIRE_BYTES);
		const length = this.varint();
		assertBytes(`field ${this.fieldNumber}`, this.at, length, this.end);
		return length;
	}

	/** Enters an embedded message; the answer goes to `leave`. */
	enter(): number {
		const outerEnd = this.end;
		const length = this.length();
		this.end = this.at + length;
		return outerEnd;
	}

	leave(outerEnd: number): void {
		this.at = this.end;
		this.end = outerEnd;
	}

	/** A field that nobody here knows. */
	skip(): void {
		switch (this.wireType) {
			case WIRE_VARINT:
				this.varint();
				return;
			case WIRE_FIXED64:
				assertBytes(`field ${this.fieldNumber}`, this.at, 8, this.end);
				this.at += 8;
				return;
			case WIRE_BYTES: {
				const length = this.length();
				this.at += length;
				return;
			}
			case WIRE_FIXED32:
				assertBytes(`field ${this.fieldNumber}`, this.at, 4, this.end);
				this.at += 4;
				return;
			default:
				// Groups, which proto3 does not have, and two numbers without a meaning.
				throw this.#malformed(
					`wire type ${this.wireType} of field ${this.fieldNumber}`,
					this.wireType,
				);
		}
	}

	#expect(wireType: number): void {
		if (this.wireType !== wireType)
			throw this.#malformed(
				`wire type ${this.wireType} where field ${this.fieldNumber} has ${wireType}`,
				this.wireType,
			);
	}

	#malformed(what: string, actual: number): PointCloudError {
		return new PointCloudError(
			"malformed",
			`${what} at offset ${this.at} is no protobuf message of this type`,
			actual,
			this.at,
		);
	}
}
