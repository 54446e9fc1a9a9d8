// Openings and readings of a recording as a client sends them.
import { create } from "@bufbuild/protobuf";
import {
	type PointCloud,
	PointType,
} from "@saccade/protocol/gen/saccade/v1/payload_pb.js";
import {
	ClockDomain,
	type SensorReading,
	SensorReadingSchema,
	type StreamOpen,
	StreamOpenSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { CloudPayload, FramePayload } from "../../pipelines/frame.ts";
import { resolveQos } from "../../streams/qos.ts";
import type { StreamRequest } from "../../streams/stream.ts";
import { fromQosProfile, nsOf } from "../stream-open.ts";
import { contentOf, type PlainReading } from "./payloads.ts";

export function openMessage(request: StreamRequest): StreamOpen {
	const { safeCommand } = request;
	return create(StreamOpenSchema, {
		pipeline: request.pipeline,
		qos: fromQosProfile(resolveQos(request.qos)),
		sensors: request.sensors.map(
			({ deviceId, frameId, periodUs, calibration: c }) => ({
				deviceId,
				frameId,
				periodNs: nsOf(periodUs),
				...(c !== null && {
					calibration: {
						frameId: c.frameId,
						width: c.width,
						height: c.height,
						distortionModel: c.distortionModel,
						D: [...c.d],
						K: [...c.k],
						R: [...c.r],
						P: [...c.p],
					},
				}),
			}),
		),
		transforms: request.transforms.map(
			({ parentFrameId, childFrameId, translation, rotation }) => ({
				parentFrameId,
				childFrameId,
				translation: vector(translation),
				rotation: { ...vector(rotation), w: rotation[3] },
			}),
		),
		...(safeCommand !== null && {
			safeCommand: {
				action: safeCommand.action,
				reasons: [...safeCommand.reasons],
				targets: safeCommand.targets.map((target) => ({ ...target })),
			},
		}),
		clockDomain:
			request.clockDomain === "host-monotonic"
				? ClockDomain.HOST_MONOTONIC
				: ClockDomain.DEVICE,
		name: request.name,
	});
}

export function wireReading(reading: PlainReading): SensorReading {
	return create(SensorReadingSchema, {
		timestampNs: reading.timestampNs,
		deviceId: reading.deviceId,
		value: reading.value,
		sequence: BigInt(reading.sequence),
		frameId: reading.frameId,
		deadlineNs: BigInt(Math.round(reading.budgetUs * 1000)),
		interrupt: reading.interrupt,
		content: wireContent(reading.payload),
	});
}

function wireContent(payload: FramePayload | null) {
	if (payload?.kind === "image") {
		const { encoding, width, height, rowStrideBytes, bytes } = payload;
		return {
			case: "image" as const,
			value: {
				encoding,
				width,
				height,
				rowStride: rowStrideBytes,
				data: bytes,
			},
		};
	}
	if (payload?.kind === "cloud")
		return { case: "cloud" as const, value: { layout: cloudLayout(payload) } };
	return contentOf(payload);
}

const POINT_TYPES = {
	uint8: PointType.UINT8,
	int8: PointType.INT8,
	uint16: PointType.UINT16,
	int16: PointType.INT16,
	uint32: PointType.UINT32,
	int32: PointType.INT32,
	float32: PointType.FLOAT32,
	float64: PointType.FLOAT64,
} as const;

function cloudLayout({ layout, bytes }: CloudPayload) {
	if (layout.kind === "foxglove")
		return { case: "foxglove", value: bytes } satisfies PointCloud["layout"];
	if (layout.kind === "point-cloud2")
		return { case: "pointCloud2", value: bytes } satisfies PointCloud["layout"];
	return {
		case: "packed" as const,
		value: {
			pointStride: layout.strideBytes,
			fields: layout.fields.map(({ name, offsetBytes, type }) => ({
				name,
				offset: offsetBytes,
				type: POINT_TYPES[type],
			})),
			data: bytes,
		},
	};
}

function vector([x, y, z]: readonly [number, number, number, ...number[]]) {
	return { x, y, z };
}
