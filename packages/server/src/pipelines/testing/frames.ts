import type { Frame } from "../frame.ts";
import type { FrameContext } from "../pipeline.ts";

/** A plain reading measured at `measuredUs`, with whatever else a test says. */
export function frameOf(fields: Partial<Frame> = {}): Frame {
	const measuredUs = fields.measuredUs ?? 0;
	return {
		deviceId: "device",
		timestampNs: BigInt(Math.round(measuredUs * 1000)),
		sequence: 0,
		value: 0,
		frameId: "",
		payload: null,
		measuredUs,
		receivedUs: measuredUs,
		deadlineUs: Number.POSITIVE_INFINITY,
		...fields,
	};
}

export function contextOf(fields: Partial<FrameContext> = {}): FrameContext {
	return {
		signal: new AbortController().signal,
		companions: [],
		nowUs: () => 0,
		...fields,
	};
}
