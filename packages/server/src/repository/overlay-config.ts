// A version's own configuration over the model's: each field of it stands in place of the model's, of maps (parameters)
// each entry. What it does not name is as the model has it.
import { clone } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import {
	type ModelConfig as ConfigMessage,
	ModelConfigSchema,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import { SaccadeError } from "../errors/saccade-error.ts";

/** Which versions serve is no affair of one of them. */
const OF_THE_MODEL: ReadonlySet<string> = new Set(["version_policy"]);

/** Throws LOAD_FAILED for a field that a version cannot have. @param origin for people */
export function overlayConfig(
	model: ConfigMessage,
	version: ConfigMessage,
	origin: string,
): ConfigMessage {
	const message = clone(ModelConfigSchema, model);
	const target = reflect(ModelConfigSchema, message, false);
	const own = reflect(ModelConfigSchema, version, false);
	for (const field of own.fields) {
		if (!own.isSet(field)) continue;
		if (OF_THE_MODEL.has(field.name))
			throw new SaccadeError(
				"LOAD_FAILED",
				`${origin} has ${field.name}, which is the model's: put it into its config.pbtxt`,
			);
		if (field.fieldKind !== "map") {
			target.set(field, own.get(field));
			continue;
		}
		const entries = target.get(field);
		for (const [key, value] of own.get(field)) entries.set(key, value);
	}
	return message;
}
