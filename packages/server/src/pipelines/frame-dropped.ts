// Thrown by a pipeline for a frame that ends without a result, and through nobody's fault.
import type { FrameReason } from "@saccade/protocol";

export class FrameDropped extends Error {
	readonly reason: FrameReason;

	constructor(reason: FrameReason, detail: string) {
		super(detail);
		this.name = "FrameDropped";
		this.reason = reason;
	}
}
