// A closed-loop HTTP/1.1 client: one request in flight per connection, distinct requests, every answer checked.
import { connect, type Socket } from "node:net";
import type { LoadCounters } from "./grpc-client.ts";
import { type HttpAnswer, HttpAnswerReader } from "./http-answer.ts";
import { endsWithFloats } from "./workload.ts";

export interface HttpLoad {
	readonly host: string;
	readonly port: number;
	readonly inFlight: number;
	/** Whole requests, head included. */
	readonly requests: readonly Uint8Array[];
	readonly expected: readonly Float32Array[];
	/** What of an answer's content ends with the tensor's bytes. */
	readonly decode: (content: Uint8Array) => Uint8Array;
}

class Connection {
	readonly #load: HttpLoad;
	readonly #counters: LoadCounters;
	readonly #socket: Socket;
	readonly #reader = new HttpAnswerReader();
	#next: number;
	#index = 0;
	#startUs = 0;

	constructor(load: HttpLoad, counters: LoadCounters, first: number) {
		this.#load = load;
		this.#counters = counters;
		this.#next = first;
		this.#socket = connect({
			host: load.host,
			port: load.port,
			noDelay: true,
			onread: {
				buffer: Buffer.allocUnsafeSlow(64 * 1024),
				callback: (length, buffer) => {
					counters.receivedBytes += length;
					const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, length);
					const answer = this.#reader.read(chunk);
					if (answer !== null) this.#answered(answer);
					return true;
				},
			},
		});
		this.#socket.on("connect", () => this.#send());
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

	#send(): void {
		if (!this.#counters.running) return;
		this.#index = this.#next++ % this.#load.requests.length;
		this.#startUs = performance.now() * 1000;
		const request = this.#load.requests[this.#index]!;
		this.#counters.sentBytes += request.length;
		this.#socket.write(request);
	}

	#answered({ status, content }: HttpAnswer): void {
		const counters = this.#counters;
		counters.answered++;
		counters.histogram.record(performance.now() * 1000 - this.#startUs);
		const tensor = this.#load.decode(content);
		const expected = this.#load.expected[this.#index]!;
		const good =
			status === 200 && endsWithFloats(tensor, tensor.length, expected);
		if (!good) counters.wrong++;
		this.#send();
	}
}

/** Keeps `inFlight` connections busy until `counters.running` is false. */
export function startHttpLoad(
	load: HttpLoad,
	counters: LoadCounters,
	failed: (error: Error) => void,
): () => void {
	const connections = Array.from({ length: load.inFlight }, (_, i) => {
		const connection = new Connection(load, counters, i);
		connection.onFailure(failed);
		return connection;
	});
	return () => {
		for (const connection of connections) connection.destroy();
	};
}
