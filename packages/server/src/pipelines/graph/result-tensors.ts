// What a pipeline found, as tensors that the client can keep: copies, since every step uses its memory again.

import {
	type Detections,
	type RotatedDetections,
	TRACK_CONFIRMED,
	type Tracks,
} from "@saccade/perception";
import type { DType } from "@saccade/protocol";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TrackedObjects } from "../steps/port.ts";

/** @param kind of the value's port */
export function resultTensors(
	name: string,
	kind: string,
	value: unknown,
): Tensor[] {
	switch (kind) {
		case "boxes": {
			const { count, boxes, scores, classIds } = value as Detections;
			return [
				tensor(`${name}.boxes`, "FP32", [count, 4], boxes),
				tensor(`${name}.scores`, "FP32", [count], scores),
				tensor(`${name}.classes`, "INT32", [count], classIds),
			];
		}
		case "ground-boxes": {
			const { count, rotatedBoxes, scores, classIds } =
				value as RotatedDetections;
			return [
				tensor(`${name}.boxes`, "FP32", [count, 5], rotatedBoxes),
				tensor(`${name}.scores`, "FP32", [count], scores),
				tensor(`${name}.classes`, "INT32", [count], classIds),
			];
		}
		case "tracks":
			return trackedTensors(name, value as TrackedObjects);
		default: {
			const { dtype, shape, data } = value as Tensor;
			return [{ name, dtype, shape: [...shape], data: new Uint8Array(data) }];
		}
	}
}

function trackedTensors(name: string, { tracks, ego }: TrackedObjects) {
	return trackTensors(name, tracks, ego);
}

/**
 * x, y, speed along x and y, length, width and yaw of each confirmed track, in the frame of the tracks; and x, y and yaw
 * of the vehicle in it.
 */
export function trackTensors(
	name: string,
	tracks: Tracks,
	vehicle: {
		readonly xM: number;
		readonly yM: number;
		readonly yawRad: number;
	},
): Tensor[] {
	const states = new Float32Array(7 * tracks.count);
	const ids = new Uint32Array(tracks.count);
	const classes = new Int32Array(tracks.count);
	let count = 0;
	for (let i = 0; i < tracks.count; i++) {
		if (tracks.stages[i] !== TRACK_CONFIRMED) continue;
		const at = 7 * count;
		states[at] = tracks.xM[i]!;
		states[at + 1] = tracks.yM[i]!;
		states[at + 2] = tracks.velocityXMps[i]!;
		states[at + 3] = tracks.velocityYMps[i]!;
		states[at + 4] = tracks.lengthM[i]!;
		states[at + 5] = tracks.widthM[i]!;
		states[at + 6] = tracks.yawRad[i]!;
		ids[count] = tracks.ids[i]!;
		classes[count] = tracks.classIds[i]!;
		count++;
	}
	const { xM, yM, yawRad } = vehicle;
	return [
		tensor(`${name}.states`, "FP32", [count, 7], states),
		tensor(`${name}.ids`, "UINT32", [count], ids),
		tensor(`${name}.classes`, "INT32", [count], classes),
		tensor(`${name}.vehicle`, "FP32", [3], Float32Array.of(xM, yM, yawRad)),
	];
}

function tensor(
	name: string,
	dtype: DType,
	shape: readonly number[],
	values: Float32Array | Int32Array | Uint32Array,
): Tensor {
	const count = shape.reduce((product, size) => product * size, 1);
	const kept = values.slice(0, count);
	return {
		name,
		dtype,
		shape,
		data: new Uint8Array(kept.buffer, 0, 4 * count),
	};
}
