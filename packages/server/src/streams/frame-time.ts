// When a frame is too late, and how that is told. Pure.
import type { FrameReason } from "@saccade/protocol";

/** Of a frame, on the server's clock. */
interface FrameTimes {
	readonly measuredUs: number;
	/** Infinity: none. */
	readonly deadlineUs: number;
}

/** The instant from which it is too late to begin; Infinity: never. */
export function tooLateFromUs(
	{ measuredUs, deadlineUs }: FrameTimes,
	lifespanUs: number,
): number {
	return Math.min(deadlineUs, measuredUs + lifespanUs);
}

/** Null: it is not too late. */
export function lateReason(
	{ measuredUs, deadlineUs }: FrameTimes,
	lifespanUs: number,
	nowUs: number,
): Extract<FrameReason, "deadline-passed" | "lifespan-passed"> | null {
	if (nowUs >= deadlineUs) return "deadline-passed";
	// As in `tooLateFromUs`: by the same sum, or rounding would fire its timer for ever.
	return nowUs >= measuredUs + lifespanUs ? "lifespan-passed" : null;
}

export function lateText(
	{ measuredUs, deadlineUs }: FrameTimes,
	lifespanUs: number,
	nowUs: number,
): string {
	return nowUs >= deadlineUs
		? `its deadline passed ${ms(nowUs - deadlineUs)} ago`
		: `${ms(nowUs - measuredUs)} old, its lifespan is ${ms(lifespanUs)}`;
}

function ms(us: number): string {
	return `${(us / 1000).toFixed(1)} ms`;
}
