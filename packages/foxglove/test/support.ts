// A server on a free port, and clients of it that are gone when the test ends.
import { once } from "node:events";
import { FoxgloveClient } from "@foxglove/ws-protocol";
import { WebSocket } from "ws";
import { FoxgloveServer, type FoxgloveServerOptions } from "../src/index.ts";

export type Cleaner = {
	readonly after: (clean: () => void | Promise<void>) => void;
};

export async function startServer(
	test: Cleaner,
	options: Partial<FoxgloveServerOptions> = {},
): Promise<{ readonly server: FoxgloveServer; readonly url: string }> {
	const server = new FoxgloveServer({ name: "test", ...options });
	test.after(() => server.close(100));
	const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
	return { server, url: `ws://127.0.0.1:${port}` };
}

/** The protocol's own client of the Foxglove project, which shares no code with this server. */
export function connect(
	test: Cleaner,
	url: string,
	protocol = "foxglove.sdk.v1",
): FoxgloveClient {
	const client = new FoxgloveClient({
		ws: new WebSocket(url, [protocol]) as never,
	});
	test.after(() => client.close());
	return client;
}

/** A bare WebSocket, for what no proper client does. */
export async function connectBare(
	test: Cleaner,
	url: string,
): Promise<{ readonly socket: WebSocket; readonly said: Told }> {
	const socket = new WebSocket(url, ["foxglove.sdk.v1"]);
	const said = new Told(socket);
	socket.on("error", () => {});
	test.after(() => socket.terminate());
	await once(socket, "open");
	return { socket, said };
}

interface TextMessage {
	readonly op: string;
	readonly [field: string]: unknown;
}

/** Text messages of a server in their order, which a test takes out one by one. */
export class Told {
	readonly #messages: TextMessage[] = [];
	#wake = () => {};

	constructor(socket: WebSocket) {
		socket.on("message", (data: Buffer, isBinary) => {
			if (isBinary) return;
			this.#messages.push(JSON.parse(data.toString()) as TextMessage);
			this.#wake();
		});
	}

	/** The next one with this op; those before it are dropped. */
	async next(op: string): Promise<TextMessage> {
		for (;;) {
			const message = this.#messages.shift();
			if (message?.op === op) return message;
			if (message === undefined)
				await new Promise<void>((resolve) => {
					this.#wake = resolve;
				});
		}
	}
}
