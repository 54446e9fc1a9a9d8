// What a prepared model is named by: everything that decides what is in it.
import type { LoadOptions } from "../../runtime.ts";
import { sha256Of } from "./cache-files.ts";

/** Rises when the cache's own files change their form. */
const FORMAT = 1;

/**
 * How a model's weights are held.
 * `auto`: as measured; `mapped`: in the page cache, shared with other processes; `packed`: in memory of this process.
 */
export type WeightsSetting = "auto" | "mapped" | "packed";

export interface KeyParts {
	/** Of all files of the model. */
	readonly modelDigest: string;
	readonly runtimeVersion: string;
	readonly cpu: string;
	readonly options: PreparedOptions;
	readonly weights: WeightsSetting;
}

/** What of the options decides how the optimised graph looks. Threads, arenas and lanes do not. */
export type PreparedOptions = Pick<
	LoadOptions,
	"graphOptimization" | "sessionConfig"
>;

export function entryKey(parts: KeyParts): string {
	const { graphOptimization = "all", sessionConfig = {} } = parts.options;
	return sha256Of(
		JSON.stringify([
			FORMAT,
			parts.modelDigest,
			parts.runtimeVersion,
			parts.cpu,
			graphOptimization,
			Object.entries(sessionConfig).sort(([a], [b]) => (a < b ? -1 : 1)),
			parts.weights,
		]),
	);
}
