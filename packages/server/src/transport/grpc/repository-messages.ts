import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
	RepositoryIndexResponseSchema,
	RepositoryModelLoadRequest,
	RepositoryModelUnloadRequest,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import type { IndexEntry, LoadRequest } from "../../endpoint/endpoints.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";

const FILE_PREFIX = "file:";

export function indexResponse(
	entries: readonly IndexEntry[],
): MessageInitShape<typeof RepositoryIndexResponseSchema> {
	return {
		models: entries.map(({ name, version = "", state = "", reason = "" }) => ({
			name,
			version,
			state,
			reason,
		})),
	};
}

/** Throws INVALID_ARGUMENT with Triton's texts for parameters that are unknown or of the wrong type. */
export function loadRequest(message: RepositoryModelLoadRequest): LoadRequest {
	let config: string | null = null;
	const files = new Map<string, Uint8Array>();
	for (const [key, { parameterChoice: value }] of Object.entries(
		message.parameters,
	)) {
		if (key === "config") {
			if (value.case !== "stringParam") throw wrongType(key, "string_param");
			config = value.value;
		} else if (key.startsWith(FILE_PREFIX)) {
			if (value.case !== "bytesParam") throw wrongType(key, "bytes_param");
			files.set(key.slice(FILE_PREFIX.length), value.value);
		} else {
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`unrecognized load parameter '${key}'.`,
			);
		}
	}
	return { modelName: message.modelName, config, files };
}

export function unloadRequest(message: RepositoryModelUnloadRequest): {
	name: string;
	dependents: boolean;
} {
	const value = message.parameters["unload_dependents"]?.parameterChoice;
	return {
		name: message.modelName,
		dependents: value?.case === "boolParam" && value.value,
	};
}

function wrongType(key: string, expected: string): SaccadeError {
	return new SaccadeError(
		"INVALID_ARGUMENT",
		`invalid value type for load parameter '${key}', expected ${expected}.`,
	);
}
