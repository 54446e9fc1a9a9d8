// Values of a tensor for people and for JSON.
import type { DType } from "@saccade/protocol";
import { DTYPE_BYTES } from "@saccade/protocol";
import { decodeBytesElements } from "../../tensor/bytes-elements.ts";
import { bfloatToNumber, halfToNumber } from "../../tensor/half.ts";

export type Element = number | string | boolean;

type Read = (view: DataView, at: number) => Element;

const READ: Readonly<Record<Exclude<DType, "BYTES">, Read>> = {
	BOOL: (view, at) => view.getUint8(at) !== 0,
	UINT8: (view, at) => view.getUint8(at),
	UINT16: (view, at) => view.getUint16(at, true),
	UINT32: (view, at) => view.getUint32(at, true),
	// As text: JSON numbers end at 2^53.
	UINT64: (view, at) => String(view.getBigUint64(at, true)),
	INT8: (view, at) => view.getInt8(at),
	INT16: (view, at) => view.getInt16(at, true),
	INT32: (view, at) => view.getInt32(at, true),
	INT64: (view, at) => String(view.getBigInt64(at, true)),
	FP16: (view, at) => halfToNumber(view.getUint16(at, true)),
	BF16: (view, at) => bfloatToNumber(view.getUint16(at, true)),
	FP32: (view, at) => view.getFloat32(at, true),
	FP64: (view, at) => view.getFloat64(at, true),
};

/** The first `limit` elements of little-endian bytes. */
export function readElements(
	dtype: DType,
	data: Uint8Array,
	limit = Number.POSITIVE_INFINITY,
): Element[] {
	if (dtype === "BYTES")
		return decodeBytesElements(data)
			.slice(0, limit)
			.map((bytes) => new TextDecoder().decode(bytes));
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const size = DTYPE_BYTES[dtype];
	const count = Math.min(Math.floor(data.byteLength / size), limit);
	return Array.from({ length: count }, (_, i) => READ[dtype](view, i * size));
}
