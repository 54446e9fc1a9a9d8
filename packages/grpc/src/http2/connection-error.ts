// Why a connection ends: GOAWAY with a code and a sentence, then close.
import { CompressionError } from "../hpack/decoder.ts";
import { ERROR, type ErrorNumber } from "./constants.ts";

/** The connection cannot go on. The message is sent to the peer. */
export class ConnectionError extends Error {
	readonly code: ErrorNumber;

	constructor(code: ErrorNumber, message: string) {
		super(message);
		this.code = code;
	}
}

/** What was thrown while frames were read, as what the peer may know of it. */
export function toConnectionError(error: unknown): ConnectionError {
	if (error instanceof ConnectionError) return error;
	if (error instanceof CompressionError)
		return new ConnectionError(ERROR.COMPRESSION_ERROR, error.message);
	// A handler threw: its text is not the peer's business.
	return new ConnectionError(ERROR.INTERNAL_ERROR, "internal error");
}

export function protocolError(message: string): ConnectionError {
	return new ConnectionError(ERROR.PROTOCOL_ERROR, message);
}

export function flowControlError(message: string): ConnectionError {
	return new ConnectionError(ERROR.FLOW_CONTROL_ERROR, message);
}

export function frameSizeError(
	what: string,
	byteLength: number,
): ConnectionError {
	return new ConnectionError(
		ERROR.FRAME_SIZE_ERROR,
		`${what} of ${byteLength} bytes`,
	);
}

/** The peer does what costs it nothing and us something. */
export function calmDown(message: string): ConnectionError {
	return new ConnectionError(ERROR.ENHANCE_YOUR_CALM, message);
}
