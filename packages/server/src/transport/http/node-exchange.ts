// An exchange of node:http.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import type { AnswerHeaders, BodySink, Exchange } from "./exchange.ts";

export class NodeExchange implements Exchange {
	readonly #request: IncomingMessage;
	readonly #response: ServerResponse;

	constructor(request: IncomingMessage, response: ServerResponse) {
		this.#request = request;
		this.#response = response;
	}

	get method(): string {
		return this.#request.method ?? "";
	}

	get target(): string {
		return this.#request.url ?? "";
	}

	get httpVersion(): string {
		return this.#request.httpVersion;
	}

	get headerCount(): number {
		return this.#request.rawHeaders.length / 2;
	}

	get peer(): string {
		return this.#request.socket.remoteAddress ?? "";
	}

	header(name: string): string | undefined {
		const value = this.#request.headers[name];
		return Array.isArray(value) ? value[0] : value;
	}

	*headers(): Generator<readonly [name: string, value: string]> {
		for (const [name, value] of Object.entries(this.#request.headers))
			if (value !== undefined) yield [name, String(value)];
	}

	get awaitsContinue(): boolean {
		return this.#request.headers.expect !== undefined;
	}

	tellContinue(): void {
		this.#response.writeContinue();
		delete this.#request.headers.expect;
	}

	readBody(sink: BodySink): void {
		let isOver = false;
		this.#request.on("data", (bytes: Buffer) => sink.data(bytes));
		this.#request.on("end", () => {
			isOver = true;
			sink.end();
		});
		this.#request.on("close", () => {
			if (!isOver) sink.lost();
		});
	}

	get isAnswered(): boolean {
		return this.#response.headersSent;
	}

	answer(status: number, headers: AnswerHeaders, body: Uint8Array): void {
		this.#writeHead(status, headers, body);
		this.#response.end(body);
	}

	refuse(
		status: number,
		headers: AnswerHeaders,
		body: Uint8Array,
		lingerMs: number,
	): void {
		if (this.#hasWholeBody) {
			this.answer(status, headers, body);
			return;
		}
		this.#response.setHeader("connection", "close");
		// A client that waits to be told to go on sends nothing any more.
		if (this.awaitsContinue) {
			this.answer(status, headers, body);
			return;
		}
		this.#writeHead(status, headers, body);
		this.#response.write(body);
		this.#linger(lingerMs);
	}

	startStream(headers: AnswerHeaders): Writable {
		this.#response.writeHead(200, headers);
		return this.#response;
	}

	get isGone(): boolean {
		return this.#response.destroyed;
	}

	get unwrittenByteCount(): number {
		return this.#response.writableLength;
	}

	onceOver(listener: () => void): void {
		this.#response.once("close", listener);
	}

	destroy(): void {
		this.#response.destroy();
	}

	#writeHead(status: number, headers: AnswerHeaders, body: Uint8Array): void {
		this.#response.writeHead(status, {
			...headers,
			"content-length": body.byteLength,
		});
	}

	get #hasWholeBody(): boolean {
		const { headers, complete } = this.#request;
		return (
			complete ||
			((headers["content-length"] ?? "0") === "0" &&
				headers["transfer-encoding"] === undefined)
		);
	}

	/**
	 * Ends the answer only when the rest of the body was read and dropped: a socket that is closed with bytes unread
	 * is reset, and the client would see that in place of its answer.
	 */
	#linger(lingerMs: number): void {
		const request = this.#request;
		const cut = setTimeout(() => request.destroy(), lingerMs);
		cut.unref();
		request.on("close", () => clearTimeout(cut));
		request.on("end", () => this.#response.end());
		request.resume();
	}
}
