// JSON `data` ↔ tensor bytes. Values may be nested to the shape or flat; written data is always flat.
import { StringDecoder } from "node:string_decoder";
import type { DType } from "@saccade/protocol";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import {
	bytesElements,
	encodeBytesElements,
} from "../../../tensor/bytes-elements.ts";
import { textOf } from "./fields.ts";
import type { JsonValue } from "./tolerant-json.ts";

interface Codec {
	readonly bytes: number;
	/** Throws a string that says what is wrong with the value. */
	write(view: DataView, at: number, value: JsonValue): void;
	read(view: DataView, at: number): string;
}

function assertInteger(value: JsonValue, isSigned: boolean): void {
	if (typeof value === "bigint" || Number.isInteger(value)) return;
	const kind = isSigned ? "signed" : "unsigned";
	throw `attempt to access JSON non-${kind}-integer as ${kind}-integer`;
}

function integer(bytes: 1 | 2 | 4, isSigned: boolean): Codec {
	const span = 2 ** (8 * bytes);
	const min = isSigned ? -span / 2 : 0;
	const max = min + span - 1;
	return {
		bytes,
		write: (view, at, value) => {
			assertInteger(value, isSigned);
			const exact = Number(value);
			if (exact < min || exact > max)
				throw `${value} is outside ${min} … ${max}`;
			// A setter keeps the low bits, so one serves both signs.
			if (bytes === 4) view.setInt32(at, exact, true);
			else if (bytes === 2) view.setInt16(at, exact, true);
			else view.setInt8(at, exact);
		},
		read: (view, at) => {
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

/** Exact beyond 2^53. */
function integer64(isSigned: boolean): Codec {
	const min = isSigned ? -(2n ** 63n) : 0n;
	const max = min + 2n ** 64n - 1n;
	return {
		bytes: 8,
		write: (view, at, value) => {
			assertInteger(value, isSigned);
			const exact = BigInt(value as number | bigint);
			if (exact < min || exact > max)
				throw `${exact} is outside ${min} … ${max}`;
			view.setBigUint64(at, BigInt.asUintN(64, exact), true);
		},
		read: (view, at) =>
			String(
				isSigned ? view.getBigInt64(at, true) : view.getBigUint64(at, true),
			),
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
		read: (view, at) => {
			const value =
				bytes === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
			return Object.is(value, -0) ? "-0.0" : String(value);
		},
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
	UINT8: integer(1, false),
	UINT16: integer(2, false),
	UINT32: integer(4, false),
	UINT64: integer64(false),
	INT8: integer(1, true),
	INT16: integer(2, true),
	INT32: integer(4, true),
	INT64: integer64(true),
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
	return `[${[...tensorSlices(dtype, data, name)].join("")}]`;
}

/** Elements that are written at a time: some 1.5 ms of FP32. */
export const SLICE_ELEMENT_COUNT = 4096;
/** Text of BYTES elements that is written at a time. */
export const SLICE_TEXT_BYTES = 64 * 1024;

/** What stands between the brackets, in slices that each take little time. Throws as `tensorToJson`. */
export function tensorSlices(
	dtype: DType,
	data: Uint8Array,
	name: string,
): Generator<string> {
	return dtype === "BYTES"
		? stringSlices(data)
		: numberSlices(codecOf(dtype, name, "output"), data);
}

function* numberSlices(codec: Codec, data: Uint8Array): Generator<string> {
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const sliceBytes = SLICE_ELEMENT_COUNT * codec.bytes;
	for (let start = 0; start < data.byteLength; start += sliceBytes) {
		const end = Math.min(start + sliceBytes, data.byteLength);
		const texts: string[] = [];
		for (let at = start; at < end; at += codec.bytes)
			texts.push(codec.read(view, at));
		yield start === 0 ? texts.join(",") : `,${texts.join(",")}`;
	}
}

function* stringSlices(data: Uint8Array): Generator<string> {
	let text = "";
	let count = 0;
	for (const element of bytesElements(data)) {
		if (count > 0) text += ",";
		if (element.byteLength <= SLICE_TEXT_BYTES)
			text += JSON.stringify(textOf(element));
		else {
			yield text;
			text = "";
			yield* longString(element);
		}
		if (++count % SLICE_ELEMENT_COUNT !== 0 && text.length < SLICE_TEXT_BYTES)
			continue;
		yield text;
		text = "";
	}
	yield text;
}

/** One element may be as long as a whole tensor. */
function* longString(element: Uint8Array): Generator<string> {
	const decoder = new StringDecoder("utf8");
	const inner = (text: string) => JSON.stringify(text).slice(1, -1);
	yield '"';
	for (let at = 0; at < element.byteLength; at += SLICE_TEXT_BYTES) {
		const part = element.subarray(at, at + SLICE_TEXT_BYTES);
		yield inner(decoder.write(bufferOf(part)));
	}
	yield `${inner(decoder.end())}"`;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
	return Buffer.from(buffer, byteOffset, byteLength);
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
