// `config.pbtxt` and its JSON form ↔ the generated message `inference.ModelConfig`.
import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import {
	type ModelConfig,
	ModelConfigSchema,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import textformat from "protobufjs/ext/textformat.js";
import type protobuf from "protobufjs/light.js";
import { SaccadeError } from "../errors/saccade-error.ts";
import { reflectMessage } from "./text-reflection.ts";

/** A configuration is settings, not data: more is a mistake or an attack. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

/** More unknown fields than this are no configuration of this kind at all. */
const MAX_UNKNOWN_FIELDS = 16;
/** protobuf.js: `.inference.ModelInput: unknown field 'nam' (line 3)`. */
const UNKNOWN_FIELD = /^\.([\w.]+): unknown field '([^']+)' \((line \d+)\)$/;

export interface ParsedConfig {
	readonly message: ModelConfig;
	/** What the message has no field for, with its place; passed over, so the user must be told. */
	readonly unknownFields: readonly string[];
}

let reflected: protobuf.Type | null = null;

/** Throws LOAD_FAILED naming the file and the place. */
export function parseConfigText(text: string, origin: string): ParsedConfig {
	assertSize(text, origin);
	try {
		const unknownFields: string[] = [];
		reflected ??= reflectMessage(ModelConfigSchema);
		let type = reflected;
		for (;;) {
			try {
				const bytes = type.encode(textformat.fromText(type, text)).finish();
				const message = fromBinary(ModelConfigSchema, bytes);
				return { message, unknownFields };
			} catch (error) {
				const unknown = UNKNOWN_FIELD.exec(reason(error));
				if (unknown === null || unknownFields.length === MAX_UNKNOWN_FIELDS)
					throw error;
				const [, owner = "", name = "", line = ""] = unknown;
				unknownFields.push(`${name} (${line})`);
				// The parser passes over reserved names, whatever their value; this type is ours alone.
				if (type === reflected) type = reflectMessage(ModelConfigSchema);
				const { root } = type;
				const holder = root.lookupType(owner);
				holder.reserved = [...(holder.reserved ?? []), name];
			}
		}
	} catch (error) {
		throw new SaccadeError(
			"LOAD_FAILED",
			`failed to read ${origin}: ${reason(error)}`,
			{ cause: error },
		);
	}
}

/** By protobuf's JSON rules: numbers may be strings. Throws LOAD_FAILED. */
export function parseConfigJson(text: string, origin: string): ModelConfig {
	assertSize(text, origin);
	try {
		return fromJsonString(ModelConfigSchema, text);
	} catch (error) {
		throw new SaccadeError(
			"LOAD_FAILED",
			`failed to read ${origin}: ${reason(error)}`,
			{ cause: error },
		);
	}
}

function assertSize(text: string, origin: string): void {
	if (text.length > MAX_CONFIG_BYTES)
		throw new SaccadeError(
			"LOAD_FAILED",
			`${origin} has ${text.length} characters; a configuration has at most ${MAX_CONFIG_BYTES}`,
		);
}

function reason(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
