// A closed-loop gRPC client lean enough to load a fast server from the same machine: HTTP/2 frames written
// by hand, one reused read buffer, distinct requests, every answer checked. It speaks to any gRPC server.
import { connect, type Socket } from "node:net";
import { FrameReader } from "../../packages/server/src/load-generator/frame-reader.ts";
import type { LatencyHistogram } from "../../packages/server/src/load-generator/histogram.ts";
import {
	ACK,
	END_STREAM,
	FRAME,
	frame,
	PREFACE,
	u32,
} from "../../packages/server/src/load-generator/http2-frames.ts";
import { AnswerBytes } from "./answer-bytes.ts";
import { RequestTemplate } from "./grpc-request.ts";
import { endsWithFloats } from "./workload.ts";

export interface GrpcLoad {
	readonly host: string;
	readonly port: number;
	readonly connections: number;
	readonly inFlight: number;
	readonly requests: readonly Uint8Array[];
	readonly expected: readonly Float32Array[];
	/** Each call carries another `grpc-timeout`, as clients with deadlines do. @default false */
	readonly distinctTimeouts?: boolean;
}

export interface LoadCounters {
	answered: number;
	wrong: number;
	/** Of all connections, framing included. */
	sentBytes: number;
	receivedBytes: number;
	histogram: LatencyHistogram;
	running: boolean;
}

const BIG_WINDOW = 0x3fff_ffff;

const DEFAULT_WINDOW = 65_535;
const INITIAL_WINDOW_SETTING = 4;

interface OpenStream {
	readonly index: number;
	readonly startUs: number;
	readonly answer: AnswerBytes;
	/** Of the body; what is left waits for credit. */
	sentBytes: number;
	/** Credit of the stream. */
	windowBytes: number;
}

class Connection {
	readonly #load: GrpcLoad;
	readonly #counters: LoadCounters;
	readonly #templates: readonly RequestTemplate[];
	readonly #socket: Socket;
	readonly #reader = new FrameReader((type, flags, id, payload) =>
		this.#frame(type, flags, id, payload),
	);
	readonly #streams = new Map<number, OpenStream>();
	/** Of streams that ended. */
	readonly #answers: AnswerBytes[] = [];
	readonly #quota: number;
	readonly #write = (bytes: Uint8Array): void => {
		this.#counters.sentBytes += bytes.length;
		this.#socket.write(bytes);
	};
	#nextId = 1;
	#nextRequest: number;
	#sendWindow = DEFAULT_WINDOW;
	#initialWindow = DEFAULT_WINDOW;
	/** Ids of the streams whose bodies wait for credit, oldest first. */
	#unsent: number[] = [];
	#consumed = 0;
	#settled = false;

	constructor(
		load: GrpcLoad,
		counters: LoadCounters,
		templates: readonly RequestTemplate[],
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
		if (this.#unsent.length > 0)
			this.#unsent = this.#unsent.filter((id) => !this.#sendBody(id));
		while (
			this.#settled &&
			this.#counters.running &&
			this.#streams.size < this.#quota
		) {
			const index = this.#nextRequest % this.#templates.length;
			const source = this.#templates[index]!;
			if (this.#sendWindow <= 0) break;
			this.#nextRequest++;
			const id = this.#nextId;
			this.#nextId += 2;
			const isWhole =
				source.dataBytes <= Math.min(this.#sendWindow, this.#initialWindow);
			this.#streams.set(id, {
				index,
				startUs: performance.now() * 1000,
				answer: this.#answers.pop() ?? new AnswerBytes(),
				sentBytes: isWhole ? source.dataBytes : 0,
				windowBytes: this.#initialWindow,
			});
			if (isWhole) {
				this.#sendWindow -= source.dataBytes;
				source.send(id, this.#write);
			} else {
				source.open(id, this.#write);
				if (!this.#sendBody(id)) this.#unsent.push(id);
			}
		}
		this.#socket.uncork();
	}

	/** As much as there is credit for; true when nothing is left. */
	#sendBody(id: number): boolean {
		const stream = this.#streams.get(id);
		if (stream === undefined) return true;
		const source = this.#templates[stream.index]!;
		const allowed = Math.min(stream.windowBytes, this.#sendWindow);
		const sent = source.sendBody(id, stream.sentBytes, allowed, this.#write);
		stream.sentBytes += sent;
		stream.windowBytes -= sent;
		this.#sendWindow -= sent;
		return stream.sentBytes === source.dataBytes;
	}

	#read(chunk: Buffer): void {
		this.#counters.receivedBytes += chunk.length;
		this.#reader.read(chunk);
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
				this.#streams.get(id)?.answer.add(payload);
				break;
			case FRAME.settings:
				if ((flags & ACK) === 0) this.#settings(payload);
				break;
			case FRAME.ping:
				if ((flags & ACK) === 0)
					this.#socket.write(frame(FRAME.ping, ACK, 0, payload));
				break;
			case FRAME.windowUpdate:
				this.#credit(id, payload.readUInt32BE(0));
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

	#settings(payload: Buffer): void {
		for (let at = 0; at + 6 <= payload.length; at += 6) {
			if (payload.readUInt16BE(at) !== INITIAL_WINDOW_SETTING) continue;
			const window = payload.readUInt32BE(at + 2);
			for (const stream of this.#streams.values())
				stream.windowBytes += window - this.#initialWindow;
			this.#initialWindow = window;
		}
		this.#socket.write(frame(FRAME.settings, ACK, 0, Buffer.alloc(0)));
		this.#settled = true;
	}

	#credit(id: number, bytes: number): void {
		if (id === 0) {
			this.#sendWindow += bytes;
			return;
		}
		const stream = this.#streams.get(id);
		if (stream !== undefined) stream.windowBytes += bytes;
	}

	#finish(id: number): void {
		const stream = this.#streams.get(id);
		if (stream === undefined) return;
		this.#streams.delete(id);
		const counters = this.#counters;
		counters.answered++;
		counters.histogram.record(performance.now() * 1000 - stream.startUs);
		const { answer } = stream;
		const expected = this.#load.expected[stream.index]!;
		if (!endsWithFloats(answer.bytes, answer.length, expected))
			counters.wrong++;
		answer.clear();
		this.#answers.push(answer);
	}
}

/** Opens the connections and keeps `inFlight` requests under way until `counters.running` is false. */
export function startGrpcLoad(
	load: GrpcLoad,
	counters: LoadCounters,
	failed: (error: Error) => void,
): () => void {
	const host = `${load.host}:${load.port}`;
	const templates = load.requests.map(
		(message) =>
			new RequestTemplate(message, host, load.distinctTimeouts === true),
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
