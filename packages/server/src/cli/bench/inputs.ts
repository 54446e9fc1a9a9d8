// Inputs of a bench: seeded, distinct, and plain numbers of their type, so that no model meets NaN or a denormal.
import { DTYPE_BYTES } from "@saccade/protocol";
import { mulberry32 } from "../../load-generator/random.ts";
import { encodeBytesElements } from "../../tensor/bytes-elements.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { Tensor, TensorSpec } from "../../tensor/tensor.ts";

export const DISTINCT_REQUESTS = 64;

/** Dynamic dimensions that no shape was given for are 1. */
export function makeRequests(
	specs: readonly TensorSpec[],
	shapes: ReadonlyMap<string, readonly number[]>,
	seed: number,
): Tensor[][] {
	const random = mulberry32(seed);
	return Array.from({ length: DISTINCT_REQUESTS }, () =>
		specs.map((spec) => {
			const shape = (shapes.get(spec.name) ?? spec.shape).map((size) =>
				size < 0 ? 1 : size,
			);
			return { ...spec, shape, data: randomData(spec.dtype, shape, random) };
		}),
	);
}

function randomData(
	dtype: TensorSpec["dtype"],
	shape: readonly number[],
	random: () => number,
): Uint8Array {
	const length = elementCount(shape) ?? 0;
	if (dtype === "BYTES")
		return encodeBytesElements(
			Array.from({ length }, () =>
				Buffer.from(String(Math.floor(random() * 100))),
			),
		);
	const bytes = DTYPE_BYTES[dtype];
	const data = new Uint8Array(length * bytes);
	const view = new DataView(data.buffer);
	for (let i = 0; i < length; i++) WRITE[dtype](view, i * bytes, random());
	return data;
}

type Write = (view: DataView, at: number, value: number) => void;

const byte: Write = (view, at, value) => view.setUint8(at, value * 100);
/** Small and whole: an index into a table of a model may be one. */
const WRITE: Readonly<Record<Exclude<TensorSpec["dtype"], "BYTES">, Write>> = {
	BOOL: (view, at, value) => view.setUint8(at, value < 0.5 ? 0 : 1),
	UINT8: byte,
	INT8: byte,
	UINT16: (view, at, value) => view.setUint16(at, value * 100, true),
	INT16: (view, at, value) => view.setInt16(at, value * 100, true),
	UINT32: (view, at, value) => view.setUint32(at, value * 100, true),
	INT32: (view, at, value) => view.setInt32(at, value * 100, true),
	UINT64: (view, at, value) =>
		view.setBigUint64(at, BigInt(Math.floor(value * 100)), true),
	INT64: (view, at, value) =>
		view.setBigInt64(at, BigInt(Math.floor(value * 100)), true),
	// [0.5, 1): the exponent is fixed, the fraction random.
	FP16: (view, at, value) => view.setUint16(at, 0x3800 | (value * 0x400), true),
	BF16: (view, at, value) => view.setUint16(at, 0x3f00 | (value * 0x80), true),
	FP32: (view, at, value) => view.setFloat32(at, value, true),
	FP64: (view, at, value) => view.setFloat64(at, value, true),
};
