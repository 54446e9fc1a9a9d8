// HTTP/2 frames as the generator writes them (RFC 9113, 6). Header fields are literals: nothing depends on what was
// sent before.

export const FRAME = {
	data: 0,
	headers: 1,
	rst: 3,
	settings: 4,
	ping: 6,
	goaway: 7,
	windowUpdate: 8,
} as const;
export const SETTING = { maxConcurrentStreams: 3, initialWindow: 4 } as const;
/** The error code of a client that waits no longer. */
export const CANCEL = 8;
export const PREFACE: Buffer = Buffer.from(
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"latin1",
);
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const FRAME_HEADER_BYTES = 9;
/** Of a connection or a stream, before anybody said otherwise. */
export const DEFAULT_WINDOW = 65_535;
/** What the generator grants: more than it will be sent. */
export const BIG_WINDOW = 0x3fff_ffff;
/** Largest payload that every peer takes (RFC 9113, 4.2). */
export const DATA_FRAME_BYTES = 16_384;
export const INFER_PATH = "/inference.GRPCInferenceService/ModelInfer";

export function frame(
	type: number,
	flags: number,
	streamId: number,
	payload: Uint8Array,
): Buffer {
	const out = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
	out.writeUIntBE(payload.length, 0, 3);
	out[3] = type;
	out[4] = flags;
	out.writeUInt32BE(streamId, 5);
	out.set(payload, FRAME_HEADER_BYTES);
	return out;
}

export function u32(value: number): Buffer {
	const out = Buffer.alloc(4);
	out.writeUInt32BE(value);
	return out;
}

/** Without indexing. */
export function literal(name: string, value: string): Buffer {
	return Buffer.concat([
		Buffer.from([0, name.length]),
		Buffer.from(name),
		Buffer.from([value.length]),
		Buffer.from(value),
	]);
}

/** Opens a call. @param fields from `callFields` @param timeoutUs left for it; null: untold */
export function headersFrame(
	streamId: number,
	fields: Buffer,
	timeoutUs: number | null,
): Buffer {
	const timeout =
		timeoutUs === null
			? Buffer.alloc(0)
			: literal("grpc-timeout", `${Math.floor(timeoutUs)}u`);
	const block = Buffer.concat([fields, timeout]);
	return frame(FRAME.headers, END_HEADERS, streamId, block);
}

/** What all calls of a method have in common. */
export function callFields(host: string, path: string): Buffer {
	return Buffer.concat([
		Buffer.from([0x83, 0x86]), // :method POST, :scheme http
		literal(":path", path),
		literal(":authority", host),
		literal("content-type", "application/grpc"),
		literal("te", "trailers"),
	]);
}

export function dataHeader(length: number, flags: number, id: number): Buffer {
	const out = Buffer.allocUnsafe(9);
	out.writeUIntBE(length, 0, 3);
	out[3] = FRAME.data;
	out[4] = flags;
	out.writeUInt32BE(id, 5);
	return out;
}
