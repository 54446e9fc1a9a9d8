// An input of the right type and shape, with numbers at random.
import type { Tensor } from "@saccade/client";
import { DTYPE_BYTES, type DType } from "@saccade/protocol";
import type { TensorEntry } from "@saccade/protocol/console";

/** Of a dimension that the model leaves open. */
const OPEN_SIZE = 1;
const MAX_BYTES = 64 * 1024 * 1024;

/** Throws RangeError for an input that is too large to make up. */
export function randomTensor({ name, datatype, shape }: TensorEntry): Tensor {
	const sizes = shape.map((size) => (size < 0 ? OPEN_SIZE : size));
	const length = sizes.reduce((product, size) => product * size, 1);
	const dtype = datatype as DType;
	const data = bytesOf(dtype, length);
	return { name, datatype: dtype, shape: sizes, data };
}

function bytesOf(dtype: DType, length: number): Uint8Array {
	if (dtype === "BYTES") return texts(length);
	if (length * DTYPE_BYTES[dtype] > MAX_BYTES)
		throw new RangeError(
			`an input of ${length} elements is too large to be made up here`,
		);
	const values = arrayOf(dtype, length);
	const isFloat =
		values instanceof Float32Array || values instanceof Float64Array;
	for (let i = 0; i < length; i++) {
		if (isFloat) values[i] = Math.random();
		else if (
			values instanceof BigInt64Array ||
			values instanceof BigUint64Array
		)
			values[i] = BigInt(Math.floor(Math.random() * 100));
		else if (dtype === "FP16" || dtype === "BF16")
			// Positive and small in both: the exponent of numbers around 1.
			values[i] =
				dtype === "FP16"
					? 0x3800 + Math.random() * 0x3ff
					: 0x3f00 + Math.random() * 0x7f;
		else values[i] = Math.floor(Math.random() * (dtype === "BOOL" ? 2 : 100));
	}
	return new Uint8Array(values.buffer);
}

function arrayOf(dtype: Exclude<DType, "BYTES">, length: number) {
	switch (dtype) {
		case "FP32":
			return new Float32Array(length);
		case "FP64":
			return new Float64Array(length);
		case "INT64":
			return new BigInt64Array(length);
		case "UINT64":
			return new BigUint64Array(length);
		case "INT32":
			return new Int32Array(length);
		case "UINT32":
			return new Uint32Array(length);
		case "INT16":
			return new Int16Array(length);
		case "UINT16":
		case "FP16":
		case "BF16":
			return new Uint16Array(length);
		case "INT8":
			return new Int8Array(length);
		case "UINT8":
		case "BOOL":
			return new Uint8Array(length);
	}
}

/** Digits: models of texts read them as numbers, or take any. */
function texts(length: number): Uint8Array {
	const bytes = new Uint8Array(5 * length);
	const view = new DataView(bytes.buffer);
	for (let i = 0; i < length; i++) {
		view.setUint32(5 * i, 1, true);
		bytes[5 * i + 4] = 0x30 + Math.floor(Math.random() * 10);
	}
	return bytes;
}
