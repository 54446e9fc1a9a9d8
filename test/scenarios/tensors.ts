// Tensor values ↔ bytes, written for the tests alone: the product's codecs are what is tested.
import type { DType } from "@saccade/protocol";

/** FP16 and BF16 are 16-bit words. BYTES elements are text. */
export type Value = number | bigint | boolean | string;

export interface TensorValues {
	readonly name: string;
	readonly dtype: DType;
	readonly shape: readonly number[];
	readonly values: readonly Value[];
}

const ARRAYS = {
	UINT8: Uint8Array,
	UINT16: Uint16Array,
	UINT32: Uint32Array,
	INT8: Int8Array,
	INT16: Int16Array,
	INT32: Int32Array,
	FP16: Uint16Array,
	BF16: Uint16Array,
	FP32: Float32Array,
	FP64: Float64Array,
} as const;

export function toBytes(dtype: DType, values: readonly Value[]): Uint8Array {
	switch (dtype) {
		case "BOOL":
			return Uint8Array.from(values, (value) => (value === true ? 1 : 0));
		case "BYTES":
			return Buffer.concat(values.map((value) => element(String(value))));
		case "INT64":
			return bytesOf(BigInt64Array.from(values, BigInt));
		case "UINT64":
			return bytesOf(BigUint64Array.from(values, BigInt));
		default:
			return bytesOf(ARRAYS[dtype].from(values.map(Number)));
	}
}

export function fromBytes(dtype: DType, bytes: Uint8Array): Value[] {
	// A copy: views of a message need not be aligned.
	const { buffer } = Uint8Array.from(bytes);
	switch (dtype) {
		case "BOOL":
			return Array.from(bytes, (octet) => octet !== 0);
		case "BYTES":
			return elements(Buffer.from(buffer));
		case "INT64":
			return Array.from(new BigInt64Array(buffer));
		case "UINT64":
			return Array.from(new BigUint64Array(buffer));
		default:
			return Array.from(new ARRAYS[dtype](buffer));
	}
}

function element(text: string): Uint8Array {
	const bytes = Buffer.from(text);
	const length = Buffer.alloc(4);
	length.writeUInt32LE(bytes.byteLength);
	return Buffer.concat([length, bytes]);
}

function elements(bytes: Buffer): string[] {
	const texts: string[] = [];
	for (let at = 0; at < bytes.byteLength; ) {
		const end = at + 4 + bytes.readUInt32LE(at);
		texts.push(bytes.toString("utf8", at + 4, end));
		at = end;
	}
	return texts;
}

function bytesOf(array: NodeJS.TypedArray): Uint8Array {
	return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
