// The HTTP transport: one port, whose connections we read ourselves (`fast/`) as long as their requests are what
// that parser takes; node:http serves the others.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { RequestListener, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { http } from "../../common/http-module.ts";
import { BrowserGuard } from "./browser-guard.ts";
import { answerClientError } from "./client-error.ts";
import { Front } from "./fast/front.ts";
import { type HandlerOptions, HttpHandler } from "./handler.ts";
import { type HttpLimits, resolveHttpLimits } from "./limits.ts";
import { NodeExchange } from "./node-exchange.ts";
import { handleUpgrade, isUpgrade, type UpgradeHandler } from "./upgrade.ts";

export interface HttpTransportOptions extends HandlerOptions {
	readonly limits?: Partial<HttpLimits>;
	/** Who reads requests: our own parser, which leaves to node:http what it does not take, or that alone. @default own */
	readonly parser?: HttpParser;
	/** Who takes connections that leave HTTP. @default nobody */
	readonly upgrades?: readonly UpgradeHandler[];
}

export type HttpParser = "own" | "node";

export interface HttpTransport {
	/** @param shared whether other threads listen on the port too. @default false */
	listen(host: string, port: number, shared?: boolean): Promise<AddressInfo>;
	/** Stops accepting, finishes what is under way within `graceMs`, then cuts. */
	close(graceMs: number): Promise<void>;
	readonly connectionCount: number;
	/** Of these, those that our own parser reads. */
	readonly ownConnectionCount: number;
}

/** node:http looks for connections that are out of time this often, so they are late by no more. */
const CHECKS_PER_TIMEOUT = 10;

/** Of node:http: https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#http */
const RESPONSE_FINISHED = "http.server.response.finish";

export function createHttpTransport(
	options: HttpTransportOptions,
): HttpTransport {
	return new PortTransport(options);
}

class PortTransport implements HttpTransport {
	readonly #handler: HttpHandler;
	readonly #server: Server;
	readonly #front: Front | null;
	/** Of connections of node:http, for errors that come behind requests. */
	readonly #responses = new WeakMap<Duplex, ServerResponse[]>();
	connectionCount = 0;
	#whenEmpty: (() => void) | null = null;

	constructor(options: HttpTransportOptions) {
		const limits = resolveHttpLimits(options.limits ?? {});
		const handler = new HttpHandler(options, limits);
		this.#handler = handler;
		this.#server = this.#createServer(limits, options);
		this.#front =
			options.parser === "node"
				? null
				: new Front(this.#server, {
						limits,
						clock: options.clock,
						handle: (exchange) => handler.handle(exchange),
						hasRoom: () => this.connectionCount < limits.maxConnectionCount,
						changed: (difference) => this.#count(difference),
					});
	}

	get ownConnectionCount(): number {
		return this.#front?.connectionCount ?? 0;
	}

	listen(host: string, port: number, shared = false): Promise<AddressInfo> {
		return new Promise((resolve, reject) => {
			this.#server.once("error", reject);
			const address = { host, port, backlog: 1024, reusePort: shared };
			this.#server.listen(address, () => {
				this.#server.removeListener("error", reject);
				resolve(this.#server.address() as AddressInfo);
			});
		});
	}

	async close(graceMs: number): Promise<void> {
		await this.#closeConnections(graceMs);
		await this.#handler.close();
	}

	#closeConnections(graceMs: number): Promise<void> {
		if (!this.#server.listening) return Promise.resolve();
		return new Promise((resolve) => {
			const cut = setTimeout(() => {
				this.#server.closeAllConnections();
				this.#front?.destroy();
			}, graceMs);
			// node:http keeps a connection that was busy when it closed for as long as the client does.
			const closeIdle = () =>
				setImmediate(() => this.#server.closeIdleConnections());
			subscribe(RESPONSE_FINISHED, closeIdle);
			const done = () => {
				clearTimeout(cut);
				unsubscribe(RESPONSE_FINISHED, closeIdle);
				resolve();
			};
			// The listener tells before the last socket's own close, and knows nothing of sockets that it did not open.
			this.#server.close(() => {
				if (this.connectionCount === 0) done();
				else this.#whenEmpty = done;
			});
			this.#front?.drain();
			closeIdle();
		});
	}

	#createServer(
		limits: HttpLimits,
		{ upgrades = [], guard }: HttpTransportOptions,
	): Server {
		const server = http.createServer({
			headersTimeout: limits.headTimeoutMs,
			requestTimeout: limits.requestTimeoutMs,
			keepAliveTimeout: limits.keepAliveTimeoutMs,
			connectionsCheckingInterval: Math.ceil(
				Math.min(limits.headTimeoutMs, limits.requestTimeoutMs) /
					CHECKS_PER_TIMEOUT,
			),
			maxHeaderSize: limits.maxHeaderBytes,
			noDelay: true,
			// The guard answers for it, in JSON.
			requireHostHeader: false,
			shouldUpgradeCallback: isUpgrade,
		});
		// It would drop what is beyond, an Origin or a token among it; too many are refused instead.
		server.maxHeadersCount = 0;
		server.maxConnections = limits.maxConnectionCount;
		const handle: RequestListener = (request, response) => {
			const responses = this.#responses.get(request.socket) ?? [];
			while (responses[0]?.writableFinished === true) responses.shift();
			responses.push(response);
			this.#handler.handle(new NodeExchange(request, response));
		};
		server.on("request", handle);
		server.on("checkContinue", handle);
		const browserGuard = new BrowserGuard(guard);
		server.on("upgrade", (request, socket, head) =>
			handleUpgrade(upgrades, browserGuard, request, socket, head),
		);
		server.on("clientError", (error, socket) => {
			const responses = this.#responses.get(socket);
			this.#responses.delete(socket);
			if (responses !== undefined) answerClientError(error, socket, responses);
			// It was told, and goes on: bytes behind what is broken are broken, too.
			else if (!socket.writable) socket.destroy();
		});
		server.on("connection", (socket) => {
			this.#responses.set(socket, []);
			this.#count(1);
			socket.once("close", () => this.#count(-1));
		});
		return server;
	}

	#count(difference: 1 | -1): void {
		this.connectionCount += difference;
		if (this.connectionCount === 0) this.#whenEmpty?.();
	}
}
