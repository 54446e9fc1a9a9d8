// A model's configuration as Triton prints it: field names of the proto, scalars always, enums by name, and 64-bit
// integers as numbers, where protobuf's own JSON makes them strings.
import {
	type DescField,
	type DescMessage,
	ScalarType,
	toJson,
} from "@bufbuild/protobuf";
import {
	type ModelConfig,
	ModelConfigSchema,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import type { JsonValue } from "./tolerant-json.ts";

export function configJson(config: ModelConfig): JsonValue {
	const json = toJson(ModelConfigSchema, config, {
		useProtoFieldName: true,
		alwaysEmitImplicit: true,
	});
	return withNumbers(ModelConfigSchema, json as JsonValue);
}

function withNumbers(message: DescMessage, json: JsonValue): JsonValue {
	if (typeof json !== "object" || json === null || Array.isArray(json))
		return json;
	return Object.fromEntries(
		Object.entries(json).map(([name, value]) => {
			const field = message.fields.find((known) => known.name === name);
			return [name, field === undefined ? value : fieldValue(field, value)];
		}),
	);
}

function fieldValue(field: DescField, value: JsonValue): JsonValue {
	const convert = (item: JsonValue): JsonValue => {
		if (field.message !== undefined) return withNumbers(field.message, item);
		return is64Bit(field.scalar) ? Number(item) : item;
	};
	if (field.fieldKind === "list") return (value as JsonValue[]).map(convert);
	if (field.fieldKind !== "map") return convert(value);
	return Object.fromEntries(
		Object.entries(value as { [key: string]: JsonValue }).map(([key, item]) => [
			key,
			convert(item),
		]),
	);
}

function is64Bit(scalar: ScalarType | undefined): boolean {
	return scalar === ScalarType.INT64 || scalar === ScalarType.UINT64;
}
