// ONNXTensorElementDataType of onnxruntime_c_api.h, beside the protocol's names.
import type { DType } from "@saccade/protocol";

export const ELEMENT_TYPE: Readonly<Record<DType, number>> = {
	FP32: 1,
	UINT8: 2,
	INT8: 3,
	UINT16: 4,
	INT16: 5,
	INT32: 6,
	INT64: 7,
	BYTES: 8,
	BOOL: 9,
	FP16: 10,
	FP64: 11,
	UINT32: 12,
	UINT64: 13,
	BF16: 16,
};

const byNumber = new Map(
	Object.entries(ELEMENT_TYPE).map(([dtype, number]) => [
		number,
		dtype as DType,
	]),
);

/** Null for element types that the protocol lacks (complex, 4-bit, 8-bit floats). */
export function dtypeOf(elementType: number): DType | null {
	return byNumber.get(elementType) ?? null;
}
