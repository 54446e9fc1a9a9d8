// An error on its way between threads: a structured clone keeps neither its class nor its brand.
import type { ErrorCode, RefusalReason } from "@saccade/protocol";
import { SaccadeError, toSaccadeError } from "./saccade-error.ts";

export interface PlainError {
	readonly code: ErrorCode;
	readonly message: string;
	readonly details: Readonly<Record<string, string | number>> | null;
	readonly refusedBecause: RefusalReason | null;
	/** @default null */
	readonly traceResponse?: string;
}

/** Without its cause, which stays where it was thrown. */
export function toPlainError(error: unknown): PlainError {
	const { code, message, details, refusedBecause, traceResponse } =
		toSaccadeError(error);
	const plain = { code, message, details, refusedBecause };
	return traceResponse === null ? plain : { ...plain, traceResponse };
}

export function fromPlainError(plain: PlainError): SaccadeError {
	const error = new SaccadeError(plain.code, plain.message, {
		...(plain.details !== null && { details: plain.details }),
		...(plain.refusedBecause !== null && {
			refusedBecause: plain.refusedBecause,
		}),
	});
	error.traceResponse = plain.traceResponse ?? null;
	return error;
}
