/** Every accepted frame or request ends in exactly one of these. SUPERSEDED exists on streams only. */
export const OUTCOMES = [
	"RESULT",
	"SUPERSEDED",
	"EXPIRED",
	"SHED",
	"BREAKER_OPEN",
	"INVALID",
	"CANCELLED",
	"FAILED",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why work was refused or dropped before it ran (the `refusedBecause` of an error and of a metric). */
export const REFUSAL_REASONS = [
	"queue-full",
	"cannot-finish",
	"expired",
	"queue-timeout",
	"cancelled",
	"shutting-down",
	"unavailable",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];
