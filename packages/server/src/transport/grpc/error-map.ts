// SaccadeError → gRPC status. Exhaustive: a new code does not compile until it has a line here.
import { type OutgoingMetadata, Status } from "@saccade/grpc";
import { type ErrorCode, HEADER } from "@saccade/protocol";
import type { SaccadeError } from "../../errors/saccade-error.ts";

export const GRPC_STATUS: Readonly<Record<ErrorCode, Status>> = {
	INVALID_ARGUMENT: Status.INVALID_ARGUMENT,
	MALFORMED: Status.INVALID_ARGUMENT,
	TOO_LARGE: Status.RESOURCE_EXHAUSTED,
	NOT_FOUND: Status.NOT_FOUND,
	ALREADY_EXISTS: Status.ALREADY_EXISTS,
	UNSUPPORTED: Status.UNIMPLEMENTED,
	UNAUTHENTICATED: Status.UNAUTHENTICATED,
	PERMISSION_DENIED: Status.PERMISSION_DENIED,
	DEADLINE_EXCEEDED: Status.DEADLINE_EXCEEDED,
	CANNOT_FINISH: Status.UNAVAILABLE,
	QUEUE_FULL: Status.UNAVAILABLE,
	QUEUE_TIMEOUT: Status.UNAVAILABLE,
	BREAKER_OPEN: Status.UNAVAILABLE,
	UNAVAILABLE: Status.UNAVAILABLE,
	CANCELLED: Status.CANCELLED,
	LOAD_FAILED: Status.INVALID_ARGUMENT,
	EXECUTION_FAILED: Status.INTERNAL,
	INTERNAL: Status.INTERNAL,
};

export function statusOf(error: SaccadeError): Status {
	// Triton: a name that cannot be found in the repository, or a configuration that cannot be read.
	if (
		error.code === "LOAD_FAILED" &&
		error.message.startsWith("failed to load")
	)
		return Status.INTERNAL;
	return GRPC_STATUS[error.code];
}

/** Trailers that tell programs what went wrong, and why work was refused. */
export function trailersOf(error: SaccadeError): OutgoingMetadata {
	const trailers: (readonly [string, string])[] = [
		[HEADER.errorCode, error.code],
	];
	if (error.refusedBecause !== null)
		trailers.push([HEADER.refusedBecause, error.refusedBecause]);
	if (error.traceResponse !== null)
		trailers.push([HEADER.traceresponse, error.traceResponse]);
	return trailers;
}
