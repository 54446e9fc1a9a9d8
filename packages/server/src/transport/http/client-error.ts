// What is refused before there is a request: broken syntax, too large or too slow heads, smuggling. The connection
// ends with it.
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
