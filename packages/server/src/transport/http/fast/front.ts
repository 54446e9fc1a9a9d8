// All connections of our own on one listener: their number, their time, their end.
import type { Server } from "node:http";
import type { Clock, Timer } from "../../../common/clock.ts";
import type { Exchange } from "../exchange.ts";
import type { HttpLimits } from "../limits.ts";
import { type SocketControl, takeConnections } from "./accept.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import { Output } from "./output.ts";

export interface FrontOptions {
	readonly limits: HttpLimits;
	readonly clock: Clock;
	readonly handle: (exchange: Exchange) => void;
	/** Whether one more connection may come. */
	readonly hasRoom: () => boolean;
	/** The number of connections changed. */
	readonly changed: (difference: 1 | -1) => void;
}

/** Connections are looked after this often, so what is out of time ends late by no more. */
const CHECKS_PER_TIMEOUT = 10;

export class Front {
	readonly #options: FrontOptions;
	readonly #connections = new Set<Connection>();
	readonly #host: ConnectionHost;
	readonly #checkEveryUs: number;
	#timer: Timer | null = null;
	#isDraining = false;

	/** Takes what `server` accepts, once it listens. */
	constructor(server: Server, options: FrontOptions) {
		const { limits, clock, handle } = options;
		this.#options = options;
		const shortestMs = Math.min(
			limits.headTimeoutMs,
			limits.requestTimeoutMs,
			limits.keepAliveTimeoutMs,
			limits.lingerMs,
		);
		this.#checkEveryUs = Math.ceil((1000 * shortestMs) / CHECKS_PER_TIMEOUT);
		const isDraining = () => this.#isDraining;
		this.#host = {
			limits,
			output: new Output(),
			get isDraining() {
				return isDraining();
			},
			nowUs: () => clock.nowUs(),
			handle,
			adopt: (socket, unread) => {
				socket.pause();
				socket.unshift(unread);
				server.emit("connection", socket);
				socket.resume();
			},
			gone: (connection) => this.#forget(connection),
		};
		server.on("listening", () => takeConnections(server, this.#attach));
	}

	get connectionCount(): number {
		return this.#connections.size;
	}

	/** What is idle ends at once, a request under way when it is answered. */
	drain(): void {
		this.#isDraining = true;
		for (const connection of [...this.#connections]) connection.drain();
	}

	destroy(): void {
		for (const connection of [...this.#connections]) connection.destroy();
	}

	readonly #attach = (control: SocketControl): Connection | null => {
		if (this.#isDraining || !this.#options.hasRoom()) return null;
		const connection = new Connection(control, this.#host);
		this.#connections.add(connection);
		this.#options.changed(1);
		if (this.#connections.size === 1) this.#watch();
		return connection;
	};

	#forget(connection: Connection): void {
		if (!this.#connections.delete(connection)) return;
		this.#options.changed(-1);
		if (this.#connections.size > 0) return;
		this.#timer?.cancel();
		this.#timer = null;
	}

	#watch(): void {
		const { clock } = this.#options;
		const nowUs = clock.nowUs();
		this.#timer = clock.at(nowUs + this.#checkEveryUs, () => {
			const checkUs = clock.nowUs();
			for (const connection of [...this.#connections])
				connection.checkTimeouts(checkUs);
			this.#timer = null;
			if (this.#connections.size > 0) this.#watch();
		});
	}
}
