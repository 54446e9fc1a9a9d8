// Element types of the Open Inference Protocol, by their wire names.
// https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#tensor-data-types

export const DTYPES = [
	"BOOL",
	"UINT8",
	"UINT16",
	"UINT32",
	"UINT64",
	"INT8",
	"INT16",
	"INT32",
	"INT64",
	"FP16",
	"BF16",
	"FP32",
	"FP64",
	"BYTES",
] as const;
export type DType = (typeof DTYPES)[number];

/** Size of one element in bytes; 0 for BYTES, whose elements carry their own length. */
export const DTYPE_BYTES: Readonly<Record<DType, number>> = {
	BOOL: 1,
	UINT8: 1,
	UINT16: 2,
	UINT32: 4,
	UINT64: 8,
	INT8: 1,
	INT16: 2,
	INT32: 4,
	INT64: 8,
	FP16: 2,
	BF16: 2,
	FP32: 4,
	FP64: 8,
	BYTES: 0,
};

const known: ReadonlySet<string> = new Set(DTYPES);

export function isDType(name: string): name is DType {
	return known.has(name);
}

/** `FP32` → `TYPE_FP32`; `BYTES` → `TYPE_STRING`, as `config.pbtxt` spells it. */
export function toConfigType(dtype: DType): string {
	return dtype === "BYTES" ? "TYPE_STRING" : `TYPE_${dtype}`;
}

/** `TYPE_FP32` → `FP32`; null for anything that is no element type. */
export function fromConfigType(name: string): DType | null {
	if (name === "TYPE_STRING") return "BYTES";
	const dtype = name.startsWith("TYPE_") ? name.slice(5) : "";
	return isDType(dtype) && dtype !== "BYTES" ? dtype : null;
}
