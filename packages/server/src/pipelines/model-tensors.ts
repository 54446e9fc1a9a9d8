// Tensors of a model's run as typed arrays, by name.
import { SaccadeError } from "../errors/saccade-error.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** @throws SaccadeError EXECUTION_FAILED when the model has no such output, or another number of elements. */
export function float32Output(
	model: string,
	outputs: readonly Tensor[],
	name: string,
	elementCount: number,
): Float32Array {
	const tensor = outputs.find((output) => output.name === name);
	const byteLength = 4 * elementCount;
	if (tensor?.dtype !== "FP32" || tensor.data.byteLength !== byteLength)
		throw new SaccadeError(
			"EXECUTION_FAILED",
			`model '${model}' must have an output '${name}' of ${elementCount} FP32 elements${tensor === undefined ? "" : `, not ${tensor.data.byteLength} bytes of ${tensor.dtype}`}`,
		);
	const { data } = tensor;
	const isAligned = data.byteOffset % 4 === 0;
	const { buffer, byteOffset } = isAligned ? data : Uint8Array.from(data);
	return new Float32Array(buffer, byteOffset, elementCount);
}

export function bytesOf(values: Float32Array): Uint8Array {
	return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
