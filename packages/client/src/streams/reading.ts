// Measurements as a client has them, and their message.
import { create, toBinary } from "@bufbuild/protobuf";
import { PointType } from "@saccade/protocol/gen/saccade/v1/payload_pb.js";
import { SensorReadingSchema } from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { Tensor, TraceContext } from "../inference.ts";

const POINT_TYPE = {
	uint8: PointType.UINT8,
	int8: PointType.INT8,
	uint16: PointType.UINT16,
	int16: PointType.INT16,
	uint32: PointType.UINT32,
	int32: PointType.INT32,
	float32: PointType.FLOAT32,
	float64: PointType.FLOAT64,
} as const;

export interface ImagePayload {
	readonly kind: "image";
	/** Raw: `rgb8`, `bgr8`, `rgba8`, `bgra8`, `mono8`, `mono16`; compressed: `jpeg`, `png`, `webp`. */
	readonly encoding: string;
	/** May be left out of compressed pictures. */
	readonly width?: number;
	readonly height?: number;
	/** From one row to the next. @default no padding */
	readonly rowStrideBytes?: number;
	readonly data: Uint8Array;
}

export interface PackedField {
	readonly name: string;
	readonly offsetBytes: number;
	readonly type: keyof typeof POINT_TYPE;
}

/** Axes as in REP 103: x forward, y left, z up, in metres. */
export interface CloudPayload {
	readonly kind: "cloud";
	/**
	 * `packed`: rows of little-endian numbers; `foxglove`: an encoded foxglove.PointCloud; `point-cloud2`: a CDR-encoded
	 * sensor_msgs/msg/PointCloud2. @default packed
	 */
	readonly layout?: "packed" | "foxglove" | "point-cloud2";
	/** Of packed points. @default float32 x, y, z, intensity */
	readonly fields?: readonly PackedField[];
	/** @default 16, with the fields above */
	readonly strideBytes?: number;
	readonly data: Uint8Array;
}

export interface TensorsPayload {
	readonly kind: "tensors";
	readonly tensors: readonly Tensor[];
}

export interface Vector3 {
	readonly x: number;
	readonly y: number;
	readonly z: number;
}

/** In the sensor's frame; rad/s and m/s². */
export interface ImuPayload {
	readonly kind: "imu";
	readonly angularVelocity: Vector3;
	readonly linearAcceleration: Vector3;
}

export type Payload = ImagePayload | CloudPayload | TensorsPayload | ImuPayload;

export interface Reading {
	/** When it was measured, on the sensor's clock. */
	readonly timestampNs: bigint;
	readonly deviceId: string;
	/** Of a scalar sensor. */
	readonly value?: number;
	/** @default that of the sensor's description */
	readonly frameId?: string;
	/** From the measurement to the decision. @default the profile's latency budget */
	readonly deadlineMs?: number;
	/** Goes before everything that waits. @default false */
	readonly interrupt?: boolean;
	readonly payload?: Payload;
	/** The sender's place in a trace, which the frame becomes a part of. @default none */
	readonly trace?: TraceContext;
}

/** @param sequence of the device's frames, from 1 on */
export function encodeReading(reading: Reading, sequence: bigint): Uint8Array {
	const { deadlineMs, payload, trace, ...plain } = reading;
	return toBinary(
		SensorReadingSchema,
		create(SensorReadingSchema, {
			...plain,
			...trace,
			sequence,
			...(deadlineMs !== undefined && {
				deadlineNs: BigInt(Math.round(deadlineMs * 1e6)),
			}),
			...(payload !== undefined && { content: contentOf(payload) }),
		}),
	);
}

export function encodeHeartbeat(deviceId: string): Uint8Array {
	return toBinary(
		SensorReadingSchema,
		create(SensorReadingSchema, {
			deviceId,
			content: { case: "heartbeat", value: {} },
		}),
	);
}

type Content = NonNullable<
	Parameters<typeof create<typeof SensorReadingSchema>>[1]
>["content"];

function contentOf(payload: Payload): NonNullable<Content> {
	switch (payload.kind) {
		case "image": {
			const { encoding, width, height, rowStrideBytes, data } = payload;
			const size = {
				...(width !== undefined && { width }),
				...(height !== undefined && { height }),
				...(rowStrideBytes !== undefined && { rowStride: rowStrideBytes }),
			};
			return { case: "image", value: { encoding, ...size, data } };
		}
		case "cloud":
			return { case: "cloud", value: { layout: layoutOf(payload) } };
		case "tensors":
			return {
				case: "tensors",
				value: {
					tensors: payload.tensors.map(({ name, datatype, shape, data }) => ({
						name,
						datatype,
						shape: shape.map(BigInt),
						data,
					})),
				},
			};
		case "imu":
			return {
				case: "imu",
				value: {
					angularVelocity: payload.angularVelocity,
					linearAcceleration: payload.linearAcceleration,
				},
			};
	}
}

function layoutOf(cloud: CloudPayload) {
	const { layout, data } = cloud;
	if (layout === "foxglove") return { case: layout, value: data } as const;
	if (layout === "point-cloud2")
		return { case: "pointCloud2", value: data } as const;
	const fields = (cloud.fields ?? []).map(({ name, offsetBytes, type }) => ({
		name,
		offset: offsetBytes,
		type: POINT_TYPE[type],
	}));
	const pointStride = cloud.strideBytes ?? 0;
	return { case: "packed", value: { fields, pointStride, data } } as const;
}
