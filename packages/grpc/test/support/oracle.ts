// A server on node:http2 that answers as ours does, and what either of them makes of the same octets.
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { HpackDecoder } from "../../src/hpack/decoder.ts";
import { FLAG, FRAME } from "../../src/http2/constants.ts";
import { type Frame, frameBytes } from "./frames.ts";
import type { RawClient } from "./raw-client.ts";

export interface Oracle {
	readonly port: number;
	close(): Promise<void>;
}

/** Sends each body back, as a gRPC answer. */
export async function startOracle(): Promise<Oracle> {
	const server = http2.createServer({
		settings: { maxFrameSize: 1 << 20, initialWindowSize: 4 << 20 },
	});
	const sessions = new Set<http2.ServerHttp2Session>();
	server.on("session", (session) => {
		sessions.add(session);
		session.setLocalWindowSize(32 << 20);
		session.on("error", () => {});
		session.on("close", () => sessions.delete(session));
	});
	server.on("stream", (stream) => {
		stream.on("error", () => {});
		const parts: Buffer[] = [];
		stream.on("data", (part: Buffer) => parts.push(part));
		stream.on("end", () => {
			if (stream.destroyed) return;
			stream.respond(
				{ ":status": 200, "content-type": "application/grpc" },
				{ waitForTrailers: true },
			);
			stream.on("wantTrailers", () =>
				stream.sendTrailers({ "grpc-status": "0" }),
			);
			stream.end(Buffer.concat(parts));
		});
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		port: (server.address() as AddressInfo).port,
		close: async () => {
			for (const session of sessions) session.destroy();
			server.close();
			await once(server, "close");
		},
	};
}

/** What a client may know of one stream. */
export interface StreamOutcome {
	status: string | undefined;
	type: string | undefined;
	grpcStatus: string | undefined;
	body: string;
	isEnded: boolean;
	/** Error number of RST_STREAM. */
	resetCode: number | undefined;
}

export interface Outcome {
	/** Error number of the GOAWAY; NaN: the connection went on. */
	readonly goawayCode: number;
	readonly streams: Readonly<Record<number, StreamOutcome>>;
}

/** What the frames of a connection say, whatever else stands between them. */
export function outcomeOf(
	frames: readonly Frame[],
	goawayCode: number,
): Outcome {
	const decoder = new HpackDecoder(4096, 1 << 20);
	const streams: Record<number, StreamOutcome> = {};
	for (const { type, flags, streamId, payload } of frames) {
		if (streamId === 0 || type === FRAME.WINDOW_UPDATE) continue;
		streams[streamId] ??= {
			status: undefined,
			type: undefined,
			grpcStatus: undefined,
			body: "",
			isEnded: false,
			resetCode: undefined,
		};
		const stream = streams[streamId];
		if (type === FRAME.RST_STREAM) stream.resetCode = payload.readUInt32BE();
		if (type === FRAME.DATA) stream.body += payload.toString("hex");
		if (type === FRAME.HEADERS) {
			const list = decoder.decode(payload, 0, payload.length);
			const field = (name: string) => list[list.indexOf(name) + 1];
			if (list.includes(":status")) stream.status = field(":status");
			if (list.includes("content-type")) stream.type = field("content-type");
			if (list.includes("grpc-status"))
				stream.grpcStatus = field("grpc-status");
		}
		const endsStream = type === FRAME.DATA || type === FRAME.HEADERS;
		if (endsStream && (flags & FLAG.END_STREAM) !== 0) stream.isEnded = true;
	}
	return { goawayCode, streams };
}

const PING = Buffer.from("the end.");

/** Sends a PING behind everything else: resolves when it is answered, or when the connection is gone. */
export async function settled(client: RawClient): Promise<void> {
	client.send(frameBytes(FRAME.PING, 0, 0, PING));
	const answered = client.first(
		({ type, flags, payload }) =>
			type === FRAME.PING && (flags & FLAG.ACK) !== 0 && payload.equals(PING),
	);
	await Promise.race([answered.catch(() => {}), client.closed]);
}
