// Prepares the models of repositories without serving them: before the first start, or while an image is built.
import { stat } from "node:fs/promises";
import type { ServerOptions } from "../config/options.ts";
import { isSaccadeError, SaccadeError } from "../errors/saccade-error.ts";
import { parseConfigText } from "../repository/config-text.ts";
import {
	findModelFile,
	listModels,
	type ModelDirectory,
	readModelDirectory,
	selectVersions,
} from "../repository/model-directory.ts";
import { emptyConfig, preflightConfig } from "../repository/resolve-config.ts";
import { createOnnxRuntime } from "../runtime/onnx/onnx-runtime.ts";
import { bytesOf } from "../runtime/onnx/prepared/manifest.ts";
import {
	type OpenPrepared,
	PreparedModels,
} from "../runtime/onnx/prepared/prepared-models.ts";
import { preparedFolder } from "./state-folder.ts";

/** What became of one version. */
export interface PreparedVersion {
	readonly model: string;
	readonly version: number;
	/** `skipped`: it is not for the cache, which is no failure. */
	readonly state: "made" | "found" | "skipped" | "failed";
	/** How its weights are held: `mapped`, `prepacked`, `packed`, `as-it-is`; empty where nothing was decided. */
	readonly weights: string;
	readonly because: string;
	/** Bytes of the cache that a load maps; some may be other versions', too. */
	readonly cachedBytes: number;
	/** In ms, as measured when it was made; null: not measured. */
	readonly loadMs: {
		readonly asItIs: number;
		readonly prepared: number;
	} | null;
}

export interface PrepareRequest {
	/** Empty: all of them. */
	readonly models: readonly string[];
	/** Told what is being done. */
	readonly progress: (model: string, version: number, text: string) => void;
}

/** Throws LOAD_FAILED or NOT_FOUND for a repository or a model that is not there. */
export async function prepareRepository(
	options: ServerOptions,
	request: PrepareRequest,
): Promise<PreparedVersion[]> {
	const runtime = createOnnxRuntime({
		...(options.onnxLibrary !== "" && { libraryPath: options.onnxLibrary }),
		poolThreads: 1,
		intraOpThreadCount: 1,
	});
	const prepared = new PreparedModels({
		mode: options.preparedModels,
		folder: preparedFolder(options),
		maxBytes: options.preparedMaxBytes,
		runtime,
		libraryPath: options.onnxLibrary || null,
		warn: () => {},
	});
	const done: PreparedVersion[] = [];
	try {
		for (const directory of await findDirectories(options, request.models))
			done.push(...(await prepareModel(prepared, directory, request)));
		return done;
	} finally {
		prepared.close();
		runtime.close();
	}
}

async function findDirectories(
	{ modelRepositories }: ServerOptions,
	wanted: readonly string[],
): Promise<ModelDirectory[]> {
	const found: ModelDirectory[] = [];
	for (const repository of modelRepositories)
		for (const name of await listModels(repository)) {
			if (wanted.length > 0 && !wanted.includes(name)) continue;
			const directory = await readModelDirectory(repository, name);
			if (directory !== null) found.push(directory);
		}
	const absent = wanted.filter(
		(name) => !found.some((directory) => directory.name === name),
	);
	if (absent.length > 0)
		throw new SaccadeError(
			"NOT_FOUND",
			`no model '${absent.join("', '")}' in ${modelRepositories.join(", ")}`,
		);
	return found;
}

async function prepareModel(
	prepared: PreparedModels,
	directory: ModelDirectory,
	{ progress }: PrepareRequest,
): Promise<PreparedVersion[]> {
	const { name, configText } = directory;
	const message =
		configText === null
			? emptyConfig()
			: parseConfigText(configText, `the configuration of model '${name}'`)
					.message;
	const preflight = preflightConfig(message, name);
	const done: PreparedVersion[] = [];
	for (const version of selectVersions(
		directory.versions,
		preflight.versionPolicy,
		name,
	)) {
		const facts = { model: name, version };
		if (preflight.backend !== "onnxruntime") {
			done.push(skipped(facts, `its backend is ${preflight.backend}`));
			continue;
		}
		const path = await findModelFile(
			directory,
			version,
			preflight.modelFilename,
		);
		const open: OpenPrepared = {
			path,
			bytes: (await stat(path)).size,
			options: preflight.load,
			weights: preflight.saccade.weights,
		};
		const reason = prepared.whyNot(open);
		done.push(
			reason === null
				? await prepareVersion(prepared, facts, open, progress)
				: skipped(facts, reason),
		);
	}
	return done;
}

type VersionFacts = Pick<PreparedVersion, "model" | "version">;

async function prepareVersion(
	prepared: PreparedModels,
	facts: VersionFacts,
	open: OpenPrepared,
	progress: PrepareRequest["progress"],
): Promise<PreparedVersion> {
	try {
		const { manifest, isNew } = await prepared.prepare(open, (text) =>
			progress(facts.model, facts.version, text),
		);
		const { weights, because, measurement } = manifest;
		const chosen =
			weights === "prepacked" ? measurement?.prepacked : measurement?.mapped;
		return {
			...facts,
			state: isNew ? "made" : "found",
			weights,
			because,
			cachedBytes: bytesOf(manifest),
			loadMs:
				measurement === null || chosen == null
					? null
					: { asItIs: measurement.plain.loadMs, prepared: chosen.loadMs },
		};
	} catch (error) {
		if (!isSaccadeError(error)) throw error;
		return { ...skipped(facts, error.message), state: "failed" };
	}
}

function skipped(facts: VersionFacts, because: string): PreparedVersion {
	return {
		...facts,
		state: "skipped",
		weights: "",
		because,
		cachedBytes: 0,
		loadMs: null,
	};
}
