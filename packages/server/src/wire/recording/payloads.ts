// Readings as messages that other tools show: pictures and clouds in Foxglove's schemas or as ROS has them, everything
// else as saccade.v1.SensorReading. And back, to the very payload that came.
import {
	create,
	type DescMessage,
	fromBinary,
	toBinary,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
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
	const parts = payloadParts(reading);
	if (parts === null) return plainMessage(reading);
	const { schema, head, data } = parts;
	const bytes = new Uint8Array(head.byteLength + data.byteLength);
	bytes.set(head);
	bytes.set(data, head.byteLength);
	return { schema, bytes };
}

/** A message that is a payload with something before it. */
export interface PayloadParts {
	readonly schema: ReadingMessage["schema"];
	readonly head: Uint8Array;
	/** Where the payload lies. */
	readonly data: Uint8Array;
}

/** Of `payloadParts`, without making them. */
export function payloadSchema(
	payload: FramePayload | null,
): ReadingMessage["schema"] | null {
	if (payload?.kind === "image")
		return COMPRESSED.has(payload.encoding)
			? CompressedImageSchema
			: RawImageSchema;
	if (payload?.kind === "cloud")
		return payload.layout.kind === "point-cloud2"
			? "point-cloud2"
			: PointCloudSchema;
	return null;
}

/** Null: what it carries has no message of its own. */
export function payloadParts(
	reading: Pick<PlainReading, "payload" | "timestampNs" | "frameId">,
): PayloadParts | null {
	const { payload } = reading;
	if (payload?.kind === "image") return imageParts(reading, payload);
	if (payload?.kind === "cloud") return cloudParts(reading, payload);
	return null;
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

type Stamp = Pick<PlainReading, "timestampNs" | "frameId">;

function imageParts(
	{ timestampNs, frameId }: Stamp,
	image: ImagePayload,
): PayloadParts {
	const timestamp = timestampOf(timestampNs);
	const { encoding, width, height, bytes: data } = image;
	if (COMPRESSED.has(encoding)) {
		const fields = { timestamp, frameId, format: encoding };
		const message = create(CompressedImageSchema, fields);
		return {
			schema: CompressedImageSchema,
			head: headOf(toBinary(CompressedImageSchema, message), {
				field: CompressedImageSchema.field.data.number,
				data,
			}),
			data,
		};
	}
	const tight = height > 0 ? Math.floor(data.byteLength / height) : 0;
	const step = image.rowStrideBytes === 0 ? tight : image.rowStrideBytes;
	const fields = { timestamp, frameId, width, height, encoding, step };
	const message = create(RawImageSchema, fields);
	return {
		schema: RawImageSchema,
		head: headOf(toBinary(RawImageSchema, message), {
			field: RawImageSchema.field.data.number,
			data,
		}),
		data,
	};
}

/** @param fields all others of a message whose last one is `data` */
function headOf(
	fields: Uint8Array,
	last: { readonly field: number; readonly data: Uint8Array },
): Uint8Array {
	return new BinaryWriter()
		.raw(fields)
		.tag(last.field, WireType.LengthDelimited)
		.uint32(last.data.byteLength)
		.finish();
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

function cloudParts(
	{ timestampNs, frameId }: Stamp,
	{ layout, bytes: data }: CloudPayload,
): PayloadParts {
	const none = new Uint8Array(0);
	if (layout.kind === "foxglove")
		return { schema: PointCloudSchema, head: none, data };
	if (layout.kind === "point-cloud2")
		return { schema: "point-cloud2", head: none, data };
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
	});
	return {
		schema: PointCloudSchema,
		head: headOf(toBinary(PointCloudSchema, message), {
			field: PointCloudSchema.field.data.number,
			data,
		}),
		data,
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
export function timestampOf(ns: bigint) {
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
