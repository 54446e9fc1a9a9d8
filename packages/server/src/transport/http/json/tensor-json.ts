// JSON `data` ↔ tensor bytes. Values may be nested to the shape or flat; written data is always flat.
import type { DType } from "@saccade/protocol";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import {
	decodeBytesElements,
	encodeBytesElements,
} from "../../../tensor/bytes-elements.ts";
import type { JsonValue } from "./tolerant-json.ts";

interface Codec {
	readonly bytes: number;
	/** Throws a string that says what is wrong with the value. */
	write(view: DataView, at: number, value: JsonValue): void;
	read(view: DataView, at: number): string;
}

function integer(bytes: number, min: bigint, max: bigint): Codec {
	const isSigned = min < 0n;
	return {
		bytes,
		write: (view, at, value) => {
			const isInteger = typeof value === "bigint" || Number.isInteger(value);
			if (!isInteger)
				throw `attempt to access JSON non-${isSigned ? "signed" : "unsigned"}-integer as ${isSigned ? "signed" : "unsigned"}-integer`;
			const exact = BigInt(value as number | bigint);
			if (exact < min || exact > max)
				throw `${exact} is outside ${min} … ${max}`;
			if (bytes === 8) view.setBigUint64(at, BigInt.asUintN(64, exact), true);
			else if (bytes === 4)
				view.setInt32(at, Number(BigInt.asIntN(32, exact)), true);
			else if (bytes === 2)
				view.setInt16(at, Number(BigInt.asIntN(16, exact)), true);
			else view.setInt8(at, Number(BigInt.asIntN(8, exact)));
		},
		read: (view, at) => {
			if (bytes === 8)
				return String(
					isSigned ? view.getBigInt64(at, true) : view.getBigUint64(at, true),
				);
			if (bytes === 4)
				return String(
					isSigned ? view.getInt32(at, true) : view.getUint32(at, true),
				);
			if (bytes === 2)
				return String(
					isSigned ? view.getInt16(at, true) : view.getUint16(at, true),
				);
			return String(isSigned ? view.getInt8(at) : view.getUint8(at));
		},
	};
}

function float(bytes: 4 | 8): Codec {
	return {
		bytes,
		write: (view, at, value) => {
			if (typeof value !== "number" && typeof value !== "bigint")
				throw "attempt to access JSON non-number as number";
			if (bytes === 4) view.setFloat32(at, Number(value), true);
			else view.setFloat64(at, Number(value), true);
		},
		// The shortest text that reads back as the same FP32 would be shorter; this one reads back exactly.
		read: (view, at) =>
			String(
				bytes === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true),
			),
	};
}

const CODECS: Partial<Record<DType, Codec>> = {
	BOOL: {
		bytes: 1,
		write: (view, at, value) => {
			if (typeof value !== "boolean")
				throw "attempt to access JSON non-boolean as boolean";
			view.setUint8(at, value ? 1 : 0);
		},
		read: (view, at) => (view.getUint8(at) === 0 ? "false" : "true"),
	},
	UINT8: integer(1, 0n, 255n),
	UINT16: integer(2, 0n, 65_535n),
	UINT32: integer(4, 0n, 4_294_967_295n),
	UINT64: integer(8, 0n, 2n ** 64n - 1n),
	INT8: integer(1, -128n, 127n),
	INT16: integer(2, -32_768n, 32_767n),
	INT32: integer(4, -2_147_483_648n, 2_147_483_647n),
	INT64: integer(8, -(2n ** 63n), 2n ** 63n - 1n),
	FP32: float(4),
	FP64: float(8),
};

/** Throws INVALID_ARGUMENT or MALFORMED with Triton's texts. @param count elements that the shape asks for */
export function tensorFromJson(
	data: JsonValue,
	dtype: DType,
	count: number,
	name: string,
): Uint8Array {
	const values: JsonValue[] = [];
	flatten(data, values);
	if (values.length !== count)
		throw new SaccadeError(
			"MALFORMED",
			`Unable to parse 'data': Shape does not match true shape of 'data' field (input '${name}' has ${values.length} values, its shape asks for ${count})`,
		);
	if (dtype === "BYTES") return stringsFromJson(values, name);
	const codec = codecOf(dtype, name, "input");
	const bytes = new Uint8Array(count * codec.bytes);
	const view = new DataView(bytes.buffer);
	for (let i = 0; i < values.length; i++) {
		try {
			codec.write(view, i * codec.bytes, values[i]!);
		} catch (problem) {
			throw new SaccadeError(
				"MALFORMED",
				`Unable to parse 'data' of input '${name}' at ${i}: ${String(problem)}`,
			);
		}
	}
	return bytes;
}

/** Flat JSON array. Throws INVALID_ARGUMENT for FP16 and BF16, which travel as bytes only. */
export function tensorToJson(
	dtype: DType,
	data: Uint8Array,
	name: string,
): string {
	if (dtype === "BYTES") {
		const texts = decodeBytesElements(data).map((bytes) =>
			JSON.stringify(
				Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
					"utf8",
				),
			),
		);
		return `[${texts.join(",")}]`;
	}
	const codec = codecOf(dtype, name, "output");
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const texts: string[] = [];
	for (let at = 0; at < data.byteLength; at += codec.bytes)
		texts.push(codec.read(view, at));
	return `[${texts.join(",")}]`;
}

function codecOf(dtype: DType, name: string, kind: string): Codec {
	const codec = CODECS[dtype];
	if (codec !== undefined) return codec;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`${kind} '${name}' of type ${dtype} cannot travel as JSON: use binary data`,
	);
}

function flatten(value: JsonValue, into: JsonValue[]): void {
	if (!Array.isArray(value)) into.push(value);
	else for (const item of value) flatten(item, into);
}

function stringsFromJson(
	values: readonly JsonValue[],
	name: string,
): Uint8Array {
	return encodeBytesElements(
		values.map((value, index) => {
			if (typeof value === "string") return Buffer.from(value);
			throw new SaccadeError(
				"MALFORMED",
				`Unable to parse 'data' of input '${name}' at ${index}: attempt to access JSON non-string as string`,
			);
		}),
	);
}
