// gRPC by hand over node:http2: for bodies, headers and time-outs that no client library would send.
import { type ClientHttp2Session, connect, constants } from "node:http2";

export interface GrpcReply {
	readonly httpStatus: number;
	/** Null when the stream ended without one. */
	readonly status: number | null;
	readonly message: string;
	/** Messages, without their prefix. */
	readonly messages: readonly Buffer[];
	/** Empty when there is none. */
	readonly trailer: (name: string) => string;
	/** RST_STREAM code; 0 when it was not reset. */
	readonly resetCode: number;
}

export class GrpcWire {
	readonly #session: ClientHttp2Session;

	constructor(address: string) {
		this.#session = connect(`http://${address}`);
		this.#session.on("error", () => {});
	}

	/** @param body with the length prefixes; sent as it is, followed by half-close */
	call(
		path: string,
		body: Uint8Array,
		headers: Readonly<Record<string, string>> = {},
	): Promise<GrpcReply> {
		return new Promise((resolve, reject) => {
			const stream = this.#session.request({
				[constants.HTTP2_HEADER_METHOD]: "POST",
				[constants.HTTP2_HEADER_PATH]: path,
				"content-type": "application/grpc",
				te: "trailers",
				...headers,
			});
			const chunks: Buffer[] = [];
			let httpStatus = 0;
			let ending: Readonly<Record<string, unknown>> = {};
			stream.on("response", (head) => {
				httpStatus = Number(head[constants.HTTP2_HEADER_STATUS]);
				if (head["grpc-status"] !== undefined) ending = head;
			});
			stream.on("trailers", (trailers) => {
				ending = trailers;
			});
			stream.on("data", (chunk: Buffer) => chunks.push(chunk));
			stream.on("error", () => {});
			stream.on("close", () => {
				if (httpStatus === 0 && this.#session.destroyed) {
					reject(new Error("the connection was closed"));
					return;
				}
				const status = ending["grpc-status"];
				resolve({
					httpStatus,
					status: status === undefined ? null : Number(status),
					message: decodeURIComponent(String(ending["grpc-message"] ?? "")),
					messages: unframe(Buffer.concat(chunks)),
					trailer: (name) => String(ending[name] ?? ""),
					resetCode: stream.rstCode,
				});
			});
			stream.end(body);
		});
	}

	close(): void {
		this.#session.destroy();
	}
}

export function frame(message: Uint8Array, flag = 0): Buffer {
	const prefix = Buffer.alloc(5);
	prefix[0] = flag;
	prefix.writeUInt32BE(message.byteLength, 1);
	return Buffer.concat([prefix, message]);
}

function unframe(bytes: Buffer): Buffer[] {
	const messages: Buffer[] = [];
	for (let at = 0; at + 5 <= bytes.byteLength; ) {
		const end = at + 5 + bytes.readUInt32BE(at + 1);
		messages.push(bytes.subarray(at + 5, end));
		at = end;
	}
	return messages;
}
