// A closed-loop gRPC client lean enough to load a fast server from the same machine: HTTP/2 frames written
// by hand, one reused read buffer, distinct requests, every answer checked. It speaks to any gRPC server.
import { connect, type Socket } from "node:net";
import type { LatencyHistogram } from "../lib/histogram.ts";
import { endsWithFloats } from "./workload.ts";

export interface GrpcLoad {
	readonly host: string;
	readonly port: number;
	readonly connections: number;
	readonly inFlight: number;
	readonly requests: readonly Uint8Array[];
	readonly expected: readonly Float32Array[];
	/** Each request carries another `grpc-timeout`, as clients with deadlines do. @default false */
	readonly distinctTimeouts?: boolean;
}

export interface LoadCounters {
	answered: number;
	wrong: number;
	histogram: LatencyHistogram;
	running: boolean;
}

const FRAME = {
	data: 0,
	headers: 1,
	rst: 3,
	settings: 4,
	ping: 6,
	goaway: 7,
	windowUpdate: 8,
} as const;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
// What h2load and grpc-go send, whatever the server would allow.
const DATA_FRAME_BYTES = 16_384;
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const BIG_WINDOW = 0x3fff_ffff;

function frame(
	type: number,
	flags: number,
	streamId: number,
	payload: Uint8Array,
): Buffer {
	const out = Buffer.alloc(9 + payload.length);
	out.writeUIntBE(payload.length, 0, 3);
	out[3] = type;
	out[4] = flags;
	out.writeUInt32BE(streamId, 5);
	out.set(payload, 9);
	return out;
}

function u32(value: number): Buffer {
	const out = Buffer.alloc(4);
	out.writeUInt32BE(value);
	return out;
}

/** Literal header fields without indexing; the block is the same for every request unless its timeout differs. */
function headerBlock(host: string, timeoutMs: number | null): Buffer {
	const literal = (name: string, value: string) =>
		Buffer.concat([
			Buffer.from([0, name.length]),
			Buffer.from(name),
			Buffer.from([value.length]),
			Buffer.from(value),
		]);
	return Buffer.concat([
		Buffer.from([0x83, 0x86]), // :method POST, :scheme http
		literal(":path", "/inference.GRPCInferenceService/ModelInfer"),
		literal(":authority", host),
		literal("content-type", "application/grpc"),
		literal("te", "trailers"),
		...(timeoutMs === null ? [] : [literal("grpc-timeout", `${timeoutMs}m`)]),
	]);
}

/** One request: frame headers, each a copy with its stream id at byte 5, and the payloads between them. */
interface Template {
	readonly frames: readonly {
		readonly header: Buffer;
		readonly payload: Uint8Array;
	}[];
	readonly dataBytes: number;
}

function template(message: Uint8Array, block: Buffer): Template {
	const headers = frame(FRAME.headers, END_HEADERS, 0, block);
	const frames: { header: Buffer; payload: Uint8Array }[] = [
		{ header: headers, payload: new Uint8Array(0) },
	];
	for (let at = 0; at < message.length; at += DATA_FRAME_BYTES) {
		const payload = message.subarray(at, at + DATA_FRAME_BYTES);
		const last = at + DATA_FRAME_BYTES >= message.length;
		const header = frame(FRAME.data, last ? END_STREAM : 0, 0, payload);
		frames.push({ header: header.subarray(0, 9), payload });
	}
	return { frames, dataBytes: message.length };
}

interface OpenStream {
	readonly index: number;
	readonly startUs: number;
	readonly parts: Buffer[];
}

class Connection {
	readonly #load: GrpcLoad;
	readonly #counters: LoadCounters;
	readonly #templates: readonly Template[];
	readonly #socket: Socket;
	readonly #streams = new Map<number, OpenStream>();
	readonly #quota: number;
	#nextId = 1;
	#nextRequest: number;
	#sendWindow = 65_535;
	#consumed = 0;
	#carry: Buffer = Buffer.alloc(0);
	#settled = false;

