// A gRPC client without a kernel: requests in flight are handed to the server as one read, its writes go nowhere.
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { GrpcServer } from "@saccade/grpc";
import {
	frame,
	u32,
} from "../../../packages/server/src/load-generator/http2-frames.ts";
import { RequestTemplate } from "../../load/grpc-request.ts";

const SETTINGS = 4;
const WINDOW_UPDATE = 8;
const INITIAL_WINDOW_SIZE = Buffer.from([0, 4]);
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** Enough for the answers of every round: credit is given once. */
const WINDOW_BYTES = 0x7fff_0000;
const STREAM_ID_AT = 5;

/** What the server sees of a socket; writes are told to `onWrite`. */
class MemorySocket extends Duplex {
	onWrite: () => void = () => {};

	override _read(): void {}

	override _write(_bytes: Buffer, _encoding: string, done: () => void): void {
		done();
		this.onWrite();
	}

	setNoDelay(): void {}
}

export class MemoryClient {
	readonly #socket = new MemorySocket();
	readonly #server: GrpcServer;
	readonly #input: Buffer;
	/** Where stream ids stand in the input, request by request. */
	readonly #idOffsets: readonly (readonly number[])[];
	#nextId = 1;

	/** @param messages with their gRPC prefix; all of them are in flight at once */
	constructor(server: GrpcServer, messages: readonly Uint8Array[]) {
		this.#server = server;
		const parts: Uint8Array[] = [];
		let at = 0;
		this.#idOffsets = messages.map((message) => {
			const offsets: number[] = [];
			const template = new RequestTemplate(message, "bench", false);
			template.send(0, (bytes) => {
				const headersBytes = Buffer.from(bytes).readUIntBE(0, 3);
				offsets.push(at + STREAM_ID_AT, at + 9 + headersBytes + STREAM_ID_AT);
				parts.push(bytes);
				at += bytes.length;
			});
			return offsets;
		});
		this.#input = Buffer.concat(parts);
		// All that the server asks of a socket is there.
		server.attach(this.#socket as unknown as Socket);
		this.#socket.emit(
			"data",
			Buffer.concat([
				PREFACE,
				frame(
					SETTINGS,
					0,
					0,
					Buffer.concat([INITIAL_WINDOW_SIZE, u32(WINDOW_BYTES)]),
				),
				frame(WINDOW_UPDATE, 0, 0, u32(WINDOW_BYTES)),
			]),
		);
	}

	/** Sends every request; resolves when the server has answered all. */
	roundTrip(): Promise<void> {
		for (const offsets of this.#idOffsets) {
			for (const at of offsets) this.#input.writeUInt32BE(this.#nextId, at);
			this.#nextId += 2;
		}
		return new Promise((resolve) => {
			this.#socket.onWrite = () => {
				if (this.#server.stats().callCount === 0) resolve();
			};
			this.#socket.emit("data", this.#input);
		});
	}

	close(): void {
		this.#socket.destroy();
	}
}

/** A message with its gRPC prefix, which every case needs. */
export function prefixed(message: Uint8Array): Uint8Array {
	return Buffer.concat([Buffer.from([0]), u32(message.length), message]);
}
