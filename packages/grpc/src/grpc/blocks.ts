// Header blocks of answers, built once where they never change.
import { type Encoding, type OutgoingMetadata, Status } from "../api.ts";
import { encodeHeaders } from "../hpack/encoder.ts";
import { OFFERED_ENCODINGS } from "./compression.ts";
import { toFields } from "./metadata.ts";

const BASE: readonly (readonly [string, string])[] = [
	[":status", "200"],
	["content-type", "application/grpc"],
];

const ACCEPT: readonly [string, string] = [
	"grpc-accept-encoding",
	OFFERED_ENCODINGS,
];

export const RESPONSE_HEADERS = encodeHeaders([...BASE, ACCEPT]);
export const OK_TRAILERS = encodeHeaders([["grpc-status", "0"]]);

export function responseHeaders(
	metadata: OutgoingMetadata,
	encoding: Encoding,
): Buffer {
	const fields: [string, string][] = toFields(metadata);
	if (encoding !== "identity") fields.unshift(["grpc-encoding", encoding]);
	return encodeHeaders([...BASE, ACCEPT, ...fields]);
}

export function trailers(
	status: Status,
	message: string,
	metadata: OutgoingMetadata,
): Buffer {
	if (status === Status.OK && message === "" && metadata.length === 0)
		return OK_TRAILERS;
	return encodeHeaders(trailerFields(status, message, metadata));
}

/** Status without any message before it: one block that is headers and trailers. */
export function trailersOnly(
	status: Status,
	message: string,
	metadata: OutgoingMetadata,
): Buffer {
	return encodeHeaders([...BASE, ...trailerFields(status, message, metadata)]);
}

/** With the encodings that are, as the protocol asks. */
export function encodingNotOffered(encoding: string): Buffer {
	const text = `grpc-encoding "${encoding}" is not offered`;
	return encodeHeaders([
		...BASE,
		ACCEPT,
		...trailerFields(Status.UNIMPLEMENTED, text, []),
	]);
}

/** For requests that are not gRPC at all, as gRPC servers answer them. */
export const UNSUPPORTED_MEDIA_TYPE = encodeHeaders([[":status", "415"]]);
export const METHOD_NOT_ALLOWED = encodeHeaders([
	[":status", "405"],
	["allow", "POST"],
]);
export const HEADERS_TOO_LARGE = encodeHeaders([[":status", "431"]]);

function trailerFields(
	status: Status,
	message: string,
	metadata: OutgoingMetadata,
): [string, string][] {
	const fields: [string, string][] = [["grpc-status", String(status)]];
	if (message !== "") fields.push(["grpc-message", percentEncode(message)]);
	return [...fields, ...toFields(metadata)];
}

// Longer texts would not fit beside other metadata into a client's default of 8 KiB.
const MAX_MESSAGE_BYTES = 2048;
const PLAIN = /^[\x20-\x24\x26-\x7e]*$/;

/**
 * Printable ASCII but % stays, every other octet of the UTF-8 form becomes %XX.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
function percentEncode(message: string): string {
	if (message.length <= MAX_MESSAGE_BYTES && PLAIN.test(message))
		return message;
	const octets = Buffer.from(message);
	let end = Math.min(octets.length, MAX_MESSAGE_BYTES);
	// Not in the middle of a character: clients decode strictly.
	while (((octets[end] ?? 0) & 0xc0) === 0x80) end--;
	let text = "";
	for (const octet of octets.subarray(0, end)) {
		const plain = octet >= 0x20 && octet <= 0x7e && octet !== 0x25;
		text += plain
			? String.fromCharCode(octet)
			: `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
	}
	return text;
}
