// InferTensorContents → tensor bytes. Values arrive widened (an INT8 as int32, for instance) and are narrowed here
// with a range check; the raw form is the fast one.
import type { DType } from "@saccade/protocol";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import { malformed, WIRE, WireReader } from "./wire.ts";

/** Field of InferTensorContents that carries each element type; FP16 and BF16 travel raw only. */
const FIELD: Partial<Record<DType, number>> = {
	BOOL: 1,
	INT8: 2,
	INT16: 2,
	INT32: 2,
	INT64: 3,
	UINT8: 4,
	UINT16: 4,
	UINT32: 4,
	UINT64: 5,
	FP32: 6,
	FP64: 7,
	BYTES: 8,
};

const INTEGER: Partial<
	Record<DType, { readonly min: bigint; readonly max: bigint }>
> = {
	INT8: { min: -128n, max: 127n },
	INT16: { min: -32_768n, max: 32_767n },
	INT32: { min: -2_147_483_648n, max: 2_147_483_647n },
	INT64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
	UINT8: { min: 0n, max: 255n },
	UINT16: { min: 0n, max: 65_535n },
	UINT32: { min: 0n, max: 4_294_967_295n },
	UINT64: { min: 0n, max: 2n ** 64n - 1n },
};

/** Throws INVALID_ARGUMENT for values out of range or in another type's field. */
export function readTypedContents(
	contents: Uint8Array,
	dtype: DType,
	name: string,
): Uint8Array {
	const field = FIELD[dtype];
	if (field === undefined)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`input '${name}' of type ${dtype} must be sent in raw_input_contents`,
		);
	const reader = new WireReader(contents);
	const parts: Uint8Array[] = [];
	while (reader.hasMore) {
		const tag = reader.varint();
		if (tag >>> 3 !== field)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`contents of input '${name}' are not in the field for ${dtype}`,
			);
		parts.push(readField(reader, tag & 7, dtype, name));
	}
	return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function readField(
	reader: WireReader,
	wireType: number,
	dtype: DType,
	name: string,
): Uint8Array {
	if (dtype === "BYTES") return readElement(reader);
	if (dtype === "FP32" || dtype === "FP64")
		return readFixed(reader, wireType, dtype === "FP32" ? 4 : 8);
	const packed = wireType === WIRE.LEN ? reader.message() : null;
	const values: bigint[] = [];
	if (packed === null) values.push(reader.varint64());
	else while (packed.hasMore) values.push(packed.varint64());
	if (dtype === "BOOL")
		return Uint8Array.from(values, (value) => (value === 0n ? 0 : 1));
	return narrow(values, dtype, name);
}

function readElement(reader: WireReader): Uint8Array {
	const bytes = reader.view();
	const out = new Uint8Array(4 + bytes.byteLength);
	new DataView(out.buffer).setUint32(0, bytes.byteLength, true);
	out.set(bytes, 4);
	return out;
}

/** Packed fixed-size values are the tensor's bytes already. */
function readFixed(
	reader: WireReader,
	wireType: number,
	size: number,
): Uint8Array {
	if (wireType === WIRE.LEN) {
		const view = reader.view();
		if (view.byteLength % size !== 0)
			throw malformed("packed numbers are cut off");
		return view;
	}
	const start = reader.at;
	reader.skip(wireType);
	if (reader.at - start !== size)
		throw malformed("a number has the wrong size");
	return reader.bytes.subarray(start, reader.at);
}

function narrow(
	values: readonly bigint[],
	dtype: DType,
	name: string,
): Uint8Array {
	const { min, max } = INTEGER[dtype]!;
	const size = max > 0xffff_ffffn ? 8 : max > 65_535n ? 4 : max > 255n ? 2 : 1;
	const out = new Uint8Array(values.length * size);
	const view = new DataView(out.buffer);
	for (const [index, raw] of values.entries()) {
		const value = min < 0n ? BigInt.asIntN(64, raw) : raw;
		if (value < min || value > max)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`value ${value} of input '${name}' is outside the range of ${dtype}`,
			);
		const at = index * size;
		if (size === 8) view.setBigUint64(at, BigInt.asUintN(64, value), true);
		else if (size === 4)
			view.setUint32(at, Number(BigInt.asUintN(32, value)), true);
		else if (size === 2)
			view.setUint16(at, Number(BigInt.asUintN(16, value)), true);
		else view.setUint8(at, Number(BigInt.asUintN(8, value)));
	}
	return out;
}
