// The HTTP transport on node:http: guard, route, phase `open`, then infer or a small endpoint.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../common/clock.ts";
import { http } from "../../common/http-module.ts";
import type { CallContext, RequestHead } from "../../endpoint/endpoint.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { toSaccadeError } from "../../errors/saccade-error.ts";
import type { SlotPool } from "../../tensor/slot-pool.ts";
import { answerError, refuseEarly, refuseWith } from "./answer.ts";
import { type Body, readBody } from "./body.ts";
import { BrowserGuard, type BrowserGuardOptions } from "./browser-guard.ts";
import { encodeError } from "./encode.ts";
import { handleInfer, type InferFormat, type InferTools } from "./infer.ts";
import { runJsonTask } from "./json/json-task.ts";
import { JsonThread } from "./json/json-thread.ts";
import { type HttpLimits, resolveHttpLimits } from "./limits.ts";
import type { ParsedLoad } from "./load.ts";
import { LoopTurns } from "./loop-turns.ts";
import { type Route, Router } from "./routes.ts";
import { endpointOf, handleUnary } from "./unary.ts";
import { UnreadAnswers } from "./unread-answers.ts";

export interface HttpTransportOptions {
	readonly endpoints: Endpoints;
	readonly pool: SlotPool;
	readonly clock: Clock;
	readonly strictTriton: boolean;
	readonly guard: BrowserGuardOptions;
	readonly limits?: Partial<HttpLimits>;
}

export interface HttpTransport {
	listen(host: string, port: number): Promise<AddressInfo>;
	/** Stops accepting, finishes what is under way within `graceMs`, then cuts. */
	close(graceMs: number): Promise<void>;
	readonly connectionCount: number;
}

/** node:http looks for connections that are out of time this often, so they are late by no more. */
const CHECKS_PER_TIMEOUT = 10;
/** Bodies of the small endpoints, file overrides in base64 included. */
const OVERRIDE_FACTOR = 2;

/** Of node:http: https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#http */
const RESPONSE_FINISHED = "http.server.response.finish";

export function createHttpTransport(
	options: HttpTransportOptions,
): HttpTransport {
	return new NodeHttpTransport(options);
}

class NodeHttpTransport implements HttpTransport {
	readonly #options: HttpTransportOptions;
	readonly #limits: HttpLimits;
	readonly #tools: InferTools;
	readonly #guard: BrowserGuard;
	readonly #router = new Router();
	readonly #server: Server;
	/** The latest response of each connection, for errors that come between requests. */
	readonly #latest = new WeakMap<Duplex, ServerResponse>();
	connectionCount = 0;
	#whenEmpty: (() => void) | null = null;

