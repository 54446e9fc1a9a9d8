// Reading fields of a JSON request, with Triton's texts. All throw MALFORMED, for what is too long INVALID_ARGUMENT.
import { SaccadeError } from "../../../errors/saccade-error.ts";
import type { JsonValue } from "./tolerant-json.ts";

export type JsonObject = { readonly [key: string]: JsonValue };

/** Names, ids and types: they come back in texts and answers. */
const MAX_TEXT_LENGTH = 64 * 1024;

/** UTF-8 → text, without a copy of the bytes. */
export function textOf(bytes: Uint8Array): string {
	const { buffer, byteOffset, byteLength } = bytes;
	return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
}

export function readId(value: JsonValue | undefined): string {
	if (value === undefined) return "";
	return stringOf(value, "id");
}

export function stringOf(value: JsonValue | undefined, field: string): string {
	if (typeof value === "string") {
		if (value.length <= MAX_TEXT_LENGTH) return value;
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`'${field}' has ${value.length} characters, the most is ${MAX_TEXT_LENGTH}`,
		);
	}
	throw new SaccadeError(
		"MALFORMED",
		`Unable to parse '${field}': attempt to access JSON non-string as string`,
	);
}

export function arrayOf(
	value: JsonValue | undefined,
	field: string,
	required: boolean,
): JsonValue[] {
	if (Array.isArray(value)) return value;
	if (value === undefined && !required) return [];
	throw new SaccadeError(
		"MALFORMED",
		`Unable to parse '${field}': attempt to access JSON non-array as array`,
	);
}

export function asObject(
	value: JsonValue | undefined,
	what: string,
): JsonObject {
	if (typeof value === "object" && value !== null && !Array.isArray(value))
		return value;
	throw new SaccadeError(
		"MALFORMED",
		`failed to parse the request JSON buffer: ${what} is not an object`,
	);
}
