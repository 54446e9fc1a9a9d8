// /saccade/v1/recordings: POST begins one, GET tells of it, POST …/stop ends it.
import type {
	RecordingInfo,
	RecordingRequest,
} from "../../endpoint/endpoints.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { type JsonObject, stringOf } from "./json/fields.ts";

/** `name`, `max_bytes` and `max_seconds`, each absent or as it says. */
export function recordingRequest(body: JsonObject): RecordingRequest {
	return {
		name: body["name"] === undefined ? "" : stringOf(body["name"], "name"),
		maxBytes: limitOf(body, "max_bytes"),
		maxSeconds: limitOf(body, "max_seconds"),
	};
}

export function recordingJson(info: RecordingInfo | null): object {
	if (info === null) return { recording: null };
	return {
		recording: {
			state: info.state,
			path: info.path,
			file_bytes: info.fileBytes,
			messages: info.messageCount,
			dropped: info.droppedCount,
			seconds: info.seconds,
			problem: info.problem,
		},
	};
}

function limitOf(body: JsonObject, field: string): number {
	const value = body[field] ?? 0;
	const limit = typeof value === "bigint" ? Number(value) : value;
	if (typeof limit === "number" && limit >= 0) return limit;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`'${field}' must be a number >= 0`,
	);
}
