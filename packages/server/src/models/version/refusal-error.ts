// Refusals as errors: Triton's texts where clients look for them, with the numbers behind.
import type { RefusalReason } from "@saccade/protocol";
import { SaccadeError, withoutStack } from "../../errors/saccade-error.ts";
import type { RefusalDetail } from "../../scheduling/scheduler.ts";

export function refusalError(
	because: RefusalReason,
	detail: RefusalDetail,
): SaccadeError {
	return withoutStack(() => create(because, detail));
}

function create(because: RefusalReason, detail: RefusalDetail): SaccadeError {
	const options = { refusedBecause: because };
	switch (because) {
		case "queue-full":
			return new SaccadeError(
				"QUEUE_FULL",
				`Exceeds maximum queue size (${detail.queuedCount} wait, the limit is ${detail.limitCount}); retry later`,
				options,
			);
		case "queue-timeout":
			return new SaccadeError(
				"QUEUE_TIMEOUT",
				`Request timeout expired after ${ms(detail.waitedUs)} ms in the queue`,
				options,
			);
		case "expired":
			return new SaccadeError(
				"DEADLINE_EXCEEDED",
				`the deadline passed after ${ms(detail.waitedUs)} ms in the queue; the work was not started`,
				options,
			);
		case "cannot-finish":
			return new SaccadeError(
				"CANNOT_FINISH",
				`the answer would take ${ms(detail.predictedUs)} ms (${detail.queuedCount} wait), the deadline leaves ${ms(detail.leftUs)} ms; allow more time or send less`,
				options,
			);
		case "cancelled":
			return new SaccadeError(
				"CANCELLED",
				"the request was cancelled",
				options,
			);
		case "shutting-down":
			return new SaccadeError(
				"UNAVAILABLE",
				"Server is stopping, scheduler for model has stopped accepting new inference requests",
				options,
			);
		case "unavailable":
			return new SaccadeError(
				"UNAVAILABLE",
				"the model is not available now",
				options,
			);
	}
}

function ms(us: number): string {
	return (us / 1000).toFixed(1);
}
