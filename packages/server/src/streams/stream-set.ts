// All open streams, and what they share: the pool, the timers, the sensors.
import type { Clock } from "../common/clock.ts";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import type { PipelineCatalogue } from "../pipelines/pipeline.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type Journal, journaledClock } from "./journal.ts";
import { JournaledStream } from "./journaled-stream.ts";
import {
	incompatibilities,
	type QosIncompatibility,
	resolveQos,
} from "./qos.ts";
import { encodeResult, RESULT_RECORD_BYTES } from "./result-record.ts";
import { createResultRing, ResultRingWriter } from "./result-ring.ts";
import { SensorRegistry } from "./sensor-registry.ts";
import type {
	SensorEvent,
	SensorStream,
	StreamListener,
	StreamRequest,
} from "./stream.ts";
import {
	type FrameTracer,
	type StreamObserver,
	TelemetryStream,
} from "./telemetry-stream.ts";
import { TimerQueue } from "./timer-queue.ts";

export interface StreamSetOptions {
	readonly clock: Clock;
	readonly catalogue: PipelineCatalogue;
	/** Server's clock minus this machine's CLOCK_MONOTONIC. @default 0 */
	readonly hostOffsetUs?: number;
	/** Frames of all streams that run at once. @default 64: they wait for models most of their time */
	readonly maxRunningCount?: number;
	/** Streams at once. @default 10,000, as connections */
	readonly maxStreamCount?: number;
	/** Devices of a stream that names none. @default 64: their state is kept as long as the stream */
	readonly maxDeviceCount?: number;
	readonly observer?: StreamObserver;
	/** Keeps frames to explain them. @default nobody does */
	readonly tracer?: FrameTracer | null;
	/** Is told what comes from outside while it is on. @default none */
	readonly journal?: Journal;
	/** Hears of registered sensors. */
	readonly onSensorEvent?: (event: SensorEvent) => void;
}

export type StreamOpenResult =
	| { readonly ok: true; readonly stream: SensorStream }
	| {
			readonly ok: false;
			readonly error: SaccadeError;
			/** Policies that do not fit; empty when it was something else. */
			readonly incompatible: readonly QosIncompatibility[];
	  };

export class StreamSet {
	readonly sensors: SensorRegistry;
	readonly #options: StreamSetOptions;
	readonly #timers: TimerQueue;
	readonly #dispatcher: Dispatcher;
	readonly #streams = new Map<string, SensorStream>();
	readonly #observer: StreamObserver;
	#openedCount = 0;
	/** Written once somebody follows. */
	#ring: ResultRingWriter | null = null;
	#ringMemory: SharedArrayBuffer | null = null;

