// The backends that a configuration may name, by `backend` or by `platform`.
import type { ModelConfig as ConfigMessage } from "@saccade/protocol/gen/inference/model_config_pb.js";
import { SaccadeError } from "../errors/saccade-error.ts";

interface BackendFacts {
	readonly platform: string;
	readonly modelFilename: string;
}

/** By backend; the first is the default. */
export const BACKENDS: Readonly<Record<string, BackendFacts>> = {
	onnxruntime: { platform: "onnxruntime_onnx", modelFilename: "model.onnx" },
	fake: { platform: "fake", modelFilename: "model.json" },
};
const DEFAULT_BACKEND = "onnxruntime";

/** By its name, by its platform, or the default. Throws LOAD_FAILED for what this server has not. */
export function backendOf(message: ConfigMessage, name: string): string {
	const { platform, backend } = message;
	const byPlatform = Object.keys(BACKENDS).find(
		(known) => BACKENDS[known]?.platform === platform,
	);
	const chosen = backend || (platform === "" ? DEFAULT_BACKEND : byPlatform);
	const facts = BACKENDS[chosen ?? ""];
	if (chosen !== undefined && facts !== undefined)
		if (platform === "" || platform === facts.platform) return chosen;
	throw new SaccadeError(
		"LOAD_FAILED",
		`model '${name}' wants platform '${platform}' and backend '${backend}'; this server has ${Object.entries(
			BACKENDS,
		)
			.map(
				([known, facts]) =>
					`platform '${facts.platform}' of backend '${known}'`,
			)
			.join(", ")}`,
	);
}
