// Inputs of usual size, by which steps are timed.
import {
	createDetections,
	createPoints,
	createRotatedDetections,
	createTracks,
	type Detections,
	POINT_STRIDE,
	type Points,
	type RotatedDetections,
	TRACK_CONFIRMED,
} from "@saccade/perception";
import type { Tensor } from "../../tensor/tensor.ts";
import type { CloudPayload, Frame, FramePayload } from "../frame.ts";
import type { PortValues, TrackedObjects } from "./port.ts";
import { createTensor } from "./step.ts";

/** A spread of numbers in [0, 1) that is the same every time. */
function spread(i: number): number {
	const x = Math.sin(12.9898 * i) * 43758.5453;
	return x - Math.floor(x);
}

export function sampleFrame<Payload extends FramePayload | null>(
	payload: Payload,
): Frame & { readonly payload: Payload } {
	return {
		deviceId: "sample",
		timestampNs: 0n,
		sequence: 0,
		value: 10,
		frameId: "",
		payload,
		measuredUs: 0,
		receivedUs: 0,
		deadlineUs: Number.POSITIVE_INFINITY,
	};
}

/** A turn of a LiDAR: 30,000 points within 50 m. */
export function samplePoints(capacity: number, withTimes = false): Points {
	const points = createPoints(capacity, { withTimes });
	points.count = Math.min(capacity, 30_000);
	for (let i = 0; i < points.count; i++) {
		const at = POINT_STRIDE * i;
		const azimuth = (2 * Math.PI * i) / points.count;
		const range = 2 + 48 * spread(i);
		points.xyzi[at] = range * Math.cos(azimuth);
		points.xyzi[at + 1] = range * Math.sin(azimuth);
		points.xyzi[at + 2] = 3 * spread(i + 1) - 1;
		points.xyzi[at + 3] = spread(i + 2);
		if (points.timesS !== null) points.timesS[i] = (0.1 * i) / points.count;
	}
	return points;
}

export function sampleCloud(): PortValues["cloud"] {
	const { xyzi } = samplePoints(30_000);
	const field = (name: string, offsetBytes: number) =>
		({ name, offsetBytes, type: "float32", elementCount: 1 }) as const;
	const payload: CloudPayload = {
		kind: "cloud",
		layout: {
			kind: "packed",
			strideBytes: 16,
			fields: [
				field("x", 0),
				field("y", 4),
				field("z", 8),
				field("intensity", 12),
			],
		},
		bytes: new Uint8Array(xyzi.buffer),
	};
	return sampleFrame(payload);
}

/** 640 × 480 pixels. */
export function samplePicture(): PortValues["picture"] {
	const data = new Uint8Array(640 * 480 * 3);
	for (let i = 0; i < data.length; i++) data[i] = 255 * spread(i);
	return { data, width: 640, height: 480, channels: 3 };
}

export function sampleBoxes(): Detections {
	const boxes = createDetections(20);
	boxes.count = 20;
	for (let i = 0; i < boxes.count; i++) {
		const x = 300 * spread(i);
		boxes.boxes.set([x, x / 2, x + 40, x / 2 + 30], 4 * i);
		boxes.scores[i] = 0.5 + spread(i) / 2;
	}
	return boxes;
}

export function sampleGroundBoxes(): RotatedDetections {
	const boxes = createRotatedDetections(20);
	boxes.count = 20;
	for (let i = 0; i < boxes.count; i++) {
		boxes.rotatedBoxes.set(
			[5 + 40 * spread(i), 30 * spread(i + 7) - 15, 4.5, 1.8, 0.1 * i],
			5 * i,
		);
		boxes.scores[i] = 0.5 + spread(i) / 2;
	}
	return boxes;
}

export function sampleTracks(): TrackedObjects {
	const tracks = createTracks(256);
	tracks.count = 20;
	for (let i = 0; i < tracks.count; i++) {
		tracks.ids[i] = i + 1;
		tracks.stages[i] = TRACK_CONFIRMED;
		tracks.xM[i] = 5 + 40 * spread(i);
		tracks.yM[i] = 30 * spread(i + 7) - 15;
		tracks.velocityXMps[i] = 10 * spread(i + 3);
		tracks.lengthM[i] = 4.5;
		tracks.widthM[i] = 1.8;
	}
	const ego = { timeS: 0, xM: 0, yM: 0, yawRad: 0, speedMps: 10 };
	return { tracks, timeS: 0, ego: { ...ego, curvaturePerM: 0 } };
}

export function sampleTensor(shape: readonly number[]): Tensor {
	const tensor = createTensor("FP32", shape, false);
	const values = new Float32Array(tensor.data.buffer);
	for (let i = 0; i < values.length; i++) values[i] = 0.3 * spread(i) - 0.2;
	return tensor;
}
