// Sensor streams as a use case: opened, listed, and the sensors behind them. The life of a stream itself is `streams/`.
import { Journal } from "../streams/journal.ts";
import type { QosOffer } from "../streams/qos.ts";
import { resolveQos } from "../streams/qos.ts";
import type { SensorStatus } from "../streams/sensor.ts";
import type {
	SensorStream,
	StreamListener,
	StreamRequest,
} from "../streams/stream.ts";
import type { StreamOpenResult, StreamSet } from "../streams/stream-set.ts";

import {
	type PostedOutcome,
	type PostedReading,
	TelemetryPosts,
} from "./telemetry-posts.ts";

export interface SensorRegistration {
	readonly deviceId: string;
	/** Infinity: no rhythm. */
	readonly periodUs: number;
	readonly qos: QosOffer;
}

export interface StreamService {
	open(request: StreamRequest, listener: StreamListener): StreamOpenResult;
	/** One reading in a request of its own. */
	post(reading: PostedReading): Promise<PostedOutcome>;
	/** Watched from now on, whether or not a stream is open. Throws INVALID_ARGUMENT or UNAVAILABLE. */
	registerSensor(registration: SensorRegistration): SensorStatus;
	/** Throws NOT_FOUND. */
	unregisterSensor(deviceId: string): void;
	sensors(): readonly SensorStatus[];
	streams(): readonly SensorStream[];
}

/** @param journal of the set, where there is one: what touches sensors is told to it */
export function createStreamService(
	set: StreamSet,
	journal: Journal = new Journal(),
): StreamService {
	const posts = new TelemetryPosts(set);
	return {
		post: (reading) => posts.post(reading),
		open: (request, listener) => set.open(request, listener),
		registerSensor: ({ deviceId, periodUs, qos }) => {
			const profile = resolveQos(qos);
			journal.tell({ kind: "register", deviceId, periodUs, qos });
			return set.sensors.registerSensor(deviceId, periodUs, profile);
		},
		unregisterSensor: (deviceId) => {
			journal.tell({ kind: "unregister", deviceId });
			set.sensors.unregisterSensor(deviceId);
		},
		sensors: () => {
			journal.tell({ kind: "list-sensors" });
			return set.sensors.statuses();
		},
		streams: () => set.streams,
	};
}
