// Sensor streams over WebSocket, `/saccade/v1/stream`: the HTTP port hands over connections that ask for it.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { callerOf } from "../../endpoint/tracing.ts";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import { headerOf, upgradeHead } from "../../wire/websocket/upgrade-head.ts";
import { listen, Upgrader } from "../../wire/websocket/upgrader.ts";
import {
	TelemetrySocket,
	type TelemetrySocketTools,
} from "./telemetry-socket.ts";

const STREAM_PATH = "/saccade/v1/stream";

export interface StreamTransportOptions extends TelemetrySocketTools {
	/** Aborted when the server begins to end: what was taken ends first. */
	readonly draining: AbortSignal;
	/** Largest message. */
	readonly maxMessageBytes: number;
}

export class StreamTransport {
	readonly path = STREAM_PATH;
	readonly #options: StreamTransportOptions;
	readonly #sockets = new Set<TelemetrySocket>();
	readonly #upgrader: Upgrader;
	#whenEmpty: (() => void) | null = null;

	constructor(options: StreamTransportOptions) {
		this.#options = options;
		this.#upgrader = new Upgrader(options.maxMessageBytes);
		options.draining.addEventListener("abort", () => {
			for (const socket of this.#sockets) socket.drain();
		});
	}

	/** Phase `open`; null: the connection may be upgraded. */
	open(request: IncomingMessage): SaccadeError | null {
		const { endpoint, clock } = this.#options;
		const opened = endpoint.open(
			upgradeHead(request, "telemetry", clock.nowUs()),
		);
		return opened.ok ? null : opened.error;
	}

	upgrade(
		request: IncomingMessage,
		socket: Duplex,
		head: Buffer,
	): Promise<void> {
		return this.#upgrader.upgrade(request, socket, head, (upgraded) =>
			this.#attach(upgraded, {
				peer: request.socket.remoteAddress ?? "",
				caller: callerOf(headerOf(request.headers)),
			}),
		);
	}

	/** Streams that did not end within `graceMs` are cut. */
	async close(graceMs: number): Promise<void> {
		if (this.#sockets.size === 0) return;
		await new Promise<void>((resolve) => {
			const cut = setTimeout(() => {
				for (const socket of this.#sockets) socket.terminate();
			}, graceMs);
			this.#whenEmpty = () => {
				clearTimeout(cut);
				resolve();
			};
		});
	}

	#attach(
		upgraded: WebSocket,
		client: ConstructorParameters<typeof TelemetrySocket>[1],
	): void {
		const socket = new TelemetrySocket(upgraded, client, this.#options);
		this.#sockets.add(socket);
		listen(upgraded, {
			received: (data, isBinary) => socket.received(data, isBinary),
			ponged: () => socket.ponged(),
			closed: () => {
				socket.closed();
				this.#sockets.delete(socket);
				if (this.#sockets.size === 0) this.#whenEmpty?.();
			},
		});
		if (this.#options.draining.aborted) socket.drain();
	}
}
