// What a pipeline throws, as the reason of a frame's outcome. Exhaustive: a new code does not compile until it is here.
import type { ErrorCode, FrameReason } from "@saccade/protocol";

export const REASON_OF_ERROR: Readonly<Record<ErrorCode, FrameReason>> = {
	INVALID_ARGUMENT: "refused",
	MALFORMED: "malformed",
	TOO_LARGE: "refused",
	NOT_FOUND: "refused",
	ALREADY_EXISTS: "refused",
	UNSUPPORTED: "refused",
	UNAUTHENTICATED: "refused",
	PERMISSION_DENIED: "refused",
	DEADLINE_EXCEEDED: "deadline-passed",
	CANNOT_FINISH: "cannot-finish",
	QUEUE_FULL: "queue-full",
	QUEUE_TIMEOUT: "deadline-passed",
	BREAKER_OPEN: "breaker-open",
	UNAVAILABLE: "unavailable",
	CANCELLED: "cancelled",
	LOAD_FAILED: "failed",
	EXECUTION_FAILED: "failed",
	INTERNAL: "failed",
};
