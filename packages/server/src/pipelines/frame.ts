// A measurement on its way to a decision. Payloads lie where the transport put them: whoever keeps a view beyond the
// frame's outcome copies it.
import type { PackedLayout } from "@saccade/perception";
import type { Tensor } from "../tensor/tensor.ts";

export interface ImagePayload {
	readonly kind: "image";
	/** Raw: `rgb8`, `bgr8`, `rgba8`, `bgra8`, `mono8`, `mono16`; compressed: `jpeg`, `png`, `webp`. */
	readonly encoding: string;
	/** 0 where a compressed image does not say. */
	readonly width: number;
	readonly height: number;
	readonly rowStrideBytes: number;
	readonly bytes: Uint8Array;
}

/** How the bytes of a cloud are to be read; `perception` decodes each of them in place. */
export type CloudLayout =
	| ({ readonly kind: "packed" } & PackedLayout)
	/** An encoded foxglove.PointCloud. */
	| { readonly kind: "foxglove" }
	/** A CDR-encoded sensor_msgs/msg/PointCloud2. */
	| { readonly kind: "point-cloud2" };

/** Axes as in REP 103: x forward, y left, z up. */
export interface CloudPayload {
	readonly kind: "cloud";
	readonly layout: CloudLayout;
	readonly bytes: Uint8Array;
}

export interface TensorsPayload {
	readonly kind: "tensors";
	readonly tensors: readonly Tensor[];
}

/** rad/s and m/s², x, y, z in the sensor's frame. */
export interface ImuPayload {
	readonly kind: "imu";
	readonly angularVelocity: readonly [number, number, number];
	readonly linearAcceleration: readonly [number, number, number];
}

export type FramePayload =
	| ImagePayload
	| CloudPayload
	| TensorsPayload
	| ImuPayload;

export interface Frame {
	readonly deviceId: string;
	/** On the sensor's own clock, as it was sent. */
	readonly timestampNs: bigint;
	/** 0: not counted. */
	readonly sequence: number;
	readonly value: number;
	/** Coordinate frame. */
	readonly frameId: string;
	/** Null: a plain reading, `value` is all of it. */
	readonly payload: FramePayload | null;
	/** When it was measured, on the server's clock by the estimated offset. */
	readonly measuredUs: number;
	readonly receivedUs: number;
	/** On the server's clock; Infinity when none. */
	readonly deadlineUs: number;
}
