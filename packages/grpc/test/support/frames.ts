// HTTP/2 frames as octets, right or wrong, for clients that do what no library would.
import { encodeHeaders } from "../../src/hpack/encoder.ts";
import { FLAG, FRAME, FRAME_HEADER_BYTES } from "../../src/http2/constants.ts";

export interface Frame {
	readonly type: number;
	readonly flags: number;
	readonly streamId: number;
	readonly payload: Buffer;
}

export function frameBytes(
	type: number,
	flags: number,
	streamId: number,
	payload: Uint8Array = Buffer.alloc(0),
): Buffer {
	const head = Buffer.alloc(FRAME_HEADER_BYTES);
	head.writeUIntBE(payload.length, 0, 3);
	head[3] = type;
	head[4] = flags;
	head.writeUInt32BE(streamId, 5);
	return Buffer.concat([head, payload]);
}

/** The header block of a gRPC request. */
export function requestBlock(
	path: string,
	fields: readonly (readonly [name: string, value: string])[] = [],
): Buffer {
	return encodeHeaders([
		[":method", "POST"],
		[":scheme", "http"],
		[":path", path],
		[":authority", "test"],
		["content-type", "application/grpc"],
		["te", "trailers"],
		...fields,
	]);
}

/** HEADERS of a gRPC request whose body follows. */
export function requestHeaders(
	streamId: number,
	path: string,
	fields: readonly (readonly [name: string, value: string])[] = [],
): Buffer {
	const block = requestBlock(path, fields);
	return frameBytes(FRAME.HEADERS, FLAG.END_HEADERS, streamId, block);
}

/** A message with its prefix. */
export function grpcMessage(message: Uint8Array, compressed = 0): Buffer {
	const prefix = Buffer.alloc(5);
	prefix[0] = compressed;
	prefix.writeUInt32BE(message.byteLength, 1);
	return Buffer.concat([prefix, message]);
}

export function data(
	streamId: number,
	body: Uint8Array,
	endStream = true,
): Buffer {
	const flags = endStream ? FLAG.END_STREAM : 0;
	return frameBytes(FRAME.DATA, flags, streamId, body);
}

export function settings(
	entries: readonly (readonly [id: number, value: number])[] = [],
): Buffer {
	const payload = Buffer.alloc(entries.length * 6);
	for (const [index, [id, value]] of entries.entries()) {
		payload.writeUInt16BE(id, index * 6);
		payload.writeUInt32BE(value, index * 6 + 2);
	}
	return frameBytes(FRAME.SETTINGS, 0, 0, payload);
}

/** Any frame of which the payload is one 32-bit number: RST_STREAM, WINDOW_UPDATE. */
export function numberFrame(
	type: number,
	streamId: number,
	value: number,
): Buffer {
	const payload = Buffer.alloc(4);
	payload.writeUInt32BE(value);
	return frameBytes(type, 0, streamId, payload);
}

/** Takes whole frames off the front of `bytes`; what is left of them is the second part of the answer. */
export function takeFrames(bytes: Buffer): [frames: Frame[], rest: Buffer] {
	const frames: Frame[] = [];
	let at = 0;
	while (bytes.length - at >= FRAME_HEADER_BYTES) {
		const start = at + FRAME_HEADER_BYTES;
		const end = start + bytes.readUIntBE(at, 3);
		if (end > bytes.length) break;
		frames.push({
			type: bytes[at + 3] ?? 0,
			flags: bytes[at + 4] ?? 0,
			streamId: bytes.readUInt32BE(at + 5),
			payload: bytes.subarray(start, end),
		});
		at = end;
	}
	return [frames, bytes.subarray(at)];
}
