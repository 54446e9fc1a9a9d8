// What a step throws, as the frame's error: what it says of the input is told as such, everything else is its own fault.
import { PointCloudError } from "@saccade/perception";
import {
	isSaccadeError,
	SaccadeError,
	withoutStack,
} from "../../errors/saccade-error.ts";
import { textOf } from "./describe-step.ts";

/** @param ofServer the step comes with the server: its RangeErrors are about the input */
export function stepFailure(
	error: unknown,
	node: string,
	ofServer: boolean,
): SaccadeError {
	const isBadInput =
		isSaccadeError(error) ||
		(ofServer &&
			(error instanceof RangeError || error instanceof PointCloudError));
	const code = isSaccadeError(error)
		? error.code
		: isBadInput
			? "INVALID_ARGUMENT"
			: "EXECUTION_FAILED";
	const what =
		isBadInput && error instanceof Error ? error.message : textOf(error);
	return withoutStack(
		() => new SaccadeError(code, `step '${node}': ${what}`, { cause: error }),
	);
}
