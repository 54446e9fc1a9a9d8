// The server: listens, hands sockets to connections and streams to calls, and owns the timers of all of them.
import type { AddressInfo, Server, Socket } from "node:net";
import { Acceptor, answerHeadersTooLarge } from "./accept.ts";
import { ByteBudget } from "./byte-budget.ts";
import { DeadlineWheel } from "./grpc/deadlines.ts";
import { Connection, type ConnectionHost } from "./http2/connection.ts";
import type { SocketControl } from "./http2/socket-control.ts";
import type { StreamOwner } from "./http2/stream.ts";
import { ConnectionKeeper } from "./keeper.ts";
import {
	type GrpcServerOptions,
	type ResolvedOptions,
	resolveOptions,
} from "./options.ts";
import {
	attachByEvents,
	createListener,
	type ReadMode,
	type SocketUser,
} from "./socket.ts";

export interface ListenAddress {
	readonly host?: string;
	/** 0: any free port. */
	readonly port?: number;
	/** A Unix socket or named pipe, instead of host and port. */
	readonly path?: string;
	/** Others listen on the port too, and the system spreads connections (Linux, FreeBSD). @default false */
	readonly reusePort?: boolean;
}

export interface GrpcServerStats {
	readonly connectionCount: number;
	readonly callCount: number;
	/** Of messages and answers that are kept now (`maxKeptBytes`). */
	readonly keptBytes: number;
	/** Of answers, copied once more because they waited for the peer's window; a running sum. */
	readonly recopiedBytes: number;
	readonly readMode: ReadMode;
}

export interface GrpcServer {
	listen(address: ListenAddress): Promise<AddressInfo | string>;
	/** Serves an already connected socket: TLS of your own, a pipe, a test. */
	attach(socket: Socket): void;
	stats(): GrpcServerStats;
	/**
	 * Under pressure, clients may send only `narrowWindowBytes` of a stream before its message was taken
	 * (`MessageSink.begin`): what is refused was mostly never sent, and what is taken waits a round trip longer. Each
	 * connection learns of a change when it next says something; for those that say nothing it costs nothing.
	 */
	setPressure(isUnderPressure: boolean): void;
	/** Stops accepting, lets calls under way finish (at most `graceMs`, then they are cut), and resolves when all is closed. */
	close(graceMs?: number): Promise<void>;
	/** Ends everything at once. */
	destroy(): void;
}

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
	return new Http2GrpcServer(resolveOptions(options));
}

class Http2GrpcServer implements GrpcServer {
	readonly #options: ResolvedOptions;
	readonly #budget: ByteBudget;
	readonly #acceptor: Acceptor;
	readonly #keeper: ConnectionKeeper;
	readonly #host: ConnectionHost;
	readonly #listener: Server;
	readonly #readMode: () => ReadMode;
	readonly #connections = new Set<Connection>();
	readonly #peers = new WeakMap<StreamOwner, string>();
	#waiting: Connection[] = [];
	#callCount = 0;
	#isUnderPressure = false;
	#closing: Promise<void> | null = null;
	#allGone: (() => void) | null = null;

