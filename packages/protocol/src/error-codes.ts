// The closed set of error codes. Transports map each code once (`http/error-map.ts`, `grpc/error-map.ts`);
// `docs/errors.md` is generated from this table.
import type { Outcome } from "./outcomes.ts";

export interface ErrorCodeFacts {
	/** The outcome that a request refused with this code is counted under. */
	readonly outcome: Outcome;
	readonly meaning: string;
	readonly remedy: string;
}

export const ERROR_CODES = {
	INVALID_ARGUMENT: {
		outcome: "INVALID",
		meaning: "The request contradicts itself, the model or a limit.",
		remedy:
			"Correct the request as the text says; retrying it unchanged fails again.",
	},
	MALFORMED: {
		outcome: "INVALID",
		meaning: "The body is not JSON or protobuf, or a field has the wrong type.",
		remedy: "Check the encoder; the text names the place.",
	},
	TOO_LARGE: {
		outcome: "INVALID",
		meaning:
			"The request, or what it decompresses to, exceeds a configured size.",
		remedy: "Send less, or raise the limit that the text names.",
	},
	NOT_FOUND: {
		outcome: "INVALID",
		meaning: "No such model, version, region or route.",
		remedy: "List what exists with the repository index.",
	},
	ALREADY_EXISTS: {
		outcome: "INVALID",
		meaning: "A thing of that name is registered already.",
		remedy: "Unregister it first, or use another name.",
	},
	UNSUPPORTED: {
		outcome: "INVALID",
		meaning: "Known, but not offered by this server or this configuration.",
		remedy: "The text names what is offered instead.",
	},
	UNAUTHENTICATED: {
		outcome: "INVALID",
		meaning: "A token is required and was absent or wrong.",
		remedy: "Send `Authorization: Bearer <token>`.",
	},
	PERMISSION_DENIED: {
		outcome: "INVALID",
		meaning:
			"The caller may not do this: a foreign origin or host, or a restricted API.",
		remedy: "Call from an allowed origin, or change the configuration.",
	},
	DEADLINE_EXCEEDED: {
		outcome: "EXPIRED",
		meaning:
			"The deadline passed before the answer was ready; the work was not started, or was stopped.",
		remedy: "Allow more time, or send less work.",
	},
	CANNOT_FINISH: {
		outcome: "SHED",
		meaning:
			"The deadline cannot be met by prediction, so the work was refused on arrival.",
		remedy: "Allow more time, reduce the load, or add a device.",
	},
	QUEUE_FULL: {
		outcome: "SHED",
		meaning:
			"The model's queue, or the server's memory for bodies, is at its limit.",
		remedy: "Retry later with back-off, or raise the limit.",
	},
	QUEUE_TIMEOUT: {
		outcome: "EXPIRED",
		meaning:
			"The queue policy's time-out passed before the request could start.",
		remedy: "Raise the time-out of the queue policy, or reduce the load.",
	},
	BREAKER_OPEN: {
		outcome: "BREAKER_OPEN",
		meaning:
			"The circuit breaker of the model is open after repeated failures.",
		remedy: "Retry after the time in the text; look at the model's failures.",
	},
	UNAVAILABLE: {
		outcome: "SHED",
		meaning: "The model or the server is loading, draining or stopped.",
		remedy: "Retry when it is ready again.",
	},
	CANCELLED: {
		outcome: "CANCELLED",
		meaning: "The client went away or cancelled.",
		remedy: "None: nobody is waiting for the answer.",
	},
	LOAD_FAILED: {
		outcome: "FAILED",
		meaning:
			"A model could not be loaded; the version in service, if any, stays.",
		remedy:
			"Mend the file or the configuration that the text names, then load again.",
	},
	EXECUTION_FAILED: {
		outcome: "FAILED",
		meaning: "The runtime refused or failed the run.",
		remedy:
			"Check the inputs against the model; the text carries the runtime's reason.",
	},
	INTERNAL: {
		outcome: "FAILED",
		meaning:
			"A defect of the server. Its cause is in the log, never in the answer.",
		remedy: "Report it with the log lines around it.",
	},
} as const satisfies Record<string, ErrorCodeFacts>;

export type ErrorCode = keyof typeof ERROR_CODES;