	constructor(options: StreamSetOptions) {
		const { observer, journal } = options;
		const clock =
			journal === undefined
				? options.clock
				: journaledClock(options.clock, journal);
		this.#options = { ...options, clock };
		this.#timers = new TimerQueue(clock);
		this.#dispatcher = new Dispatcher(options.maxRunningCount ?? 64);
		this.sensors = new SensorRegistry(clock, options.onSensorEvent);
		this.#observer = {
			frameEnded: (stream, outcome) => {
				observer?.frameEnded(stream, outcome);
				this.#ring?.write(encodeResult(stream.id, outcome));
			},
			streamEnded: (stream) => {
				this.#streams.delete(stream.id);
				observer?.streamEnded(stream);
			},
		};
	}

	open(request: StreamRequest, listener: StreamListener): StreamOpenResult {
		const { journal } = this.#options;
		journal?.begin();
		const opened = this.#open(request, listener);
		if (!opened.ok || journal === undefined) return opened;
		const { stream } = opened;
		journal.tell({
			kind: "open",
			streamId: stream.id,
			request,
			isPartial: false,
			facts: stream.pipelineFacts ?? null,
		});
		return { ok: true, stream: new JournaledStream(stream, journal) };
	}

	#open(request: StreamRequest, listener: StreamListener): StreamOpenResult {
		const { clock, catalogue, hostOffsetUs, maxDeviceCount } = this.#options;
		try {
			this.#assertRoom();
			assertSensors(request);
			const qos = resolveQos(request.qos);
			const pipeline = catalogue.find(request.pipeline);
			const incompatible = incompatibilities(qos, pipeline.requests);
			if (incompatible.length > 0)
				return {
					ok: false,
					error: refusedQos(pipeline.name, incompatible),
					incompatible,
				};
			if (pipeline.join !== null && request.sensors.length < 2)
				throw invalid(
					`pipeline '${pipeline.name}' joins sensors; name at least two, the leading one first`,
				);
			const { sensors, transforms } = request;
			const processor = pipeline.open({ qos, sensors, transforms }, clock);
			this.#openedCount++;
			const stream = new TelemetryStream(
				{
					clock,
					hostOffsetUs: hostOffsetUs ?? 0,
					timers: this.#timers,
					dispatcher: this.#dispatcher,
					sensors: this.sensors,
					maxDeviceCount: request.maxDeviceCount ?? maxDeviceCount ?? 64,
					observer: this.#observer,
					tracer: this.#options.tracer ?? null,
				},
				{
					id: `s${this.#openedCount}`,
					request,
					qos,
					pipeline,
					processor,
					listener,
				},
			);
			this.#streams.set(stream.id, stream);
			return { ok: true, stream };
		} catch (error) {
			return { ok: false, error: toSaccadeError(error), incompatible: [] };
		}
	}

	/**
	 * Every outcome from now on, for any number of readers in any thread: `ResultRingReader` on this memory, and
	 * `decodeResult` on what it reads. Readers cost the streams nothing, and cannot hold them up.
	 */
	follow(): SharedArrayBuffer {
		this.#ringMemory ??= createResultRing({ slotBytes: RESULT_RECORD_BYTES });
		this.#ring ??= new ResultRingWriter(this.#ringMemory);
		return this.#ringMemory;
	}

	get streams(): readonly SensorStream[] {
		return [...this.#streams.values()];
	}

	get size(): number {
		return this.#streams.size;
	}

	/** Cancels what is left. */
	close(): void {
		for (const stream of this.streams) stream.cancel();
		this.sensors.close();
		this.#timers.close();
	}

	#assertRoom(): void {
		const most = this.#options.maxStreamCount ?? 10_000;
		if (this.#streams.size >= most)
			throw new SaccadeError(
				"UNAVAILABLE",
				`${most} streams are open, which is the limit`,
				{ refusedBecause: "unavailable" },
			);
	}
}

/** Each sensor of a stream costs state for as long as it is open. */
const MAX_SENSOR_COUNT = 10_000;

function assertSensors({ sensors }: StreamRequest): void {
	if (sensors.length > MAX_SENSOR_COUNT)
		throw invalid(
			`a stream has at most ${MAX_SENSOR_COUNT} sensors, this one names ${sensors.length}`,
		);
	const seen = new Set<string>();
	for (const { deviceId, periodUs } of sensors) {
		if (deviceId === "" || seen.has(deviceId))
			throw invalid(
				deviceId === ""
					? "a sensor without a device id"
					: `sensor '${deviceId.slice(0, 100)}' is named twice`,
			);
		seen.add(deviceId);
		if (!(periodUs > 0))
			throw invalid(
				`the period of sensor '${deviceId.slice(0, 100)}' must be > 0 ns`,
			);
	}
}

function refusedQos(
	pipeline: string,
	incompatible: readonly QosIncompatibility[],
): SaccadeError {
	const policies = incompatible.map(
		({ policy, offered, requested }) =>
			`${policy} (offered ${offered}, needed ${requested})`,
	);
	return new SaccadeError(
		"INVALID_ARGUMENT",
		`the stream's QoS does not do for pipeline '${pipeline}': ${policies.join("; ")}`,
	);
}

function invalid(text: string): SaccadeError {
	return new SaccadeError("INVALID_ARGUMENT", text);
}
