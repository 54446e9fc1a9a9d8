// The head of an answer, as node:http writes it.
import { http } from "../../../common/http-module.ts";
import type { AnswerHeaders } from "../exchange.ts";

export interface AnswerEnd {
	readonly keepsAlive: boolean;
	readonly keepAliveTimeoutMs: number;
}

/** @param bodyBytes null: the body comes in chunks */
export function answerHead(
	status: number,
	headers: AnswerHeaders,
	bodyBytes: number | null,
	{ keepsAlive, keepAliveTimeoutMs }: AnswerEnd,
): string {
	let head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? "unknown"}\r\n`;
	for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
	head +=
		bodyBytes === null
			? "Transfer-Encoding: chunked\r\n"
			: `content-length: ${bodyBytes}\r\n`;
	head += `Date: ${utcDate()}\r\n`;
	return keepsAlive
		? `${head}Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeoutMs / 1000)}\r\n\r\n`
		: `${head}Connection: close\r\n\r\n`;
}

let dateSecond = Number.NaN;
let dateText = "";

/** The text changes once a second. */
function utcDate(): string {
	const second = Math.floor(Date.now() / 1000);
	if (second !== dateSecond) {
		dateSecond = second;
		dateText = new Date(second * 1000).toUTCString();
	}
	return dateText;
}
