// A WebSocket as the pipe of a sensor stream: the runtime's own, in Node as in a browser. Close codes are those of
// docs/streams.md; the server's last command says in full what they stand for.
import { create, toBinary } from "@bufbuild/protobuf";
import type { ErrorCode } from "@saccade/protocol";
import { SensorReadingSchema } from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { ClientError } from "../client-error.ts";
import type { MessagePipe, OpenPipe, PipeListener } from "./pipe.ts";

/** Beyond it the link does not keep up: as of the server's side. */
const BACKED_UP_BYTES = 1024 * 1024;
/** A WebSocket does not tell when its output drains, so somebody has to look, and only while it is backed up. */
const LOOK_AGAIN_MS = 4;
const CLOSED_IN_ORDER = 1000;

/** Of codes of applications: 4000 + the status of HTTP. */
const CODE_OF_CLOSE: ReadonlyMap<number, ErrorCode> = new Map([
	[1009, "TOO_LARGE"],
	[4400, "INVALID_ARGUMENT"],
	[4401, "UNAUTHENTICATED"],
	[4403, "PERMISSION_DENIED"],
	[4404, "NOT_FOUND"],
	[4409, "ALREADY_EXISTS"],
	[4413, "TOO_LARGE"],
	[4499, "CANCELLED"],
	[4500, "INTERNAL"],
	[4501, "UNSUPPORTED"],
	[4503, "UNAVAILABLE"],
	[4504, "DEADLINE_EXCEEDED"],
]);

/** @param url `ws://host:port/saccade/v1/stream` */
export function socketPipe(url: string): OpenPipe {
	return (listener) => new SocketPipe(url, listener);
}

class SocketPipe implements MessagePipe {
	readonly #url: string;
	readonly #listener: PipeListener;
	readonly #socket: WebSocket;
	/** What was sent before the connection was there. */
	#waiting: Uint8Array[] = [];
	#waitingBytes = 0;
	#wasOpen = false;
	#look: ReturnType<typeof setTimeout> | null = null;

	constructor(url: string, listener: PipeListener) {
		this.#url = url;
		this.#listener = listener;
		this.#socket = new WebSocket(url);
		this.#socket.binaryType = "arraybuffer";
		this.#socket.addEventListener("open", () => this.#opened());
		this.#socket.addEventListener("message", ({ data }) =>
			listener.message(
				data instanceof ArrayBuffer ? new Uint8Array(data) : NO_COMMAND,
			),
		);
		// `close` follows, and says as much.
		this.#socket.addEventListener("error", () => {});
		this.#socket.addEventListener("close", (event) => this.#closed(event));
	}

	send(message: Uint8Array): boolean {
		if (this.#socket.readyState === WebSocket.CONNECTING) {
			this.#waiting.push(message);
			this.#waitingBytes += message.byteLength;
		} else this.#socket.send(message as Uint8Array<ArrayBuffer>);
		if (this.#isRoomy()) return true;
		this.#lookAgain();
		return false;
	}

	end(): void {
		this.send(FINISH);
	}

	cancel(): void {
		this.#stopLooking();
		this.#waiting = [];
		this.#socket.close(CLOSED_IN_ORDER);
	}

	#opened(): void {
		this.#wasOpen = true;
		const waiting = this.#waiting;
		this.#waiting = [];
		this.#waitingBytes = 0;
		for (const message of waiting)
			this.#socket.send(message as Uint8Array<ArrayBuffer>);
	}

	#closed({ code, reason }: CloseEvent): void {
		this.#stopLooking();
		this.#listener.over(
			code === CLOSED_IN_ORDER ? null : this.#errorOf(code, reason),
		);
	}

	#errorOf(code: number, reason: string): ClientError {
		const said = CODE_OF_CLOSE.get(code);
		if (said !== undefined)
			return new ClientError(said, reason || `closed with ${code}`);
		return new ClientError(
			"UNAVAILABLE",
			this.#wasOpen
				? `${this.#url} is gone: the connection broke (${code})`
				: `${this.#url} does not answer; is a server running there?`,
			{ refusedBecause: "unavailable" },
		);
	}

	#isRoomy(): boolean {
		return this.#waitingBytes + this.#socket.bufferedAmount <= BACKED_UP_BYTES;
	}

	#lookAgain(): void {
		this.#look ??= setTimeout(() => {
			this.#look = null;
			if (this.#isRoomy()) this.#listener.drained();
			else this.#lookAgain();
		}, LOOK_AGAIN_MS);
	}

	#stopLooking(): void {
		if (this.#look !== null) clearTimeout(this.#look);
		this.#look = null;
	}
}

/** Text where a command is due: it does not parse, and the stream ends with that. */
const NO_COMMAND = Uint8Array.of(0xff);
const FINISH = toBinary(
	SensorReadingSchema,
	create(SensorReadingSchema, { content: { case: "finish", value: {} } }),
);
