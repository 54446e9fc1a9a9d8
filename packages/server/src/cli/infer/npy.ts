// NumPy's file format, versions 1 to 3: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import type { DType } from "@saccade/protocol";
import { DTYPE_BYTES } from "@saccade/protocol";
import { elementCount } from "../../tensor/shape.ts";
import { UsageError } from "../usage-error.ts";

const DTYPES: Readonly<Record<string, DType>> = {
	"|b1": "BOOL",
	"|u1": "UINT8",
	"|i1": "INT8",
	"<u2": "UINT16",
	"<u4": "UINT32",
	"<u8": "UINT64",
	"<i2": "INT16",
	"<i4": "INT32",
	"<i8": "INT64",
	"<f2": "FP16",
	"<f4": "FP32",
	"<f8": "FP64",
};
const MAGIC = "\x93NUMPY";

export interface NpyArray {
	readonly dtype: DType;
	readonly shape: readonly number[];
	readonly data: Uint8Array;
}

/** Throws UsageError, saying what this reader does not take. */
export function parseNpy(file: Uint8Array): NpyArray {
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	const isNpy =
		file.byteLength >= 12 &&
		Buffer.from(file.subarray(0, 6)).toString("latin1") === MAGIC;
	if (!isNpy) throw new UsageError("the file is no .npy array");
	const isFirstVersion = view.getUint8(6) === 1;
	const start = isFirstVersion ? 10 : 12;
	const length = isFirstVersion
		? view.getUint16(8, true)
		: view.getUint32(8, true);
	const header = Buffer.from(file.subarray(start, start + length)).toString();
	const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? "";
	const dtype = DTYPES[descr];
	if (dtype === undefined)
		throw new UsageError(
			`the array has element type '${descr}'; taken are ${Object.keys(DTYPES).join(", ")}`,
		);
	if (!/'fortran_order':\s*False/.test(header))
		throw new UsageError(
			"the array is in Fortran order; save np.ascontiguousarray(array)",
		);
	const shape = shapeOf(header);
	const data = file.subarray(start + length);
	const expected = (elementCount(shape) ?? 0) * DTYPE_BYTES[dtype];
	if (data.byteLength !== expected)
		throw new UsageError(
			`the array [${shape}] of ${dtype} needs ${expected} bytes, the file has ${data.byteLength}`,
		);
	return { dtype, shape, data };
}

function shapeOf(header: string): number[] {
	const text = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "";
	return text
		.split(",")
		.filter((part) => part.trim() !== "")
		.map(Number);
}
