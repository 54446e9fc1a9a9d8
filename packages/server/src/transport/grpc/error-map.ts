// SaccadeError → gRPC status. Exhaustive: a new code does not compile until it has a line here.
import { create, toBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import {
	type OutgoingMetadata,
	Status,
	type StatusDetail,
	statusDetails,
} from "@saccade/grpc";
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

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto */
function retryInfo(ms: number): StatusDetail {
	const delay = {
		seconds: BigInt(Math.floor(ms / 1000)),
		nanos: (ms % 1000) * 1e6,
	};
	const duration = toBinary(DurationSchema, create(DurationSchema, delay));
	return {
		typeUrl: "type.googleapis.com/google.rpc.RetryInfo",
		// Field 1, a message: so short that its length is one byte.
		value: Uint8Array.of(0x0a, duration.byteLength, ...duration),
	};
}

/** Trailers that tell programs what went wrong, and why work was refused. */
export function trailersOf(error: SaccadeError): OutgoingMetadata {
	const trailers: (readonly [string, string | Uint8Array])[] = [
		[HEADER.errorCode, error.code],
	];
	const retryAfterMs = Number(error.details?.["retryAfterMs"] ?? 0);
	if (retryAfterMs > 0)
		trailers.push(
			statusDetails(statusOf(error), error.message, [retryInfo(retryAfterMs)]),
		);
	if (error.refusedBecause !== null)
		trailers.push([HEADER.refusedBecause, error.refusedBecause]);
	if (error.traceResponse !== null)
		trailers.push([HEADER.traceresponse, error.traceResponse]);
	return trailers;
}
