// HTTP by hand on a socket: what no client library would send, sent when and how the test says.
import { connect, type Socket } from "node:net";

export interface RawResponse {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
}

export class RawConnection {
	readonly #socket: Socket;
	#received = Buffer.alloc(0);
	#wake: (() => void) | null = null;
	#closed = false;

	constructor(port: number) {
		this.#socket = connect({ host: "127.0.0.1", port });
		this.#socket.on("data", (chunk: Buffer) => {
			this.#received = Buffer.concat([this.#received, chunk]);
			this.#wake?.();
		});
		// Being cut off is what many tests are about.
		this.#socket.on("error", () => {});
		this.#socket.on("close", () => {
			this.#closed = true;
			this.#wake?.();
		});
	}

	/** True when the system has taken the bytes, false when the connection is gone. */
	write(bytes: string | Uint8Array): Promise<boolean> {
		return new Promise((resolve) => {
			this.#socket.write(bytes, (error) => resolve(error == null));
		});
	}

	pause(): void {
		this.#socket.pause();
	}

	/** Half-close. */
	end(): void {
		this.#socket.end();
	}

	/** Leaves at once. */
	destroy(): void {
		this.#socket.destroy();
	}

	/** The next response, interim ones included; null when the server closed before there was a whole one. */
	async response(): Promise<RawResponse | null> {
		for (;;) {
			const response = this.#take();
			if (response !== null) return response;
			if (this.#closed) return null;
			await this.#more();
		}
	}

	/** Resolves when the server has closed the connection. */
	async closed(): Promise<void> {
		while (!this.#closed) await this.#more();
	}

	/** Resolves when the first bytes of an answer are here. */
	async begun(): Promise<void> {
		while (this.#received.byteLength === 0 && !this.#closed) await this.#more();
	}

	/** Everything until the server closes, as it came: one response with `Connection: close`. */
	async rest(): Promise<{ readonly head: string; readonly body: Buffer }> {
		await this.closed();
		const headEnd = this.#received.indexOf("\r\n\r\n") + 4;
		return {
			head: this.#received.toString("latin1", 0, headEnd),
			body: this.#received.subarray(headEnd),
		};
	}

	#more(): Promise<void> {
		return new Promise((resolve) => {
			this.#wake = resolve;
		});
	}

	#take(): RawResponse | null {
		const headEnd = this.#received.indexOf("\r\n\r\n");
		if (headEnd < 0) return null;
		const [first = "", ...lines] = this.#received
			.toString("latin1", 0, headEnd)
			.split("\r\n");
		const headers = Object.fromEntries(
			lines.map((line) => {
				const colon = line.indexOf(":");
				return [
					line.slice(0, colon).toLowerCase(),
					line.slice(colon + 1).trim(),
				];
			}),
		);
		const end = headEnd + 4 + Number(headers["content-length"] ?? 0);
		if (this.#received.byteLength < end) return null;
		const body = this.#received.subarray(headEnd + 4, end);
		this.#received = this.#received.subarray(end);
		return { status: Number(first.split(" ")[1]), headers, body };
	}
}

export function errorOf(response: RawResponse | null): string {
	if (response === null) throw new Error("the connection closed unanswered");
	const { error } = JSON.parse(response.body.toString()) as { error: string };
	return error;
}

/** A request as text. @param head further header lines */
export function requestText(
	target: string,
	body = "",
	head: readonly string[] = [],
): string {
	const lines = [
		`${body === "" && !target.startsWith("POST") ? "GET " : ""}${target} HTTP/1.1`,
		"Host: localhost",
		...head,
		...(body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
	];
	return `${lines.join("\r\n")}\r\n\r\n${body}`;
}