	constructor(options: ResolvedOptions) {
		this.#options = options;
		const nowUs = () => options.clock.nowUs();
		this.#budget = new ByteBudget(options.maxKeptBytes);
		this.#acceptor = new Acceptor(
			options.methods,
			{
				wheel: new DeadlineWheel(nowUs),
				budget: this.#budget,
				maxMessageBytes: options.maxMessageBytes,
				maxInflateRatio: options.maxInflateRatio,
				started: () => {
					this.#callCount++;
				},
				finished: () => {
					this.#callCount--;
				},
			},
			nowUs,
		);
		this.#host = this.#createHost(nowUs);
		this.#keeper = new ConnectionKeeper(this.#connections, options);
		const attach = (control: SocketControl) => this.#attach(control);
		if (options.tls === null) {
			const listener = createListener(attach, options.reuseReadBuffer);
			this.#listener = listener.server;
			this.#readMode = listener.readMode;
		} else {
			// Loaded by who asks for it: 18 ms and 3 MB of a start.
			this.#listener = process.getBuiltinModule("node:tls").createServer(
				{
					noDelay: true,
					handshakeTimeout: options.limits.prefaceTimeoutUs / 1000,
					...options.tls,
					ALPNProtocols: ["h2"],
				},
				(socket) => attachByEvents(socket, attach),
			);
			this.#readMode = () => "events";
		}
		// Those in a TLS handshake count, too.
		this.#listener.maxConnections = options.maxConnections;
	}

	listen(address: ListenAddress): Promise<AddressInfo | string> {
		return new Promise((resolve, reject) => {
			this.#listener.once("error", reject);
			this.#listener.listen({ backlog: 1024, ...address }, () => {
				this.#listener.removeListener("error", reject);
				// An accept that fails, for want of file descriptors perhaps, must not end the process.
				this.#listener.on("error", () => {});
				resolve(this.#listener.address() ?? "");
			});
		});
	}

	attach(socket: Socket): void {
		attachByEvents(socket, (control) => this.#attach(control));
	}

	stats(): GrpcServerStats {
		return {
			connectionCount: this.#connections.size,
			callCount: this.#callCount,
			keptBytes: this.#budget.takenBytes,
			recopiedBytes: this.#budget.recopiedBytes,
			readMode: this.#readMode(),
		};
	}

	setPressure(isUnderPressure: boolean): void {
		this.#isUnderPressure = isUnderPressure;
	}

	close(graceMs = Number.POSITIVE_INFINITY): Promise<void> {
		this.#closing ??= this.#drain(graceMs);
		return this.#closing;
	}

	destroy(): void {
		this.#closing ??= Promise.resolve();
		this.#stopListening();
		for (const connection of [...this.#connections]) connection.destroy();
	}

	async #drain(graceMs: number): Promise<void> {
		this.#stopListening();
		for (const connection of [...this.#connections]) connection.drain();
		if (this.#connections.size === 0) return;
		const gone = new Promise<void>((resolve) => {
			this.#allGone = resolve;
		});
		const cut =
			graceMs === Number.POSITIVE_INFINITY
				? null
				: setTimeout(() => this.destroy(), graceMs);
		await gone;
		if (cut !== null) clearTimeout(cut);
	}

	#stopListening(): void {
		if (this.#listener.listening) this.#listener.close();
	}

	#attach(control: SocketControl): SocketUser {
		const { socket } = control;
		const full =
			this.#closing !== null ||
			this.#connections.size >= this.#options.maxConnections;
		if (full) {
			socket.destroy();
			return NOBODY;
		}
		const { limits } = this.#options;
		const connection = new Connection(control, this.#host, limits);
		this.#connections.add(connection);
		this.#peers.set(
			connection,
			`${socket.remoteAddress ?? "local"}:${socket.remotePort ?? ""}`,
		);
		this.#keeper.start();
		return {
			read: (bytes, start, end) => connection.read(bytes, start, end),
			drained: () => connection.drained(),
			closed: () => connection.socketClosed(),
		};
	}

	#createHost(nowUs: () => number): ConnectionHost {
		return {
			budget: this.#budget,
			isUnderPressure: () => this.#isUnderPressure,
			accept: (stream, head) => {
				const peer = this.#peers.get(stream.connection) ?? "";
				return this.#acceptor.accept(stream, head, peer);
			},
			headTooLarge: answerHeadersTooLarge,
			needsFlush: (connection) => {
				// All that is sent during one callback of the event loop leaves together.
				if (this.#waiting.push(connection) === 1) process.nextTick(this.#flush);
			},
			nowUs,
			closed: (connection) => {
				this.#connections.delete(connection);
				if (this.#connections.size > 0) return;
				this.#keeper.stop();
				this.#allGone?.();
			},
		};
	}

	readonly #flush = (): void => {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const connection of waiting) connection.flush();
	};
}

const NOBODY: SocketUser = {
	read: () => {},
	drained: () => {},
	closed: () => {},
};
