// Text for people: tables whose columns line up.
import { decodeBytesElements } from "../tensor/bytes-elements.ts";
import type { Tensor } from "../tensor/tensor.ts";

const HEAD_COUNT = 6;

export function printTable(
	header: readonly string[],
	rows: readonly (readonly string[])[],
): void {
	const widths = header.map((title, column) =>
		Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
	);
	const line = (cells: readonly string[]) =>
		cells
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join("  ")
			.trimEnd();
	for (const row of [header, ...rows]) console.log(line(row));
}

export function roundedBox(box: readonly number[]): number[] {
	return box.map((value) => Number(value.toFixed(1)));
}

/** What one line can say of a tensor. */
export function summary(tensor: Tensor) {
	return {
		name: tensor.name,
		datatype: tensor.dtype,
		shape: tensor.shape,
		head: headOf(tensor),
	};
}

function headOf({ dtype, data }: Tensor): (number | string)[] {
	if (dtype === "BYTES")
		return decodeBytesElements(data)
			.slice(0, HEAD_COUNT)
			.map((bytes) => Buffer.from(bytes).toString("utf8"));
	const { buffer } = data.slice();
	switch (dtype) {
		case "FP32":
			return [...new Float32Array(buffer).subarray(0, HEAD_COUNT)].map(
				(value) => Number(value.toPrecision(6)),
			);
		case "FP64":
			return [...new Float64Array(buffer).subarray(0, HEAD_COUNT)];
		case "INT64":
			return [...new BigInt64Array(buffer).subarray(0, HEAD_COUNT)].map(String);
		case "UINT64":
			return [...new BigUint64Array(buffer).subarray(0, HEAD_COUNT)].map(
				String,
			);
		case "INT32":
			return [...new Int32Array(buffer).subarray(0, HEAD_COUNT)];
		case "UINT32":
			return [...new Uint32Array(buffer).subarray(0, HEAD_COUNT)];
		case "INT16":
			return [...new Int16Array(buffer).subarray(0, HEAD_COUNT)];
		case "UINT16":
		case "FP16":
		case "BF16":
			return [...new Uint16Array(buffer).subarray(0, HEAD_COUNT)];
		case "INT8":
			return [...new Int8Array(buffer).subarray(0, HEAD_COUNT)];
		case "UINT8":
		case "BOOL":
			return [...new Uint8Array(buffer).subarray(0, HEAD_COUNT)];
	}
}
