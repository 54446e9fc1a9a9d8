// What frames go through. A pipeline is opened once for each stream and then sees its frames one after the other, or as
// many at once as the stream's profile allows.
//
//   stream ─▶ open(opening) ─▶ process(frame, context) ─▶ result ─▶ … ─▶ close()
//                └ throws: the stream is refused      └ throws: the frame's outcome, by the error's code
import type { Clock } from "../common/clock.ts";
import type { FrameTrace } from "../telemetry/tracing/frame-trace.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Frame } from "./frame.ts";
import type { QosProfile, RequestedQos } from "./qos-profile.ts";

/** A set point, with its unit in the name: `acceleration_mps2`. */
export interface Target {
	readonly name: string;
	readonly value: number;
}

export interface Decision {
	/** `keep`, `slow`, `brake`, `degrade`, or what the pipeline names. */
	readonly action: string;
	readonly reasons: readonly string[];
	/** Counted from the frame's measurement; afterwards the client's safe command holds. */
	readonly validForUs: number;
	readonly targets: readonly Target[];
}

/** Where time went, on the server's clock. */
export interface StageSpan {
	readonly name: string;
	readonly beginUs: number;
	readonly endUs: number;
}

export interface FrameResult {
	readonly decision: Decision | null;
	/** They own their bytes. */
	readonly outputs: readonly Tensor[];
	readonly stages: readonly StageSpan[];
}

export interface FrameContext {
	/** Aborted when nobody wants the result any more: expired, preempted, cancelled. */
	readonly signal: AbortSignal;
	/** Of a pipeline that joins: the frames of the other sensors, in the order of the rule. */
	readonly companions: readonly Frame[];
	/** For the models that it runs, and for stages that are told as they end. @default null: nobody traces */
	readonly trace?: FrameTrace | null;
	nowUs(): number;
}

export interface FrameProcessor {
	/**
	 * Frames of unlike lanes do not wait for each other: each lane has its own queue, and as many frames in flight as the
	 * profile says. @default 1, for all devices
	 */
	readonly laneCount?: number;
	/** From 0 on. */
	laneOf?(deviceId: string): number;
	/**
	 * Work of less than 50 µs may answer at once; everything else answers later, off the event loop. The frame's bytes
	 * are valid until it has answered. Throws, or rejects with, a SaccadeError whose code tells the outcome, or
	 * FrameDropped, which tells it itself.
	 */
	process(
		frame: Frame,
		context: FrameContext,
	): FrameResult | Promise<FrameResult>;
	/** The stream ended; nothing runs any more. */
	close(): void;
}

/**
 * How the frames of several sensors come together; devices are named by their place in the stream's opening.
 * `window`: one of each, no further than `windowUs` from the first sensor's; what has not come when a later timestamp
 * proves that it cannot, or after `waitUs`, is left out. `latest`: every frame of the first sensor, with the newest of
 * each other.
 */
export type JoinRule =
	| {
			readonly kind: "window";
			readonly windowUs: number;
			readonly waitUs: number;
			/** Run without those that are missing; else the frame ends as SUPERSEDED (unmatched). */
			readonly allowMissing: boolean;
	  }
	| { readonly kind: "latest"; readonly maxAgeUs: number };

/** Intrinsics as in foxglove.CameraCalibration. */
export interface CameraCalibration {
	readonly frameId: string;
	readonly width: number;
	readonly height: number;
	readonly distortionModel: string;
	readonly d: readonly number[];
	/** 3 × 3 row-major, as `r`; `p` is 3 × 4. Empty: not given. */
	readonly k: readonly number[];
	readonly r: readonly number[];
	readonly p: readonly number[];
}

/** The pose of `child` in `parent`, as in foxglove.FrameTransform. */
export interface FrameTransform {
	readonly parentFrameId: string;
	readonly childFrameId: string;
	readonly translation: readonly [number, number, number];
	/** x, y, z, w. */
	readonly rotation: readonly [number, number, number, number];
}

export interface SensorDescription {
	readonly deviceId: string;
	readonly frameId: string;
	/** Infinity: no rhythm. */
	readonly periodUs: number;
	readonly calibration: CameraCalibration | null;
}

/** What a pipeline learns of its stream. */
export interface StreamOpening {
	readonly qos: QosProfile;
	/** Empty: any device may send. */
	readonly sensors: readonly SensorDescription[];
	readonly transforms: readonly FrameTransform[];
}

export interface Pipeline {
	/** As streams ask for it; a metric label. */
	readonly name: string;
	readonly requests: RequestedQos;
	/** Null: each frame by itself. */
	readonly join: JoinRule | null;
	/**
	 * Throws INVALID_ARGUMENT, NOT_FOUND or UNAVAILABLE when it cannot serve such a stream.
	 * @param clock for whatever waits in it
	 */
	open(opening: StreamOpening, clock: Clock): FrameProcessor;
}

/** Pipelines by name. */
export interface PipelineCatalogue {
	/** Throws NOT_FOUND. */
	find(name: string): Pipeline;
}
