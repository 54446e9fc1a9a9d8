// The classification extension: the k largest values of each row as "value:index[:label]" strings.
// https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_classification.md
import type { DType } from "@saccade/protocol";
import { SaccadeError } from "../errors/saccade-error.ts";
import { encodeBytesElements } from "../tensor/bytes-elements.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** More strings than this are no classification but an attack on memory. */
const MAX_ELEMENTS = 1_000_000;

/**
 * @param tensor an output; the last dimensions after the batch are one row
 * @param count k
 * @param batched the first dimension counts rows
 * Throws INVALID_ARGUMENT for element types that have no order, or a result too large.
 */
export function classify(
	tensor: Tensor,
	count: number,
	batched: boolean,
	labels: readonly string[],
): Tensor {
	const values = readNumbers(tensor);
	const rows = batched ? (tensor.shape[0] ?? 1) : 1;
	const perRow = rows === 0 ? 0 : values.length / rows;
	const k = Math.min(count, perRow);
	if (k * rows > MAX_ELEMENTS)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`classification output tensor too large: ${k} of each of ${rows} rows; at most ${MAX_ELEMENTS} in all`,
		);
	const isFloat = tensor.dtype === "FP32" || tensor.dtype === "FP64";
	const elements: Uint8Array[] = [];
	for (let row = 0; row < rows; row++)
		for (const index of largest(values, row * perRow, perRow, k)) {
			const value = values[row * perRow + index]!;
			const text = isFloat ? floatText(Number(value)) : String(value);
			const label = labels[index];
			elements.push(
				Buffer.from(
					label === undefined
						? `${text}:${index}`
						: `${text}:${index}:${label}`,
				),
			);
		}
	return {
		name: tensor.name,
		dtype: "BYTES",
		shape: batched ? [rows, k] : [k],
		data: encodeBytesElements(elements),
	};
}

/** As C++'s `std::to_string` prints it. */
function floatText(value: number): string {
	if (Number.isNaN(value)) return "nan";
	if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
	// From 1e21 on `toFixed` changes to an exponent; such numbers are whole.
	return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

/** Indexes of the k largest, descending; equal values in order of index, what is no number last. */
function largest(
	values: ArrayLike<number | bigint>,
	start: number,
	length: number,
	k: number,
): number[] {
	const order = Array.from({ length }, (_, index) => index);
	order.sort((a, b) => {
		const left = values[start + a]!;
		const right = values[start + b]!;
		if (left > right) return -1;
		if (left < right) return 1;
		return Number(isNan(left)) - Number(isNan(right)) || a - b;
	});
	return order.slice(0, k);
}

function isNan(value: number | bigint): boolean {
	return typeof value === "number" && Number.isNaN(value);
}

const READERS: Partial<
	Record<DType, (buffer: ArrayBuffer) => ArrayLike<number | bigint>>
> = {
	UINT8: (buffer) => new Uint8Array(buffer),
	UINT16: (buffer) => new Uint16Array(buffer),
	UINT32: (buffer) => new Uint32Array(buffer),
	UINT64: (buffer) => new BigUint64Array(buffer),
	INT8: (buffer) => new Int8Array(buffer),
	INT16: (buffer) => new Int16Array(buffer),
	INT32: (buffer) => new Int32Array(buffer),
	INT64: (buffer) => new BigInt64Array(buffer),
	FP32: (buffer) => new Float32Array(buffer),
	FP64: (buffer) => new Float64Array(buffer),
};

function readNumbers(tensor: Tensor): ArrayLike<number | bigint> {
	const reader = READERS[tensor.dtype];
	if (reader === undefined)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`class result not available for output due to unsupported type '${tensor.dtype}'`,
		);
	// A copy: views on batch rows need not be aligned.
	return reader(tensor.data.slice().buffer);
}
