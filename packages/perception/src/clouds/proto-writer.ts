// Writes protobuf's wire format into a caller's buffer, which must have room. Each function returns the offset after
// what it wrote. https://protobuf.dev/programming-guides/encoding/
import { utf8Bytes, writeUtf8 } from "./utf8.ts";

export function varintBytes(value: number): number {
	let bytes = 1;
	for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) bytes++;
	return bytes;
}

/** A whole number from 0 to 2^53. */
export function writeVarint(
	target: Uint8Array,
	at: number,
	value: number,
): number {
	let to = at;
	let left = value;
	while (left >= 0x80) {
		target[to++] = (left % 0x80) | 0x80;
		left = Math.floor(left / 0x80);
	}
	target[to++] = left;
	return to;
}

/** Field numbers up to 15 take one byte. */
export function writeTag(
	target: Uint8Array,
	at: number,
	fieldNumber: number,
	wireType: number,
): number {
	return writeVarint(target, at, 8 * fieldNumber + wireType);
}

/** Field number up to 15. */
export function textBytes(text: string): number {
	return lengthDelimitedBytes(utf8Bytes(text));
}

export function writeText(
	target: Uint8Array,
	at: number,
	fieldNumber: number,
	text: string,
): number {
	const to = writeVarint(
		target,
		writeTag(target, at, fieldNumber, 2),
		utf8Bytes(text),
	);
	return writeUtf8(text, target, to);
}

/** With its tag (field number up to 15) and length. */
export function lengthDelimitedBytes(length: number): number {
	return 1 + varintBytes(length) + length;
}

export function writeFixed32(
	target: Uint8Array,
	at: number,
	value: number,
): number {
	for (let i = 0; i < 4; i++) target[at + i] = value >>> (8 * i);
	return at + 4;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
// Which of the two words comes first depends on the machine.
const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;

export function writeDouble(
	target: Uint8Array,
	at: number,
	value: number,
): number {
	double[0] = value;
	return writeFixed32(
		target,
		writeFixed32(target, at, words[LOW]!),
		words[1 - LOW]!,
	);
}
