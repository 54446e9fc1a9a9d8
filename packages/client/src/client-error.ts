// What went wrong, by the same codes as on the server.
import type { ErrorCode, Outcome, RefusalReason } from "@saccade/protocol";
import { ERROR_CODES, REFUSAL_REASONS } from "@saccade/protocol";

// Branded through the global registry, so that it is recognised across duplicate copies of this package.
const BRAND = Symbol.for("saccade.client-error");

export class ClientError extends Error {
	readonly code: ErrorCode;
	/** Set when the work was refused or dropped before it ran. */
	readonly refusedBecause: RefusalReason | null;
	/** By which the server can explain what happened (`saccade explain`); null: it recorded nothing. */
	readonly traceId: string | null;
	readonly [BRAND] = true;

	constructor(
		code: ErrorCode,
		message: string,
		options: {
			readonly cause?: unknown;
			readonly refusedBecause?: RefusalReason | null;
			readonly traceId?: string | null;
		} = {},
	) {
		super(
			message,
			options.cause === undefined ? undefined : { cause: options.cause },
		);
		this.name = "ClientError";
		this.code = code;
		this.refusedBecause = options.refusedBecause ?? null;
		this.traceId = options.traceId ?? null;
	}

	/** What the request is counted as. */
	get outcome(): Outcome {
		return ERROR_CODES[this.code].outcome;
	}
}

export function isClientError(error: unknown): error is ClientError {
	return typeof error === "object" && error !== null && BRAND in error;
}

/** Null for what is no code: of another server, or a newer one. */
export function toErrorCode(text: string | null): ErrorCode | null {
	return text !== null && Object.hasOwn(ERROR_CODES, text)
		? (text as ErrorCode)
		: null;
}

/** Of a `traceresponse`; null for what is none. */
export function toTraceId(text: string | null): string | null {
	return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(text ?? "")?.[1] ?? null;
}

export function toRefusalReason(text: string | null): RefusalReason | null {
	return REFUSAL_REASONS.find((one) => one === text) ?? null;
}

export function deadlineExceeded(deadlineMs: number): ClientError {
	return new ClientError(
		"DEADLINE_EXCEEDED",
		`no answer within the deadline of ${deadlineMs} ms`,
	);
}
