// The HTTP transport on node:http: guard, route, phase `open`, then infer or a small endpoint.
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "../../common/clock.ts";
import type { RequestHead } from "../../endpoint/endpoint.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { SaccadeError, toSaccadeError } from "../../errors/saccade-error.ts";
import type { SlotPool } from "../../tensor/slot-pool.ts";
import { answerError, refuseEarly } from "./answer.ts";
import { readBody } from "./body.ts";
import { BrowserGuard, type BrowserGuardOptions } from "./browser-guard.ts";
import { encodeError } from "./encode.ts";
import { handleInfer, type InferFormat, type InferTools } from "./infer.ts";
import { type Route, Router } from "./routes.ts";
import { endpointOf, handleUnary } from "./unary.ts";

export interface HttpTransportOptions {
	readonly endpoints: Endpoints;
	readonly pool: SlotPool;
	readonly clock: Clock;
	readonly maxInputBytes: number;
	readonly strictTriton: boolean;
	readonly guard: BrowserGuardOptions;
}

export interface HttpTransport {
	listen(host: string, port: number): Promise<AddressInfo>;
	/** Stops accepting, finishes what is under way within `graceMs`, then cuts. */
	close(graceMs: number): Promise<void>;
}

/** A client that sends its headers or its body slower than this is cut off. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const MAX_HEADER_BYTES = 32 * 1024;
const MAX_HEADERS = 200;
/** Bodies of the small endpoints, file overrides in base64 included. */
const OVERRIDE_FACTOR = 2;

export function createHttpTransport(
	options: HttpTransportOptions,
): HttpTransport {
	return new NodeHttpTransport(options);
}

class NodeHttpTransport implements HttpTransport {
	readonly #options: HttpTransportOptions;
	readonly #tools: InferTools;
	readonly #guard: BrowserGuard;
	readonly #router = new Router();
	readonly #server: Server;

	constructor(options: HttpTransportOptions) {
		this.#options = options;
		this.#guard = new BrowserGuard(options.guard);
		this.#tools = {
			endpoints: options.endpoints,
			limits: { pool: options.pool, maxInputBytes: options.maxInputBytes },
			strictTriton: options.strictTriton,
		};
		this.#server = createServer(
			{
				headersTimeout: HEADERS_TIMEOUT_MS,
				requestTimeout: REQUEST_TIMEOUT_MS,
				keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
				maxHeaderSize: MAX_HEADER_BYTES,
				noDelay: true,
			},
			(request, response) => this.#handle(request, response),
		);
		this.#server.maxHeadersCount = MAX_HEADERS;
		this.#server.on("clientError", answerClientError);
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

	close(graceMs: number): Promise<void> {
		if (!this.#server.listening) return Promise.resolve();
		return new Promise((resolve) => {
			const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
			this.#server.close(() => {
				clearTimeout(cut);
				resolve();
			});
			this.#server.closeIdleConnections();
		});
	}

	#handle(request: IncomingMessage, response: ServerResponse): void {
		const { strictTriton } = this.#options;
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
			if (!opened.ok)
				refuseEarly(request, response, opened.error, strictTriton);
			else if (isInferFormat(route.name))
				handleInfer(
					this.#tools,
					opened.context,
					request,
					response,
					{ modelName: route.model, modelVersion: route.version },
					route.name,
				);
			else this.#unary(request, response, route, opened.context);
		} catch (error) {
			refuseEarly(request, response, toSaccadeError(error), strictTriton);
		}
	}

	/** Null when it was answered: guard, 404, 405. */
	#route(request: IncomingMessage, response: ServerResponse): Route | null {
		const { strictTriton } = this.#options;
		const forbidden = this.#guard.check(request, request.method === "POST");
		if (forbidden !== null) {
			refuseEarly(request, response, forbidden, strictTriton);
			return null;
		}
		const route = this.#router.match(request.url ?? "");
		if (route === null) {
			refuseEarly(
				request,
				response,
				new SaccadeError("NOT_FOUND", "Not Found"),
				strictTriton,
			);
			return null;
		}
		if (route.methods.some((method) => method === request.method)) return route;
		const body = encodeError("Method Not Allowed");
		response.writeHead(405, {
			allow: route.methods.join(", "),
			"content-type": "application/json",
			"content-length": body.byteLength,
			connection: "close",
		});
		response.end(body);
		request.resume();
		return null;
	}

	#unary(
		request: IncomingMessage,
		response: ServerResponse,
		route: Route,
		context: Parameters<typeof handleInfer>[1],
	): void {
		const { endpoints, strictTriton, maxInputBytes, pool } = this.#options;
		const limits = { pool, maxInputBytes: maxInputBytes * OVERRIDE_FACTOR };
		const isPost = request.method === "POST";
		readBody(request, limits, (error, body) => {
			if (error !== null) refuseEarly(request, response, error, strictTriton);
			if (body === null) return;
			handleUnary(
				endpoints,
				{ route, isPost, context, body: body.bytes },
				response,
			)
				.catch((failure: unknown) =>
					answerError(response, toSaccadeError(failure), strictTriton),
				)
				.finally(() => body.lease?.release());
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
			transportDeadlineUs: Number.POSITIVE_INFINITY,
			receivedUs: this.#options.clock.nowUs(),
			peer: request.socket.remoteAddress ?? "",
		};
	}
}

function isInferFormat(name: Route["name"]): name is InferFormat {
	return name === "infer" || name === "generate" || name === "generateStream";
}

/** What node:http refuses before there is a request: broken syntax, too large or too slow headers, smuggling. */
function answerClientError(
	error: NodeJS.ErrnoException,
	socket: Socket | import("node:stream").Duplex,
): void {
	if (!socket.writable || error.code === "ECONNRESET") {
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
	ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};
