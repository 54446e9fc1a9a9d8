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

export interface RouteRequest {
	/** Without the empty line that ends it. */
	readonly head: string;
	readonly body: Uint8Array;
}

export function routeRequest(
	{ path, body }: HttpRoute,
	input: Float32Array,
	host: string,
): RouteRequest {
	const bytes = bytesOf(input);
	const content =
		body === "bytes"
			? bytes
			: Buffer.from(JSON.stringify({ rows: [toBase64(bytes)] }));
	const head =
		`POST ${path} HTTP/1.1\r\nHost: ${host}\r\n` +
		`Content-Type: ${CONTENT_TYPE[body]}\r\n` +
		`Content-Length: ${content.length}\r\n`;
	return { head, body: content };
}

/** The same in one piece. */
export function encodeRoute(
	route: HttpRoute,
	input: Float32Array,
	host: string,
): Uint8Array {
	const { head, body } = routeRequest(route, input, host);
	return Buffer.concat([Buffer.from(`${head}\r\n`), body]);
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
