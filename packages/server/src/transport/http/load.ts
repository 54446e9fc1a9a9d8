// The body of a load: a configuration, and files of the model in base64.
import { SaccadeError } from "../../errors/saccade-error.ts";
import { assertJsonSize, type BodyParts } from "./decode.ts";
import { asObject, textOf } from "./json/fields.ts";
import { parseJson } from "./json/tolerant-json.ts";

export interface ParsedLoad {
	readonly config: string | null;
	/** Path in the model's directory → content. */
	readonly files: ReadonlyMap<string, Uint8Array>;
}

const FILE_PREFIX = "file:";

/** Throws MALFORMED, TOO_LARGE or INVALID_ARGUMENT. */
export function parseLoad({ bytes, maxJsonBytes }: BodyParts): ParsedLoad {
	const files = new Map<string, Uint8Array>();
	let config: string | null = null;
	if (bytes.byteLength === 0) return { config, files };
	assertJsonSize(bytes.byteLength, maxJsonBytes);
	const { parameters = {} } = asObject(parseJson(textOf(bytes)), "the request");
	for (const [key, value] of Object.entries(
		asObject(parameters, "'parameters'"),
	)) {
		if (typeof value !== "string")
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`invalid value type for load parameter '${key}', expected string.`,
			);
		if (key === "config") config = value;
		else if (key.startsWith(FILE_PREFIX))
			files.set(key.slice(FILE_PREFIX.length), fromBase64(value));
		else
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`unrecognized load parameter '${key}'.`,
			);
	}
	return { config, files };
}

/** In memory of its own, which may move to another thread: `Buffer` shares one for what is small. */
function fromBase64(text: string): Uint8Array {
	return Uint8Array.from(Buffer.from(text, "base64"));
}
