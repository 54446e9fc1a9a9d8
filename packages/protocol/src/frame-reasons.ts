import type { Outcome } from "./outcomes.ts";

/** Why a frame of a stream ended otherwise than with RESULT: the closed set of `FrameOutcome.reason`. */
export const FRAME_REASONS = {
	"newer-frame": "SUPERSEDED",
	"out-of-order": "SUPERSEDED",
	unmatched: "SUPERSEDED",
	preempted: "SUPERSEDED",
	reconfigured: "SUPERSEDED",
	"deadline-passed": "EXPIRED",
	"lifespan-passed": "EXPIRED",
	"queue-full": "SHED",
	"no-credit": "SHED",
	"cannot-finish": "SHED",
	unavailable: "SHED",
	"breaker-open": "BREAKER_OPEN",
	malformed: "INVALID",
	"not-finite": "INVALID",
	"empty-payload": "INVALID",
	duplicate: "INVALID",
	"from-the-future": "INVALID",
	"unknown-device": "INVALID",
	refused: "INVALID",
	"stream-closed": "CANCELLED",
	cancelled: "CANCELLED",
	failed: "FAILED",
} as const satisfies Record<string, Outcome>;
export type FrameReason = keyof typeof FRAME_REASONS;