	constructor(options: HttpTransportOptions) {
		const limits = resolveHttpLimits(options.limits ?? {});
		this.#options = options;
		this.#limits = limits;
		this.#guard = new BrowserGuard(options.guard);
		this.#tools = {
			endpoints: options.endpoints,
			limits: { pool: options.pool, maxInputBytes: limits.maxInputBytes },
			jsonOnLoopBytes: limits.jsonOnLoopBytes,
			thread: new JsonThread(),
			turns: new LoopTurns(),
			unread: new UnreadAnswers(limits),
			strictTriton: options.strictTriton,
			lingerMs: limits.lingerMs,
		};
		this.#server = http.createServer({
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
		});
		// It would drop what is beyond, an Origin or a token among it; too many are refused instead.
		this.#server.maxHeadersCount = 0;
		this.#server.maxConnections = limits.maxConnectionCount;
		this.#server.on("request", (request, response) =>
			this.#handle(request, response),
		);
		// Told to go on only when the head was accepted.
		this.#server.on("checkContinue", (request, response) =>
			this.#handle(request, response),
		);
		this.#server.on("clientError", (error, socket) =>
			answerClientError(error, socket, this.#latest.get(socket) ?? null),
		);
		this.#server.on("connection", (socket) => {
			this.connectionCount++;
			socket.once("close", () => {
				this.connectionCount--;
				if (this.connectionCount === 0) this.#whenEmpty?.();
			});
		});
	}

	listen(host: string, port: number): Promise<AddressInfo> {
		return new Promise((resolve, reject) => {
			this.#server.once("error", reject);
			this.#server.listen({ host, port, backlog: 1024 }, () => {
				this.#server.removeListener("error", reject);
				resolve(this.#server.address() as AddressInfo);
			});
		});
	}

	async close(graceMs: number): Promise<void> {
		await this.#closeConnections(graceMs);
		await this.#tools.thread.close();
	}

	#closeConnections(graceMs: number): Promise<void> {
		if (!this.#server.listening) return Promise.resolve();
		return new Promise((resolve) => {
			const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
			// node:http keeps a connection that was busy when it closed for as long as the client does.
			const closeIdle = () =>
				setImmediate(() => this.#server.closeIdleConnections());
			subscribe(RESPONSE_FINISHED, closeIdle);
			// The listener tells before the last socket's own close.
			this.#server.close(() => {
				clearTimeout(cut);
				unsubscribe(RESPONSE_FINISHED, closeIdle);
				if (this.connectionCount === 0) resolve();
				else this.#whenEmpty = resolve;
			});
			closeIdle();
		});
	}

	#handle(request: IncomingMessage, response: ServerResponse): void {
		this.#latest.set(request.socket, response);
		try {
			const route = this.#route(request, response);
			if (route === null) return;
			const isPost = request.method === "POST";
			const { operation, open } = endpointOf(
				this.#options.endpoints,
				route,
				isPost,
			);
			const opened = open(this.#headOf(request, operation));
			if (!opened.ok) {
				refuseEarly(request, response, opened.error, this.#tools);
				return;
			}
			if (isInferFormat(route.name))
				handleInfer(
					this.#tools,
					opened.context,
					request,
					response,
					{ modelName: route.model, modelVersion: route.version },
					route.name,
				);
			else this.#unary(request, response, route, opened.context);
			if (request.headers.expect !== undefined && !response.headersSent) {
				response.writeContinue();
				delete request.headers.expect;
			}
		} catch (error) {
			refuseEarly(request, response, toSaccadeError(error), this.#tools);
		}
	}

	/** Null when it was answered: guard, 404, 405, 431. */
	#route(request: IncomingMessage, response: ServerResponse): Route | null {
		const { maxHeaderCount, lingerMs } = this.#limits;
		if (request.rawHeaders.length > 2 * maxHeaderCount) {
			const text = `a request has at most ${maxHeaderCount} header lines, this one has ${request.rawHeaders.length / 2}`;
			refuseWith(request, response, 431, text, lingerMs);
			return null;
		}
		const refusal = this.#guard.check(request, request.method !== "GET");
		if (refusal !== null) {
			refuseEarly(request, response, refusal, this.#tools);
			return null;
		}
		const route = this.#router.match(request.url ?? "");
		if (route === null) {
			refuseWith(request, response, 404, "Not Found", lingerMs);
			return null;
		}
		if (route.methods.some((method) => method === request.method)) return route;
		response.setHeader("allow", route.methods.join(", "));
		refuseWith(request, response, 405, "Method Not Allowed", lingerMs);
		return null;
	}

	#unary(
		request: IncomingMessage,
		response: ServerResponse,
		route: Route,
		context: CallContext,
	): void {
		const { endpoints, strictTriton, pool } = this.#options;
		const { jsonOnLoopBytes, ...limits } = this.#limits;
		const maxInputBytes = limits.maxInputBytes * OVERRIDE_FACTOR;
		const isPost = request.method === "POST";
		const landing = { pool, maxInputBytes, ownAboveBytes: jsonOnLoopBytes };
		readBody(request, landing, (error, body) => {
			if (error !== null) refuseEarly(request, response, error, this.#tools);
			if (body === null) return;
			const { bytes, lease } = body;
			const load = () => this.#parseLoad(body, maxInputBytes);
			handleUnary(
				endpoints,
				{ route, isPost, context, body: bytes, load },
				response,
			)
				.catch((failure: unknown) =>
					answerError(response, toSaccadeError(failure), strictTriton),
				)
				.finally(() => lease.release());
		});
	}

	async #parseLoad(
		{ bytes, isOwned }: Body,
		maxJsonBytes: number,
	): Promise<ParsedLoad> {
		const { jsonOnLoopBytes, thread } = this.#tools;
		const body = { bytes, jsonLength: null, maxJsonBytes };
		const task = { kind: "load", body } as const;
		if (bytes.byteLength <= jsonOnLoopBytes) return runJsonTask(task);
		const owned = isOwned ? bytes : bytes.slice();
		return new Promise((resolve, reject) => {
			thread.run({ ...task, body: { ...body, bytes: owned } }, (error, load) =>
				load === null ? reject(error) : resolve(load),
			);
		});
	}

	#headOf(
		request: IncomingMessage,
		operation: RequestHead["operation"],
	): RequestHead {
		const { headers } = request;
		return {
			transport: "http",
			operation,
			header: (name) => {
				const value = headers[name];
				return Array.isArray(value) ? value[0] : value;
			},
			headers: () => valuesOf(headers),
			transportDeadlineUs: Number.POSITIVE_INFINITY,
			receivedUs: this.#options.clock.nowUs(),
			peer: request.socket.remoteAddress ?? "",
		};
	}
}

/** A name with several values has them joined, as node:http joins most. */
function* valuesOf(
	headers: IncomingMessage["headers"],
): Generator<[name: string, value: string]> {
	for (const [name, value] of Object.entries(headers))
		if (value !== undefined) yield [name, String(value)];
}

function isInferFormat(name: Route["name"]): name is InferFormat {
	return name === "infer" || name === "generate" || name === "generateStream";
}

/** What node:http refuses before there is a request: broken syntax, too large or too slow headers, smuggling. */
function answerClientError(
	error: NodeJS.ErrnoException,
	socket: Duplex,
	latest: ServerResponse | null,
): void {
	const isGone = !socket.writable || error.code === "ECONNRESET";
	const isBusy = latest !== null && !latest.writableFinished;
	// Whole requests before the broken one are still answered, and in their order.
	if (!isGone && isBusy && latest.req.complete) {
		latest.once("finish", () => answerClientError(error, socket, null));
		return;
	}
	if (isGone || (isBusy && latest.headersSent)) {
		socket.destroy();
		return;
	}
	const status = CLIENT_ERRORS[error.code ?? ""] ?? "400 Bad Request";
	const body = encodeError(
		`${status.slice(4)}: ${error.code ?? "malformed request"}`,
	);
	socket.end(
		`HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.byteLength}\r\nconnection: close\r\n\r\n${body.toString()}`,
	);
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
	HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
	HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Content Too Large",
	ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};
