// How a server without the Open Inference Protocol takes a tensor over HTTP/1.1: the leanest body that it takes as it
// is documented, and the answer in the same form.
import { bytesOf } from "./workload.ts";

export interface HttpRoute {
	readonly path: string;
	/**
	 * `bytes`: little-endian FP32 as `application/octet-stream`, both ways.
	 * `base64`: the same in JSON, `{"rows":["…"]}` and `["…"]`.
	 */
	readonly body: "bytes" | "base64";
}

const CONTENT_TYPE = {
	bytes: "application/octet-stream",
	base64: "application/json",
} as const;

/** One request, head included. */
export function encodeRoute(
	{ path, body }: HttpRoute,
	input: Float32Array,
	host: string,
): Uint8Array {
	const bytes = bytesOf(input);
	const content =
		body === "bytes"
			? bytes
			: Buffer.from(JSON.stringify({ rows: [toBase64(bytes)] }));
	const head = Buffer.from(
		`POST ${path} HTTP/1.1\r\nHost: ${host}\r\n` +
			`Content-Type: ${CONTENT_TYPE[body]}\r\n` +
			`Content-Length: ${content.length}\r\n\r\n`,
	);
	return Buffer.concat([head, content]);
}

/** The tensor's bytes in the body of an answer; empty where there are none. */
export function decodeRoute(
	{ body }: HttpRoute,
	content: Uint8Array,
): Uint8Array {
	if (body === "bytes") return content;
	const text = Buffer.from(
		content.buffer,
		content.byteOffset,
		content.length,
	).toString("latin1");
	return Buffer.from(/^\["([^"]*)"\]$/.exec(text)?.[1] ?? "", "base64");
}

function toBase64(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("base64");
}
