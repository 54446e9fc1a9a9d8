// Readings as messages that other tools show: pictures and clouds in Foxglove's schemas or as ROS has them, everything
// else as saccade.v1.SensorReading. And back, to the very payload that came.
import {
	create,
	type DescMessage,
	fromBinary,
	toBinary,
} from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CompressedImageSchema } from "@saccade/protocol/gen/foxglove/CompressedImage_pb.js";
import { PackedElementField_NumericType } from "@saccade/protocol/gen/foxglove/PackedElementField_pb.js";
import { PointCloudSchema } from "@saccade/protocol/gen/foxglove/PointCloud_pb.js";
import { RawImageSchema } from "@saccade/protocol/gen/foxglove/RawImage_pb.js";
import { SensorReadingSchema } from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type {
	CloudPayload,
	FramePayload,
	ImagePayload,
} from "../../pipelines/frame.ts";
import type { Reading } from "../../streams/stream.ts";
import { SensorReadingReader } from "../sensor-reading.ts";

export type PlainReading = Omit<Reading, "tag" | "lease">;

export interface ReadingMessage {
	/** `point-cloud2`: bytes as ROS has them. */
	readonly schema: DescMessage | "point-cloud2";
	readonly bytes: Uint8Array;
}

/** A payload whose bytes are in a message of their own; null: all of the reading is in that message. */
export type PayloadShape =
	| Omit<ImagePayload, "bytes">
	| Omit<CloudPayload, "bytes">
	| { readonly kind: "message" };

const COMPRESSED: ReadonlySet<string> = new Set(["jpeg", "png", "webp"]);

export function messageOf(reading: PlainReading): ReadingMessage {
	const { payload } = reading;
	if (payload?.kind === "image") return imageMessage(reading, payload);
	if (payload?.kind === "cloud") return cloudMessage(reading, payload);
	return plainMessage(reading);
}

export function shapeOf(payload: FramePayload): PayloadShape {
	if (payload.kind !== "image" && payload.kind !== "cloud")
		return { kind: "message" };
	const { bytes: _bytes, ...shape } = payload;
	return shape;
}

/** Throws what the decoder throws. @param message as `messageOf` made it */
export function payloadOf(
	shape: PayloadShape,
	message: Uint8Array,
): FramePayload | null {
	if (shape.kind === "message") {
		const reader = new SensorReadingReader();
		reader.read(message);
		return reader.payload;
	}
	if (shape.kind === "image") {
		const { data } = COMPRESSED.has(shape.encoding)
			? fromBinary(CompressedImageSchema, message)
			: fromBinary(RawImageSchema, message);
		return { ...shape, bytes: data };
	}
	const bytes =
		shape.layout.kind === "packed"
			? fromBinary(PointCloudSchema, message).data
			: message;
	return { ...shape, bytes };
}

function imageMessage(
	{ timestampNs, frameId }: PlainReading,
	image: ImagePayload,
): ReadingMessage {
	const timestamp = timestampOf(timestampNs);
	const { encoding, width, height, bytes: data } = image;
	if (COMPRESSED.has(encoding)) {
		const fields = { timestamp, frameId, data, format: encoding };
		const message = create(CompressedImageSchema, fields);
		return {
			schema: CompressedImageSchema,
			bytes: toBinary(CompressedImageSchema, message),
		};
	}
	const tight = height > 0 ? Math.floor(data.byteLength / height) : 0;
	const step = image.rowStrideBytes === 0 ? tight : image.rowStrideBytes;
	const fields = { timestamp, frameId, width, height, encoding, step, data };
	const message = create(RawImageSchema, fields);
	return { schema: RawImageSchema, bytes: toBinary(RawImageSchema, message) };
}

const NUMERIC_TYPES = {
	uint8: PackedElementField_NumericType.UINT8,
	int8: PackedElementField_NumericType.INT8,
	uint16: PackedElementField_NumericType.UINT16,
	int16: PackedElementField_NumericType.INT16,
	uint32: PackedElementField_NumericType.UINT32,
	int32: PackedElementField_NumericType.INT32,
	float32: PackedElementField_NumericType.FLOAT32,
	float64: PackedElementField_NumericType.FLOAT64,
} as const;

function cloudMessage(
	{ timestampNs, frameId }: PlainReading,
	{ layout, bytes }: CloudPayload,
): ReadingMessage {
	if (layout.kind === "foxglove") return { schema: PointCloudSchema, bytes };
	if (layout.kind === "point-cloud2") return { schema: "point-cloud2", bytes };
	const message = create(PointCloudSchema, {
		timestamp: timestampOf(timestampNs),
		frameId,
		pose: { position: {}, orientation: { w: 1 } },
		pointStride: layout.strideBytes,
		fields: layout.fields.map(({ name, offsetBytes, type }) => ({
			name,
			offset: offsetBytes,
			type: NUMERIC_TYPES[type],
		})),
		data: bytes,
	});
	return {
		schema: PointCloudSchema,
		bytes: toBinary(PointCloudSchema, message),
	};
}

function plainMessage(reading: PlainReading): ReadingMessage {
	const { payload } = reading;
	const message = create(SensorReadingSchema, {
		timestampNs: reading.timestampNs,
		deviceId: reading.deviceId,
		value: reading.value,
		sequence: BigInt(reading.sequence),
		frameId: reading.frameId,
		deadlineNs: BigInt(Math.round(reading.budgetUs * 1000)),
		interrupt: reading.interrupt,
		content: contentOf(payload),
	});
	return {
		schema: SensorReadingSchema,
		bytes: toBinary(SensorReadingSchema, message),
	};
}

/** Of what has one message on the wire and in a recording. */
export function contentOf(payload: FramePayload | null) {
	if (payload?.kind === "tensors")
		return {
			case: "tensors" as const,
			value: {
				tensors: payload.tensors.map(({ name, dtype, shape, data }) => ({
					name,
					datatype: dtype,
					shape: shape.map(BigInt),
					data,
				})),
			},
		};
	if (payload?.kind === "imu")
		return {
			case: "imu" as const,
			value: {
				angularVelocity: vector(payload.angularVelocity),
				linearAcceleration: vector(payload.linearAcceleration),
			},
		};
	return { case: undefined };
}

function vector([x, y, z]: readonly [number, number, number]) {
	return { x, y, z };
}

/** The sensor's own time, whatever its origin. */
function timestampOf(ns: bigint) {
	const timestamp = timestampFromMs(0);
	let seconds = ns / 1_000_000_000n;
	let nanos = Number(ns % 1_000_000_000n);
	if (nanos < 0) {
		seconds -= 1n;
		nanos += 1_000_000_000;
	}
	timestamp.seconds = seconds;
	timestamp.nanos = nanos;
	return timestamp;
}
