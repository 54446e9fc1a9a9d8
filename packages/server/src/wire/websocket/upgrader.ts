// Connections of the HTTP port that become WebSockets.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";

/** What a WebSocket tells its owner. */
export interface WebSocketEvents {
	received(data: Buffer, isBinary: boolean): void;
	ponged(): void;
	/** The last one. */
	closed(): void;
}

export class Upgrader {
	readonly #maxMessageBytes: number;
	/** Loaded by the first connection: most starts need nothing of it. */
	#server: Promise<WebSocketServer> | null = null;

	constructor(maxMessageBytes: number) {
		this.#maxMessageBytes = maxMessageBytes;
	}

	/**
	 * What is no WebSocket handshake is answered with 400 and ends.
	 * @param head bytes that came behind the request's head
	 */
	async upgrade(
		request: IncomingMessage,
		socket: Duplex,
		head: Buffer,
		attach: (upgraded: WebSocket) => void,
	): Promise<void> {
		this.#server ??= createServer(this.#maxMessageBytes);
		const server = await this.#server;
		if (socket.destroyed) return;
		server.handleUpgrade(request, socket, head, attach);
	}
}

export function listen(upgraded: WebSocket, events: WebSocketEvents): void {
	upgraded.on("message", (data: Buffer, isBinary) =>
		events.received(data, isBinary),
	);
	upgraded.on("pong", () => events.ponged());
	// What breaks the protocol is answered by `ws`; `close` follows.
	upgraded.on("error", () => {});
	upgraded.on("close", () => events.closed());
}

async function createServer(maxPayload: number): Promise<WebSocketServer> {
	const { WebSocketServer } = await import("ws");
	return new WebSocketServer({
		noServer: true,
		maxPayload,
		// Sensor data is compressed by who knows how, or not at all, and a small message must not become a large one; a
		// console's tick is written once for all, and compressing it for each would cost more than the loopback saves.
		perMessageDeflate: false,
		clientTracking: false,
	});
}
