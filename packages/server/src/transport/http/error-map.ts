// SaccadeError → HTTP status. Exhaustive: a new code does not compile until it has a line here.
import type { ErrorCode } from "@saccade/protocol";
import type { SaccadeError } from "../../errors/saccade-error.ts";

export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
	INVALID_ARGUMENT: 400,
	MALFORMED: 400,
	TOO_LARGE: 400,
	NOT_FOUND: 404,
	ALREADY_EXISTS: 400,
	UNSUPPORTED: 501,
	UNAUTHENTICATED: 401,
	PERMISSION_DENIED: 403,
	DEADLINE_EXCEEDED: 504,
	CANNOT_FINISH: 503,
	QUEUE_FULL: 503,
	QUEUE_TIMEOUT: 503,
	BREAKER_OPEN: 503,
	UNAVAILABLE: 503,
	CANCELLED: 499,
	LOAD_FAILED: 400,
	EXECUTION_FAILED: 500,
	INTERNAL: 500,
};

/** @param strictTriton answers malformed JSON with 500, as Triton does */
export function httpStatusOf(
	error: SaccadeError,
	strictTriton: boolean,
): number {
	if (strictTriton && error.code === "MALFORMED") return 500;
	// Triton: a name that cannot be found in the repository, or a configuration that cannot be read.
	if (
		error.code === "LOAD_FAILED" &&
		error.message.startsWith("failed to load")
	)
		return 500;
	return HTTP_STATUS[error.code];
}
