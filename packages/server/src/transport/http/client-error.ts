// What is refused before there is a whole request: broken syntax, too large or too slow heads, smuggling. The
// connection ends with it.
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { encodeError } from "./encode.ts";

const STATUS_LINES: Readonly<Record<string, string>> = {
	HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
	HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Content Too Large",
	ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** A whole answer. @param code as node:http names what is wrong */
export function clientErrorAnswer(code: string | undefined): string {
	const status = STATUS_LINES[code ?? ""] ?? "400 Bad Request";
	const body = encodeError(
		`${status.slice(4)}: ${code ?? "malformed request"}`,
	);
	return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.byteLength}\r\nconnection: close\r\n\r\n${body.toString()}`;
}

/**
 * Answers on a connection of node:http: after the whole requests before the broken one, and in their order.
 *
 * @param responses those of this connection that may not be out yet, oldest first
 */
export function answerClientError(
	error: NodeJS.ErrnoException,
	socket: Duplex,
	responses: readonly ServerResponse[],
): void {
	const pending = responses.filter(({ writableFinished }) => !writableFinished);
	const latest = pending.at(-1);
	const isGone = !socket.writable || error.code === "ECONNRESET";
	if (!isGone && latest?.req.complete === true) {
		latest.once("finish", () => answerClientError(error, socket, []));
		return;
	}
	// What is broken was answered already, or others come first that it would be taken for the answer to.
	const isLate = latest?.headersSent === true || pending.length > 1;
	if (isGone || isLate) socket.destroy();
	else socket.end(clientErrorAnswer(error.code));
}
