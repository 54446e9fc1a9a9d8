/** Where a value comes from: sensors first, then nodes in the order of the plan. */
export interface ValueSource {
	readonly index: number;
	readonly port: string;
}

/** The one port of a sensor. */
export const FRAME_PORT = "frame";
