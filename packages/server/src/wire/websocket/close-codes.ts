// How a WebSocket ends. Codes of applications are 4000 to 4999 (RFC 6455, 7.4.2).
import type { ErrorCode } from "@saccade/protocol";
import type { SaccadeError } from "../../errors/saccade-error.ts";

/** Exhaustive: a new code does not compile until it has a line here. 4000 + the status that HTTP answers with. */
const CLOSE_OF: Readonly<Record<ErrorCode, number>> = {
	INVALID_ARGUMENT: 4400,
	MALFORMED: 4400,
	TOO_LARGE: 4413,
	NOT_FOUND: 4404,
	ALREADY_EXISTS: 4409,
	UNSUPPORTED: 4501,
	UNAUTHENTICATED: 4401,
	PERMISSION_DENIED: 4403,
	DEADLINE_EXCEEDED: 4504,
	CANNOT_FINISH: 4503,
	QUEUE_FULL: 4503,
	QUEUE_TIMEOUT: 4503,
	BREAKER_OPEN: 4503,
	UNAVAILABLE: 4503,
	CANCELLED: 4499,
	LOAD_FAILED: 4400,
	EXECUTION_FAILED: 4500,
	INTERNAL: 4500,
};

/** `done`: in good order; `goingAway`: the server ends (RFC 6455, 7.4.1). */
export const CLOSE = { done: 1000, goingAway: 1001 } as const;

/** A control frame carries at most 125 bytes, two of them the code (RFC 6455, 5.5). */
const MAX_REASON_BYTES = 123;

export function closeReason(
	error: SaccadeError,
): [code: number, reason: string] {
	return [CLOSE_OF[error.code], cut(error.message)];
}

/** As much of the text as fits, in whole characters. */
function cut(text: string): string {
	const bytes = Buffer.from(text);
	if (bytes.byteLength <= MAX_REASON_BYTES) return text;
	let end = MAX_REASON_BYTES;
	// Octets that go on with a character begin with the bits 10.
	while ((bytes[end]! & 0xc0) === 0x80) end--;
	return bytes.toString("utf8", 0, end);
}
