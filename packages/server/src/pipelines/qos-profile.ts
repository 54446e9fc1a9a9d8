// Quality of service in the terms of ROS 2, resolved: units in names, Infinity where there is no bound.
// https://docs.ros.org/en/jazzy/Concepts/Intermediate/About-Quality-of-Service-Settings.html

/** What happens to frames that cannot start at once. */
export type DropPolicy = "keep-last" | "drop-oldest" | "drop-latest" | "block";
export type Reliability = "best-effort" | "reliable";
export type Liveliness = "automatic" | "manual-by-topic";

/** What the sender of a stream offers. */
export interface QosProfile {
	/** @default keep-last: the newest frame is worth more than every frame */
	readonly dropPolicy: DropPolicy;
	/** Frames that may wait, 1 to 100: of each device with `keep-last`, of the stream otherwise. @default 1, or 100 */
	readonly depth: number;
	/** @default reliable: every transport of ours is */
	readonly reliability: Reliability;
	/** Longest time between two frames of a device. @default Infinity */
	readonly deadlineUs: number;
	/** Age from which a frame that waits is of no use any more. @default Infinity */
	readonly lifespanUs: number;
	/** @default automatic */
	readonly liveliness: Liveliness;
	/** Silence after which a device counts as gone. @default Infinity */
	readonly livelinessLeaseUs: number;
	/** Time from the sensor's timestamp in which the decision is needed. @default Infinity */
	readonly latencyBudgetUs: number;
	/** Frames of the stream that may run at once, 1 to 16. @default 1 */
	readonly maxInFlightCount: number;
}

/** What a pipeline needs of a stream. Absent: anything will do. */
export type RequestedQos = Partial<
	Pick<
		QosProfile,
		"reliability" | "deadlineUs" | "liveliness" | "livelinessLeaseUs"
	>
>;
