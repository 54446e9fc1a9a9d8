// Names and frame ids between bytes and strings. The same few come with every message, so the string that is already
// there is kept when it says the same. TextDecoder is no part of the language, and costs more for ten letters.
import { PointCloudError } from "./point-cloud-error.ts";

/** Bounds what a message can make a view keep. Frame ids and field names have some ten letters. */
const MAX_NAME_BYTES = 1024;
const REPLACEMENT = 0xfffd;
// Smallest code point that may take so many continuation bytes, by their number.
const LEAST = [0, 0x80, 0x800, 0x1_0000];

/**
 * The text of `bytes[at … at + length)`: `previous` itself when it is that text. Broken UTF-8 reads as U+FFFD.
 * @throws PointCloudError `unsupported` when it is longer than 1,024 bytes.
 */
export function readName(
	bytes: Uint8Array,
	at: number,
	length: number,
	previous: string,
): string {
	if (isAscii(previous, bytes, at, length)) return previous;
	if (length > MAX_NAME_BYTES)
		throw new PointCloudError(
			"unsupported",
			`a name of ${length} bytes where ${MAX_NAME_BYTES} are read`,
			length,
			MAX_NAME_BYTES,
		);
	let text = "";
	const end = at + length;
	for (let i = at; i < end; ) {
		const lead = bytes[i++]!;
		if (lead < 0x80) {
			text += String.fromCharCode(lead);
			continue;
		}
		const following =
			lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
		let point = following === 0 ? -1 : lead & (0x3f >> following);
		let read = 0;
		while (read < following && i < end && (bytes[i]! & 0xc0) === 0x80) {
			point = (point << 6) | (bytes[i++]! & 0x3f);
			read++;
		}
		const isValid =
			following > 0 &&
			lead < 0xf8 &&
			read === following &&
			point >= LEAST[following]! &&
			point <= 0x10_ffff &&
			(point < 0xd800 || point > 0xdfff);
		text += String.fromCodePoint(isValid ? point : REPLACEMENT);
	}
	return text === previous ? previous : text;
}

function isAscii(
	text: string,
	bytes: Uint8Array,
	at: number,
	length: number,
): boolean {
	if (text.length !== length) return false;
	for (let i = 0; i < length; i++) {
		const byte = bytes[at + i]!;
		if (byte >= 0x80 || byte !== text.charCodeAt(i)) return false;
	}
	return true;
}

export function utf8Bytes(text: string): number {
	let bytes = 0;
	for (let i = 0; i < text.length; i++) {
		const point = pointAt(text, i);
		if (point > 0xffff) i++;
		bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
	}
	return bytes;
}

/** @returns the offset after the text; there must be room for `utf8Bytes(text)`. */
export function writeUtf8(
	text: string,
	target: Uint8Array,
	at: number,
): number {
	let to = at;
	for (let i = 0; i < text.length; i++) {
		const point = pointAt(text, i);
		if (point > 0xffff) i++;
		if (point < 0x80) {
			target[to++] = point;
			continue;
		}
		const following = point < 0x800 ? 1 : point < 0x1_0000 ? 2 : 3;
		// 110xxxxx, 1110xxxx, 11110xxx, then 10xxxxxx each.
		target[to++] = (0xff00 >> (following + 1)) | (point >> (6 * following));
		for (let left = following - 1; left >= 0; left--)
			target[to++] = 0x80 | ((point >> (6 * left)) & 0x3f);
	}
	return to;
}

/** A surrogate without its partner is no text. */
function pointAt(text: string, i: number): number {
	const point = text.codePointAt(i)!;
	return point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
}
