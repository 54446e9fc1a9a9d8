// What a pipeline found, as tensors that the client can keep: copies, since every step uses its memory again.

import type { Detections, RotatedDetections } from "@saccade/perception";
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
			return trackTensors(name, value as TrackedObjects);
		default: {
			const { dtype, shape, data } = value as Tensor;
			return [{ name, dtype, shape: [...shape], data: new Uint8Array(data) }];
		}
	}
}

/** x, y, speed along x and y, length, width and yaw of each, in the frame of the tracks. */
function trackTensors(name: string, { tracks }: TrackedObjects): Tensor[] {
	const { count } = tracks;
	const states = new Float32Array(7 * count);
	for (let i = 0; i < count; i++) {
		states[7 * i] = tracks.xM[i]!;
		states[7 * i + 1] = tracks.yM[i]!;
		states[7 * i + 2] = tracks.velocityXMps[i]!;
		states[7 * i + 3] = tracks.velocityYMps[i]!;
		states[7 * i + 4] = tracks.lengthM[i]!;
		states[7 * i + 5] = tracks.widthM[i]!;
		states[7 * i + 6] = tracks.yawRad[i]!;
	}
	return [
		tensor(`${name}.states`, "FP32", [count, 7], states),
		tensor(`${name}.ids`, "UINT32", [count], tracks.ids),
		tensor(`${name}.classes`, "INT32", [count], tracks.classIds),
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
