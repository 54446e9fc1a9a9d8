// How a form of a model is loaded: with the optimiser off, since it ran already, and tensors from the cache's folder.
import type { LoadOptions } from "../../runtime.ts";
import type { PreparedWeights } from "./manifest.ts";

/** @param tensors folder of the files that the graph names; null: they lie beside it */
export function preparedOptions(
	options: LoadOptions,
	weights: PreparedWeights,
	tensors: string | null,
): LoadOptions {
	const placed = tensors === null ? options : withTensorsIn(options, tensors);
	return {
		...placed,
		graphOptimization: "disabled",
		sessionConfig: {
			...placed.sessionConfig,
			...(weights === "mapped" && { "session.disable_prepacking": "1" }),
		},
	};
}

/** For a graph in memory: its tensors are in files of `folder`. */
export function withTensorsIn(
	options: LoadOptions,
	folder: string,
): LoadOptions {
	return {
		...options,
		sessionConfig: {
			...options.sessionConfig,
			"session.model_external_initializers_file_folder_path": folder,
		},
	};
}
