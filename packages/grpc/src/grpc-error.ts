import type { OutgoingMetadata, Status } from "./api.ts";

/** Throw it to end a call with a status of your choice; anything else thrown becomes INTERNAL without its text. */
export class GrpcError extends Error {
	readonly status: Status;
	/** `statusDetails` makes the one for rich errors. */
	readonly trailers: OutgoingMetadata;

	constructor(
		status: Status,
		message: string,
		trailers: OutgoingMetadata = [],
	) {
		super(message);
		this.name = "GrpcError";
		this.status = status;
		this.trailers = trailers;
	}
}
