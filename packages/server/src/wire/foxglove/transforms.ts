// Where things are, as Foxglove's transforms: the vehicle among what it tracks, and the sensors on the vehicle.
import { create, toBinary } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { CameraCalibrationSchema } from "@saccade/protocol/gen/foxglove/CameraCalibration_pb.js";
import { FrameTransformsSchema } from "@saccade/protocol/gen/foxglove/FrameTransforms_pb.js";
import type {
	CameraCalibration,
	FrameTransform,
} from "../../pipelines/pipeline.ts";
import {
	ODOMETRY_FRAME,
	poseAt,
	type Tracked,
	VEHICLE_FRAME,
} from "./scene.ts";

export function frameTransforms(
	tracked: Tracked | null,
	mounts: readonly FrameTransform[],
	timestamp: Timestamp,
): Uint8Array {
	const message = create(FrameTransformsSchema, {
		transforms: [
			...(tracked === null ? [] : [vehicleOf(tracked, timestamp)]),
			...mounts.map(
				({ parentFrameId, childFrameId, translation, rotation }) => ({
					timestamp,
					parentFrameId,
					childFrameId,
					translation: vector(translation),
					rotation: { ...vector(rotation), w: rotation[3] },
				}),
			),
		],
	});
	return toBinary(FrameTransformsSchema, message);
}

export function cameraCalibration(
	{ frameId, width, height, distortionModel, d, k, r, p }: CameraCalibration,
	timestamp: Timestamp,
): Uint8Array {
	const message = create(CameraCalibrationSchema, {
		timestamp,
		frameId,
		width,
		height,
		distortionModel,
		D: [...d],
		K: [...k],
		R: [...r],
		P: [...p],
	});
	return toBinary(CameraCalibrationSchema, message);
}

function vehicleOf({ vehicle }: Tracked, timestamp: Timestamp) {
	const [x = 0, y = 0, yaw = 0] = vehicle;
	const { position, orientation } = poseAt(x, y, 0, yaw);
	return {
		timestamp,
		parentFrameId: ODOMETRY_FRAME,
		childFrameId: VEHICLE_FRAME,
		translation: position,
		rotation: orientation,
	};
}

function vector([x, y, z]: readonly [number, number, number, ...number[]]) {
	return { x, y, z };
}
