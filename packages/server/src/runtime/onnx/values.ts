// OrtValues: tensors over our bytes, string tensors, and what a run allocated itself.
// Rule: an OrtValue over foreign bytes is valid only while those bytes are referenced, so the holder of the
// value holds the view too.
import { DTYPE_BYTES, type DType } from "@saccade/protocol";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { dtypeOf, ELEMENT_TYPE } from "./element-types.ts";
import type { OrtEnvironment } from "./environment.ts";
import { type Pointer, unsafeView } from "./native.ts";
import { check } from "./status.ts";

/** A tensor over `bytes`. The caller keeps `bytes` alive and releases the value. */
export function createTensor(
	env: OrtEnvironment,
	dtype: DType,
	shape: readonly number[],
	bytes: Uint8Array,
): Pointer {
	const dims = BigInt64Array.from(shape, BigInt);
	return env.pointer("create a tensor", (out) =>
		env.api.CreateTensorWithDataAsOrtValue(
			env.cpuMemory,
			bytes,
			bytes.byteLength,
			dims,
			dims.length,
			ELEMENT_TYPE[dtype],
			out,
		),
	);
}

/** A string tensor with the elements of `wire` (4-byte little-endian length and bytes each; NUL is a byte like any). */
export function createStringTensor(
	env: OrtEnvironment,
	shape: readonly number[],
	wire: Uint8Array,
): Pointer {
	const dims = BigInt64Array.from(shape, BigInt);
	const value = env.pointer("create a string tensor", (out) =>
		env.api.CreateTensorAsOrtValue(
			env.allocator,
			dims,
			dims.length,
			ELEMENT_TYPE.BYTES,
			out,
		),
	);
	try {
		fillStrings(env, value, wire);
		return value;
	} catch (error) {
		env.api.ReleaseValue(value);
		throw error;
	}
}

function fillStrings(
	env: OrtEnvironment,
	value: Pointer,
	wire: Uint8Array,
): void {
	const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
	let index = 0;
	for (let offset = 0; offset < wire.byteLength; index++) {
		const length = view.getUint32(offset, true);
		const start = offset + 4;
		const target = env.pointer("size a string element", (out) =>
			env.api.GetResizedStringTensorElementBuffer(value, index, length, out),
		);
		if (length > 0)
			unsafeView(target, length).set(wire.subarray(start, start + length));
		offset = start + length;
	}
}

export interface ReadTensor {
	readonly dtype: DType;
	readonly shape: readonly number[];
	/** A copy: it outlives the value. */
	readonly data: Uint8Array;
}

/** Copies a tensor that the runtime allocated. */
export function readTensor(env: OrtEnvironment, value: Pointer): ReadTensor {
	const info = env.pointer("describe an output", (out) =>
		env.api.GetTensorTypeAndShape(value, out),
	);
	let dtype: DType | null;
	let shape: number[];
	try {
		dtype = readElementType(env, info);
		shape = readShape(env, info);
	} finally {
		env.api.ReleaseTensorTypeAndShapeInfo(info);
	}
	if (dtype === null)
		throw new SaccadeError(
			"UNSUPPORTED",
			"an output has an element type that the protocol lacks",
		);
	const count = shape.reduce((product, size) => product * size, 1);
	if (dtype === "BYTES")
		return { dtype, shape, data: readStrings(env, value, count) };
	const byteLength = count * DTYPE_BYTES[dtype];
	if (byteLength === 0) return { dtype, shape, data: new Uint8Array(0) };
	const data = env.pointer("read an output", (out) =>
		env.api.GetTensorMutableData(value, out),
	);
	return { dtype, shape, data: unsafeView(data, byteLength).slice() };
}

/** Null for an element type that the protocol lacks. */
export function readElementType(
	env: OrtEnvironment,
	info: Pointer,
): DType | null {
	return dtypeOf(
		env.number("read an element type", (out) =>
			env.api.GetTensorElementType(info, out),
		),
	);
}

/** −1 for dynamic dimensions. */
export function readShape(env: OrtEnvironment, info: Pointer): number[] {
	const rank = env.number("read a rank", (out) =>
		env.api.GetDimensionsCount(info, out),
	);
	const dims = new BigInt64Array(rank);
	check(
		env.api,
		env.api.GetDimensions(info, dims, rank),
		"INTERNAL",
		"read a shape",
	);
	return Array.from(dims, Number);
}

/** Re-encodes all elements in the wire form. */
function readStrings(
	env: OrtEnvironment,
	value: Pointer,
	count: number,
): Uint8Array {
	if (count === 0) return new Uint8Array(0);
	const total = env.number("size string output", (out) =>
		env.api.GetStringTensorDataLength(value, out),
	);
	const text = new Uint8Array(Math.max(total, 1));
	const offsets = new BigUint64Array(count);
	check(
		env.api,
		env.api.GetStringTensorContent(value, text, total, offsets, count),
		"INTERNAL",
		"read string output",
	);
	const wire = new Uint8Array(total + 4 * count);
	const view = new DataView(wire.buffer);
	let at = 0;
	for (let i = 0; i < count; i++) {
		const start = Number(offsets[i]);
		const end = i + 1 < count ? Number(offsets[i + 1]) : total;
		view.setUint32(at, end - start, true);
		wire.set(text.subarray(start, end), at + 4);
		at += 4 + end - start;
	}
	return wire;
}
