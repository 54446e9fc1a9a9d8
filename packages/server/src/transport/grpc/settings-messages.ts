import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
	LogSettingsRequest,
	LogSettingsResponseSchema,
	TraceSettingRequest,
	TraceSettingResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import type { LogSettings, TraceSettings } from "../../endpoint/endpoints.ts";

/** An empty list of values resets the setting. */
export function traceChanges(
	message: TraceSettingRequest,
): Map<string, readonly string[] | null> {
	return new Map(
		Object.entries(message.settings).map(([key, { value }]) => [
			key,
			value.length === 0 ? null : value,
		]),
	);
}

export function traceResponse(
	settings: TraceSettings,
): MessageInitShape<typeof TraceSettingResponseSchema> {
	return {
		settings: Object.fromEntries(
			[...settings].map(([key, value]) => [key, { value: [...value] }]),
		),
	};
}

export function logChanges(message: LogSettingsRequest): Map<string, unknown> {
	return new Map(
		Object.entries(message.settings).map(([key, { parameterChoice }]) => [
			key,
			parameterChoice.value,
		]),
	);
}

export function logResponse(
	settings: LogSettings,
): MessageInitShape<typeof LogSettingsResponseSchema> {
	return {
		settings: Object.fromEntries(
			[...settings].map(([key, value]) => [
				key,
				{ parameterChoice: choice(value) },
			]),
		),
	};
}

function choice(value: string | boolean | number) {
	if (typeof value === "string") return { case: "stringParam" as const, value };
	if (typeof value === "boolean") return { case: "boolParam" as const, value };
	return { case: "uint32Param" as const, value };
}
