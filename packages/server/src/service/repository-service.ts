// The model repository as clients see it: an index, and load and unload in control mode `explicit`.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import type { ModelLoader } from "../models/model-loader.ts";
import type { ModelRegistry } from "../models/model-registry.ts";
import {
	listModels,
	type ModelDirectory,
	readModelDirectory,
	resolveInside,
} from "../repository/model-directory.ts";
import type { IndexEntry, LoadRequest, RepositoryService } from "./services.ts";

export interface RepositoryOptions {
	readonly repositories: readonly string[];
	/** Load and unload over the API. */
	readonly isExplicit: boolean;
	/** Bytes of all files of one override. @default 2 GiB */
	readonly maxOverrideBytes?: number;
}

export class DiskRepositoryService implements RepositoryService {
	readonly #options: RepositoryOptions;
	readonly #registry: ModelRegistry;
	readonly #loader: ModelLoader;
	/** Names seen on disk at the last look; the index shows them without reading the disk again. */
	#known: readonly string[] = [];
	/** Directories made for file overrides, by model. */
	readonly #overrides = new Map<string, string>();

	constructor(
		options: RepositoryOptions,
		registry: ModelRegistry,
		loader: ModelLoader,
	) {
		this.#options = options;
		this.#registry = registry;
		this.#loader = loader;
	}

	/** Names of all models on disk. Throws LOAD_FAILED for a repository that cannot be read. */
	async refresh(): Promise<readonly string[]> {
		const lists = await Promise.all(this.#options.repositories.map(listModels));
		this.#known = [...new Set(lists.flat())].sort();
		return this.#known;
	}

	index(readyOnly: boolean): readonly IndexEntry[] {
		const names = [
			...new Set([...this.#known, ...this.#overrides.keys()]),
		].sort();
		return names.flatMap((name) => this.#indexOf(name, readyOnly));
	}

	/** What control mode `none` does at start. */
	async loadFromDisk(name: string): Promise<void> {
		await this.#registry.load(name, async (begun) =>
			this.#loader.load({ directory: await this.#find(name), begun }),
		);
	}

	async load(request: LoadRequest): Promise<void> {
		this.#assertExplicit();
		const { modelName, config, files } = request;
		if (files.size > 0 && config === null)
			throw loadError(
				modelName,
				"Load parameter 'config' must be specified for model file override",
			);
		await this.refresh();
		try {
			await this.#registry.load(modelName, async (begun) => {
				const directory =
					files.size > 0
						? await this.#writeOverride(modelName, files)
						: await this.#find(modelName);
				return this.#loader.load({ directory, overrideJson: config, begun });
			});
		} catch (error) {
			throw loadError(modelName, toSaccadeError(error).message, error);
		}
	}

	async unload(modelName: string, _dependents: boolean): Promise<void> {
		this.#assertExplicit();
		if (this.#registry.records(modelName) === null) {
			await this.refresh();
			if (!this.#known.includes(modelName))
				throw new SaccadeError(
					"INVALID_ARGUMENT",
					`failed to unload '${modelName}', it is not in the model repository`,
				);
		}
		await this.#registry.unload(modelName);
		await this.#dropOverride(modelName);
	}

	/** Removes what overrides left on disk. */
	async close(): Promise<void> {
		await Promise.all(
			[...this.#overrides.keys()].map((name) => this.#dropOverride(name)),
		);
	}

	#indexOf(name: string, readyOnly: boolean): IndexEntry[] {
		const records = this.#registry.records(name);
		if (records === null) return readyOnly ? [] : [{ name }];
		const ready = records.serving.map(({ versionText }) => ({
			name,
			version: versionText,
			state: "READY" as const,
			reason: "",
		}));
		if (readyOnly) return ready;
		const others = records.others.map(({ version, state, reason }) => ({
			name,
			version: String(version),
			state,
			reason,
		}));
		return [...ready, ...others];
	}

	async #find(name: string): Promise<ModelDirectory> {
		const found: ModelDirectory[] = [];
		for (const repository of this.#options.repositories) {
			const directory = await readModelDirectory(repository, name);
			if (directory !== null) found.push(directory);
		}
		const [first] = found;
		if (first === undefined)
			throw new SaccadeError(
				"NOT_FOUND",
				"failed to poll from model repository",
			);
		if (found.length > 1)
			throw loadError(
				name,
				`it is in ${found.length} repositories (${found.map(({ path }) => dirname(path)).join(", ")}); keep one`,
			);
		return first;
	}

	/** Files of an override, in a directory of our own that only we can read. */
	async #writeOverride(
		name: string,
		files: ReadonlyMap<string, Uint8Array>,
	): Promise<ModelDirectory> {
		const limit = this.#options.maxOverrideBytes ?? 2 ** 31;
		const total = [...files.values()].reduce(
			(sum, file) => sum + file.byteLength,
			0,
		);
		if (total > limit)
			throw loadError(
				name,
				`the files have ${total} bytes, the limit is ${limit}`,
			);
		await this.#dropOverride(name);
		const root = await mkdtemp(join(tmpdir(), "saccade-override-"));
		this.#overrides.set(name, root);
		for (const [path, content] of files) {
			if (
				!/^\d{1,18}\/[^\0]{1,200}$/.test(path) ||
				path.split("/").some((part) => part.length > 100)
			)
				throw loadError(
					name,
					`'${path.slice(0, 100)}' is no file of a version: use '<version>/<path>'`,
				);
			const target = resolveInside(join(root, name), path);
			await mkdir(dirname(target), { recursive: true, mode: 0o700 });
			await writeFile(target, content, { mode: 0o600 });
		}
		const directory = await readModelDirectory(root, name);
		if (directory === null)
			throw loadError(name, "the override holds no version");
		return directory;
	}

	async #dropOverride(name: string): Promise<void> {
		const root = this.#overrides.get(name);
		this.#overrides.delete(name);
		if (root !== undefined) await rm(root, { recursive: true, force: true });
	}

	#assertExplicit(): void {
		if (!this.#options.isExplicit)
			throw new SaccadeError(
				"UNAVAILABLE",
				"explicit model load / unload is not allowed if polling is enabled: start the server with --model-control-mode=explicit",
			);
	}
}

/** The text must contain "failed to load": clients look for it. */
function loadError(
	name: string,
	reason: string,
	cause?: unknown,
): SaccadeError {
	const text = /^(failed to load|load failed)/.test(reason)
		? reason
		: `failed to load '${name}', ${reason}`;
	return new SaccadeError("LOAD_FAILED", text, { cause });
}
