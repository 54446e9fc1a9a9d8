// A number as one element of a type, in the little-endian form that tensors have.
import { DTYPE_BYTES, type DType } from "@saccade/protocol";

const INTEGER_BITS: Partial<
	Record<DType, readonly [bits: number, isSigned: boolean]>
> = {
	UINT8: [8, false],
	UINT16: [16, false],
	UINT32: [32, false],
	UINT64: [64, false],
	INT8: [8, true],
	INT16: [16, true],
	INT32: [32, true],
	INT64: [64, true],
};

/** Whether the type has the number; fractions are rounded by those that have fractions. */
export function canHold(dtype: DType, value: number): boolean {
	switch (dtype) {
		case "BYTES":
			return false;
		case "BOOL":
			return value === 0 || value === 1;
		case "FP16":
			return !Number.isFinite(value) || Math.abs(value) <= 65_504;
		case "BF16":
		case "FP32":
			return !Number.isFinite(value) || Number.isFinite(Math.fround(value));
		case "FP64":
			return true;
		default: {
			const [bits, isSigned] = INTEGER_BITS[dtype] ?? [0, false];
			const limit = 2 ** (isSigned ? bits - 1 : bits);
			const isWithin = value >= (isSigned ? -limit : 0) && value < limit;
			return Number.isInteger(value) && isWithin;
		}
	}
}

/** @param value one that the type can hold */
export function numberBytes(dtype: DType, value: number): Uint8Array {
	const bytes = new Uint8Array(DTYPE_BYTES[dtype]);
	const view = new DataView(bytes.buffer);
	switch (dtype) {
		case "FP16":
			view.setUint16(0, toHalf(value), true);
			break;
		case "BF16":
			view.setUint16(0, toBfloat(value), true);
			break;
		case "FP32":
			view.setFloat32(0, value, true);
			break;
		case "FP64":
			view.setFloat64(0, value, true);
			break;
		default: {
			const word = BigInt.asUintN(8 * bytes.length, BigInt(value));
			for (let i = 0; i < bytes.length; i++)
				bytes[i] = Number((word >> BigInt(8 * i)) & 0xffn);
		}
	}
	return bytes;
}

/** To the nearest, ties to even. */
function toHalf(value: number): number {
	const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
	const size = Math.abs(value);
	if (Number.isNaN(size)) return 0x7e00;
	if (size > 65_504) return sign | 0x7c00;
	// Between 2^e and 2^(e + 1) a half has 1024 steps; below 2^-14 their width stays.
	const exponent = Math.max(-14, Math.floor(Math.log2(size)));
	const steps = roundToEven(size / 2 ** (exponent - 10));
	return sign | ((exponent + 14) * 1024 + steps);
}

function toBfloat(value: number): number {
	const view = new DataView(new ArrayBuffer(4));
	view.setFloat32(0, value);
	const bits = view.getUint32(0);
	return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function roundToEven(value: number): number {
	const rounded = Math.round(value);
	return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
