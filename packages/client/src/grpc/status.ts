// A gRPC status as the error that the server meant.
import { type Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { type ErrorCode, HEADER } from "@saccade/protocol";
import {
	ClientError,
	toErrorCode,
	toRefusalReason,
	toTraceId,
} from "../client-error.ts";

/** For servers that do not say the code themselves. */
const CODE_OF_STATUS: Readonly<Partial<Record<status, ErrorCode>>> = {
	[status.CANCELLED]: "CANCELLED",
	[status.INVALID_ARGUMENT]: "INVALID_ARGUMENT",
	[status.DEADLINE_EXCEEDED]: "DEADLINE_EXCEEDED",
	[status.NOT_FOUND]: "NOT_FOUND",
	[status.ALREADY_EXISTS]: "ALREADY_EXISTS",
	[status.PERMISSION_DENIED]: "PERMISSION_DENIED",
	[status.RESOURCE_EXHAUSTED]: "TOO_LARGE",
	[status.UNIMPLEMENTED]: "UNSUPPORTED",
	[status.UNAVAILABLE]: "UNAVAILABLE",
	[status.UNAUTHENTICATED]: "UNAUTHENTICATED",
};

/** Null when all went well. */
export function errorOfStatus(
	{ code, details, metadata }: StatusObject,
	address: string,
): ClientError | null {
	if (code === status.OK) return null;
	const said = toErrorCode(text(metadata, HEADER.errorCode));
	const isUnheard = code === status.UNAVAILABLE && said === null;
	return new ClientError(
		said ?? CODE_OF_STATUS[code] ?? "INTERNAL",
		isUnheard
			? `${address} does not answer; is a server running there? (${details})`
			: details,
		{
			refusedBecause: toRefusalReason(text(metadata, HEADER.refusedBecause)),
			traceId: toTraceId(text(metadata, HEADER.traceresponse)),
		},
	);
}

function text(metadata: Metadata, name: string): string | null {
	const [value] = metadata.get(name);
	return typeof value === "string" ? value : null;
}
