// `config.pbtxt` and its JSON form ↔ the generated message `inference.ModelConfig`.
import { fromBinary, fromJsonString, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
	file_inference_model_config,
	type ModelConfig,
	ModelConfigSchema,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import protobuf from "protobufjs";
import "protobufjs/ext/descriptor.js";
import { create } from "@bufbuild/protobuf";
import textformat from "protobufjs/ext/textformat.js";
import { SaccadeError } from "../errors/saccade-error.ts";

/** A configuration is settings, not data: more is a mistake or an attack. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

let reflected: protobuf.Type | null = null;

/** The message's type for protobuf.js, which has the text parser; built once, from the same descriptor. */
function reflectedType(): protobuf.Type {
	if (reflected !== null) return reflected;
	const set = toBinary(
		FileDescriptorSetSchema,
		create(FileDescriptorSetSchema, {
			file: [file_inference_model_config.proto],
		}),
	);
	const root = (
		protobuf.Root as unknown as {
			fromDescriptor(set: Uint8Array): protobuf.Root;
		}
	).fromDescriptor(set);
	textformat.install();
	reflected = root.lookupType("inference.ModelConfig");
	return reflected;
}

/** Throws LOAD_FAILED naming the file and the place; fields that the message lacks are such an error. */
export function parseConfigText(text: string, origin: string): ModelConfig {
	assertSize(text, origin);
	try {
		const type = reflectedType();
		const message = type.fromText(text);
		return fromBinary(ModelConfigSchema, type.encode(message).finish());
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
