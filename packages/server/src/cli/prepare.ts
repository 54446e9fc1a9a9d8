// `saccade models prepare`: fills the cache of prepared models, before a server needs it.
import {
	type PreparedVersion,
	prepareRepository,
} from "../app/prepare-repository.ts";
import { resolveOptions } from "../config/resolve.ts";
import { formatTable } from "./table.ts";
import { UsageError } from "./usage-error.ts";

export interface PrepareFlags {
	readonly modelRepository: readonly string[];
	readonly preparedDir?: string;
	readonly preparedMaxSize?: string;
	readonly json?: boolean;
}

/** Ends with 1 when a model that is for the cache could not be prepared. */
export async function prepare(
	models: readonly string[],
	flags: PrepareFlags,
): Promise<void> {
	const { modelRepository, preparedDir, preparedMaxSize } = flags;
	const resolved = resolveOptions({
		args: [
			...modelRepository.map((path) => `--model-repository=${path}`),
			...(preparedDir === undefined ? [] : [`--prepared-dir=${preparedDir}`]),
			...(preparedMaxSize === undefined
				? []
				: [`--prepared-max-size=${preparedMaxSize}`]),
		],
		env: process.env,
		fileText: null,
	});
	if (!resolved.ok) throw new UsageError(resolved.problems.join("; "));
	const versions = await prepareRepository(resolved.options, {
		models,
		// Standard output is for the result alone.
		progress: (model, version, text) =>
			console.error(`${model} version ${version}: ${text}`),
	});
	console.log(
		flags.json === true ? JSON.stringify(versions, null, 2) : show(versions),
	);
	if (versions.some(({ state }) => state === "failed")) process.exitCode = 1;
}

function show(versions: readonly PreparedVersion[]): string {
	const heading = ["model", "version", "", "weights", "load", "MB", "because"];
	return formatTable([
		heading,
		...versions.map((one) => [
			one.model,
			String(one.version),
			one.state,
			one.weights,
			one.loadMs === null
				? ""
				: `${one.loadMs.asItIs.toFixed(0)} → ${one.loadMs.prepared.toFixed(1)} ms`,
			one.cachedBytes === 0 ? "" : (one.cachedBytes / 1e6).toFixed(1),
			one.because,
		]),
	]);
}
