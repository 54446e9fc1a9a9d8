// The console's WebSocket, `/saccade/v1/console`: topics out, as fast as the browser draws them.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { CONSOLE_PATH } from "@saccade/protocol/console";
import type { WebSocket } from "ws";
import type { Clock } from "../../common/clock.ts";
import type { ConsoleEndpoint } from "../../endpoint/endpoint.ts";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import { upgradeHead } from "../../wire/websocket/upgrade-head.ts";
import { listen, Upgrader } from "../../wire/websocket/upgrader.ts";
import { ConsoleSocket } from "./console-socket.ts";

export interface ConsoleTransportOptions {
	readonly endpoint: ConsoleEndpoint;
	readonly clock: Clock;
	/** Aborted when the server begins to end. */
	readonly draining: AbortSignal;
}

/** A console says which topics it wants and which ticks it has seen. */
const MAX_MESSAGE_BYTES = 16 * 1024;

export class ConsoleTransport {
	readonly path = CONSOLE_PATH;
	readonly #options: ConsoleTransportOptions;
	readonly #sockets = new Set<ConsoleSocket>();
	readonly #upgrader = new Upgrader(MAX_MESSAGE_BYTES);

	constructor(options: ConsoleTransportOptions) {
		this.#options = options;
		// It has nothing under way that would have to end first.
		options.draining.addEventListener("abort", () => {
			for (const socket of this.#sockets) socket.goAway();
		});
	}

	/** Phase `open`; null: the connection may be upgraded. */
	open(request: IncomingMessage): SaccadeError | null {
		const { endpoint, clock } = this.#options;
		const opened = endpoint.open(
			upgradeHead(request, "console", clock.nowUs()),
		);
		return opened.ok ? null : opened.error;
	}

	upgrade(
		request: IncomingMessage,
		socket: Duplex,
		head: Buffer,
	): Promise<void> {
		return this.#upgrader.upgrade(request, socket, head, (upgraded) =>
			this.#attach(upgraded),
		);
	}

	close(): void {
		for (const socket of this.#sockets) socket.terminate();
	}

	#attach(upgraded: WebSocket): void {
		const { endpoint, clock, draining } = this.#options;
		const socket = new ConsoleSocket(upgraded, endpoint, clock);
		this.#sockets.add(socket);
		listen(upgraded, {
			received: (data, isBinary) => socket.received(data, isBinary),
			ponged: () => socket.ponged(),
			closed: () => {
				socket.closed();
				this.#sockets.delete(socket);
			},
		});
		if (draining.aborted) socket.goAway();
	}
}
