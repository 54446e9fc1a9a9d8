// What a configuration says and this server does not act on. The list below names what has an effect; everything
// else that a message sets is found by walking it, so a field that Triton adds is never silently dropped.
import type { DescField } from "@bufbuild/protobuf";
import {
	type ReflectList,
	type ReflectMap,
	type ReflectMessage,
	reflect,
} from "@bufbuild/protobuf/reflect";
import {
	type ModelConfig as ConfigMessage,
	ModelConfigSchema,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import { isLoadParameter } from "./load-options.ts";
import { isSaccadeParameter } from "./saccade-settings.ts";

/** Fields of a message that have an effect: leaves, or further messages. */
interface Effective {
	readonly [field: string]: true | Effective;
}

function all(...fields: string[]): Effective {
	return Object.fromEntries(fields.map((field) => [field, true]));
}

const QUEUE_POLICY = all(
	"timeout_action",
	"default_timeout_microseconds",
	"allow_timeout_override",
	"max_queue_size",
);
const TENSOR: Effective = {
	...all("name", "data_type", "dims"),
	reshape: all("shape"),
};
const ACCELERATOR = all("name", "parameters");

const EFFECTIVE: Effective = {
	...all("name", "platform", "backend", "max_batch_size"),
	...all("default_model_filename"),
	version_policy: {
		latest: all("num_versions"),
		all: {},
		specific: all("versions"),
	},
	// The format is for clients, which read it in the configuration.
	input: { ...TENSOR, ...all("format", "optional") },
	output: { ...TENSOR, ...all("label_filename") },
	instance_group: all("name", "kind", "count", "gpus"),
	dynamic_batching: {
		...all("preferred_batch_size", "max_queue_delay_microseconds"),
		...all("preserve_ordering", "priority_levels", "default_priority_level"),
		default_queue_policy: QUEUE_POLICY,
		priority_queue_policy: QUEUE_POLICY,
	},
	optimization: {
		graph: all("level"),
		execution_accelerators: {
			gpu_execution_accelerator: ACCELERATOR,
			cpu_execution_accelerator: ACCELERATOR,
		},
	},
	parameters: all("string_value"),
	model_warmup: {
		...all("name", "batch_size", "count"),
		inputs: all(
			"data_type",
			"dims",
			"zero_data",
			"random_data",
			"input_data_file",
		),
	},
};

/** By path, in the order of the schema, each once. */
export function ignoredFields(message: ConfigMessage): string[] {
	const found = new Set<string>();
	walk(reflect(ModelConfigSchema, message), EFFECTIVE, "", found);
	for (const key of Object.keys(message.parameters))
		if (!isLoadParameter(key) && !isSaccadeParameter(key))
			found.add(`parameters.${key}`);
	return [...found];
}

function walk(
	message: ReflectMessage,
	effective: Effective,
	path: string,
	found: Set<string>,
): void {
	for (const field of message.fields) {
		if (!message.isSet(field)) continue;
		const name = path + field.name;
		const known = effective[field.name];
		if (known === true) continue;
		const inner = messagesIn(message, field);
		if (inner === null) found.add(name);
		else if (known === undefined) {
			if (says(message, field)) found.add(name);
		} else for (const each of inner) walk(each, known, `${name}.`, found);
	}
}

/** False for a message that is there and empty, or whose fields have their defaults: it asks for nothing. */
function says(message: ReflectMessage, field: DescField): boolean {
	if (!message.isSet(field)) return false;
	if (field.fieldKind !== "message") return true;
	const inner = message.get(field);
	return inner.fields.some((each) => says(inner, each));
}

/** The messages that a field holds; null for scalars, enumerations, and lists and maps of them. */
function messagesIn(
	message: ReflectMessage,
	field: DescField,
): ReflectMessage[] | null {
	switch (field.fieldKind) {
		case "message":
			return [message.get(field)];
		case "list":
			return field.listKind === "message"
				? [...(message.get(field) as ReflectList<ReflectMessage>)]
				: null;
		case "map":
			return field.mapKind === "message"
				? [
						...(
							message.get(field) as ReflectMap<unknown, ReflectMessage>
						).values(),
					]
				: null;
		default:
			return null;
	}
}