	constructor(
		load: GrpcLoad,
		counters: LoadCounters,
		templates: readonly Template[],
		quota: number,
		firstRequest: number,
	) {
		this.#load = load;
		this.#counters = counters;
		this.#templates = templates;
		this.#quota = quota;
		this.#nextRequest = firstRequest;
		this.#socket = connect({
			host: load.host,
			port: load.port,
			noDelay: true,
			onread: {
				buffer: Buffer.allocUnsafeSlow(256 * 1024),
				callback: (length, buffer) => {
					this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
					return true;
				},
			},
		});
		const settings = Buffer.concat([
			Buffer.from([0, 2, 0, 0, 0, 0]), // no push
			Buffer.from([0, 4]),
			u32(BIG_WINDOW),
		]);
		this.#socket.write(
			Buffer.concat([
				PREFACE,
				frame(FRAME.settings, 0, 0, settings),
				frame(FRAME.windowUpdate, 0, 0, u32(BIG_WINDOW)),
			]),
		);
	}

	onFailure(callback: (error: Error) => void): void {
		this.#socket.on("error", callback);
		this.#socket.on("close", () => {
			if (this.#counters.running) callback(new Error("server closed"));
		});
	}

	destroy(): void {
		this.#socket.destroy();
	}

	#pump(): void {
		// One writev for all, without copying what is large.
		this.#socket.cork();
		while (
			this.#settled &&
			this.#counters.running &&
			this.#streams.size < this.#quota
		) {
			const index = this.#nextRequest % this.#templates.length;
			const source = this.#templates[index]!;
			if (source.dataBytes > this.#sendWindow) break;
			this.#sendWindow -= source.dataBytes;
			this.#nextRequest++;
			const id = this.#nextId;
			this.#nextId += 2;
			this.#streams.set(id, {
				index,
				startUs: performance.now() * 1000,
				parts: [],
			});
			this.#send(source, id);
		}
		this.#socket.uncork();
	}

	#send({ frames, dataBytes }: Template, id: number): void {
		const headers = frames.map(({ header }) => {
			const own = Buffer.from(header);
			own.writeUInt32BE(id, 5);
			return own;
		});
		const parts = frames.flatMap(({ payload }, i) => [headers[i]!, payload]);
		if (dataBytes <= DATA_FRAME_BYTES) this.#socket.write(Buffer.concat(parts));
		else for (const part of parts) this.#socket.write(part);
	}

	#read(chunk: Buffer): void {
		let bytes = chunk;
		if (this.#carry.length > 0) bytes = Buffer.concat([this.#carry, chunk]);
		let offset = 0;
		while (bytes.length - offset >= 9) {
			const length = bytes.readUIntBE(offset, 3);
			if (bytes.length - offset < 9 + length) break;
			this.#frame(
				bytes[offset + 3]!,
				bytes[offset + 4]!,
				bytes.readUInt32BE(offset + 5) & 0x7fff_ffff,
				bytes.subarray(offset + 9, offset + 9 + length),
			);
			offset += 9 + length;
		}
		this.#carry = Buffer.from(bytes.subarray(offset));
		if (this.#consumed > BIG_WINDOW / 4) {
			this.#socket.write(frame(FRAME.windowUpdate, 0, 0, u32(this.#consumed)));
			this.#consumed = 0;
		}
		this.#pump();
	}

	#frame(type: number, flags: number, id: number, payload: Buffer): void {
		switch (type) {
			case FRAME.data:
				this.#consumed += payload.length;
				this.#streams.get(id)?.parts.push(Buffer.from(payload));
				break;
			case FRAME.settings:
				if ((flags & ACK) === 0) {
					this.#socket.write(frame(FRAME.settings, ACK, 0, Buffer.alloc(0)));
					this.#settled = true;
				}
				break;
			case FRAME.ping:
				if ((flags & ACK) === 0)
					this.#socket.write(frame(FRAME.ping, ACK, 0, payload));
				break;
			case FRAME.windowUpdate:
				if (id === 0) this.#sendWindow += payload.readUInt32BE(0);
				break;
			case FRAME.rst:
				this.#finish(id);
				return;
			default:
				break;
		}
		const carriesEnd = type === FRAME.data || type === FRAME.headers;
		if (carriesEnd && (flags & END_STREAM) !== 0) this.#finish(id);
	}

	#finish(id: number): void {
		const stream = this.#streams.get(id);
		if (stream === undefined) return;
		this.#streams.delete(id);
		const counters = this.#counters;
		counters.answered++;
		counters.histogram.record(performance.now() * 1000 - stream.startUs);
		const message =
			stream.parts.length === 1
				? stream.parts[0]!
				: Buffer.concat(stream.parts);
		const expected = this.#load.expected[stream.index]!;
		if (!endsWithFloats(message, message.length, expected)) counters.wrong++;
	}
}

/** Opens the connections and keeps `inFlight` requests under way until `counters.running` is false. */
export function startGrpcLoad(
	load: GrpcLoad,
	counters: LoadCounters,
	failed: (error: Error) => void,
): () => void {
	const host = `${load.host}:${load.port}`;
	const templates = load.requests.map((message, i) =>
		template(
			message,
			headerBlock(host, load.distinctTimeouts === true ? 10_000 + i : null),
		),
	);
	const connections = Array.from({ length: load.connections }, (_, i) => {
		const quota =
			Math.floor(load.inFlight / load.connections) +
			(i < load.inFlight % load.connections ? 1 : 0);
		const first = Math.floor((i * templates.length) / load.connections);
		const connection = new Connection(load, counters, templates, quota, first);
		connection.onFailure(failed);
		return connection;
	});
	return () => {
		for (const connection of connections) connection.destroy();
	};
}
