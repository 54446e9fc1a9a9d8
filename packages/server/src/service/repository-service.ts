// The model repository as clients see it: an index, and load and unload in control mode `explicit`.
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import type { ModelRegistry } from "../models/model-registry.ts";
import type { SwapHistory, SwapRecord } from "../models/swap/swap-history.ts";
import type { FoundModel } from "../models/swap/swap-run.ts";
import type { ModelSwapper } from "../models/swap/swapper.ts";
import type { SwapCause } from "../models/swap-events.ts";
import {
	listModels,
	type ModelDirectory,
	readModelDirectory,
} from "../repository/model-directory.ts";
import {
	ambiguousName,
	flatNaming,
	type Naming,
} from "../repository/naming.ts";
import { writeOverride } from "../repository/override-files.ts";
import type { Inspector } from "../repository/watch/inspector.ts";
import type { IndexEntry, LoadRequest, RepositoryService } from "./services.ts";

export interface RepositoryOptions {
	readonly repositories: readonly string[];
	/** What their models are called. @default as their directories */
	readonly naming?: Naming;
	/** Load and unload over the API. */
	readonly isExplicit: boolean;
	/** Of the configuration that models have in `configs/`; empty: none. @default "" */
	readonly configName?: string;
	/** Bytes of all files of one override. @default 2 GiB */
	readonly maxOverrideBytes?: number;
	/** Looks into the files before they are loaded; what serves already is then not loaded again. @default nobody does */
	readonly inspector?: Pick<Inspector, "ask">;
	/** @default nothing is known */
	readonly history?: Pick<SwapHistory, "of">;
}

const MAX_OVERRIDE_BYTES = 2 ** 31;
const MAX_OVERRIDE_FILES = 1000;

export class DiskRepositoryService implements RepositoryService {
	readonly #options: RepositoryOptions;
	readonly #naming: Naming;
	readonly #registry: ModelRegistry;
	readonly #swapper: ModelSwapper;
	/** Names seen on disk at the last look; the index shows them without reading the disk again. */
	#known: readonly string[] = [];
	/** Directories made for file overrides, by model. */
	readonly #overrides = new Map<string, string>();
	/** Unloaded over the API, and not loaded since. */
	readonly #unwanted = new Set<string>();
	/** What the files of a model looked like when they were read last. */
	readonly #readSignatures = new Map<string, string>();

	constructor(
		options: RepositoryOptions,
		registry: ModelRegistry,
		swapper: ModelSwapper,
	) {
		this.#options = options;
		this.#naming = options.naming ?? flatNaming(options.repositories);
		this.#registry = registry;
		this.#swapper = swapper;
	}

	/** Null: they were not, or nobody looks into files. */
	readSignature(name: string): string | null {
		return this.#readSignatures.get(name) ?? null;
	}

	/** Names of all models on disk. Throws LOAD_FAILED for a repository that cannot be read. */
	async refresh(): Promise<readonly string[]> {
		const lists = await Promise.all(
			this.#options.repositories.map(async (repository) =>
				(await listModels(repository)).map((model) =>
					this.#naming.nameOf({ repository, model }),
				),
			),
		);
		this.#known = [...new Set(lists.flat())].sort();
		return this.#known;
	}

	index(readyOnly: boolean): readonly IndexEntry[] {
		const names = [
			...new Set([...this.#known, ...this.#overrides.keys()]),
		].sort();
		return names.flatMap((name) => this.#indexOf(name, readyOnly));
	}

	/**
	 * The whole name of a model that may be loaded for who asks for it: it was on disk at the last look, does not serve,
	 * and nobody unloaded it over the API. Null: there is none.
	 */
	absent(asked: string): string | null {
		const name = this.#registry.nameOf(asked) ?? this.#wholeName(asked);
		const serves = (this.#registry.records(name)?.serving.length ?? 0) > 0;
		const isWanted = this.#known.includes(name) && !this.#unwanted.has(name);
		return isWanted && !serves ? name : null;
	}

	/** Where the model lies; null: nowhere, or in several places. */
	async directoryOf(name: string): Promise<string | null> {
		const root = this.#overrides.get(name);
		if (root !== undefined) return null;
		return this.#find(name).then(
			({ path }) => path,
			() => null,
		);
	}

	/** What is on disk serves then, unless it serves already. @throws LOAD_FAILED, and what served serves on */
	async loadFromDisk(asked: string, cause: SwapCause = "start"): Promise<void> {
		const name = this.#wholeName(asked);
		await this.#swapper.swap({
			model: name,
			cause,
			find: () => this.#read(name),
		});
	}

	/** The files of the model are not what was read last. */
	async reload(
		name: string,
		signature: string,
		cause: SwapCause,
	): Promise<void> {
		// Tried once: what fails is tried again when it changes.
		this.#readSignatures.set(name, signature);
		await this.refresh();
		await this.loadFromDisk(name, cause);
	}

	/** The directory of the model is gone. */
	async remove(name: string, cause: SwapCause): Promise<void> {
		this.#readSignatures.delete(name);
		await this.refresh();
		await this.#swapper.unload({ model: name, cause });
	}

	async load(request: LoadRequest, by = ""): Promise<void> {
		this.#assertExplicit();
		const { config, files } = request;
		let { modelName } = request;
		if (files.size > 0 && config === null)
			throw loadError(
				modelName,
				"Load parameter 'config' must be specified for model file override",
			);
		await this.refresh();
		try {
			modelName = this.#wholeName(modelName);
			this.#unwanted.delete(modelName);
			await this.#swapper.swap({
				model: modelName,
				cause: "api",
				by,
				find: async () => ({
					directory:
						files.size > 0
							? await this.#writeOverride(modelName, files)
							: await this.#find(modelName),
					content: null,
				}),
				overrideJson: config,
			});
		} catch (error) {
			throw loadError(modelName, toSaccadeError(error).message, error);
		}
	}

	async unload(asked: string, _dependents: boolean, by = ""): Promise<void> {
		this.#assertExplicit();
		let modelName = this.#registry.nameOf(asked);
		if (modelName === null) {
			await this.refresh();
			modelName = this.#wholeName(asked);
			if (!this.#known.includes(modelName))
				throw new SaccadeError(
					"INVALID_ARGUMENT",
					`failed to unload '${modelName}', it is not in the model repository`,
				);
		}
		this.#unwanted.add(modelName);
		await this.#swapper.unload({ model: modelName, cause: "api", by });
		await this.#dropOverride(modelName);
	}

	swaps(modelName: string): readonly SwapRecord[] {
		const swaps = this.#options.history?.of(modelName) ?? [];
		const isKnown = swaps.length > 0 || this.#known.includes(modelName);
		if (isKnown) return swaps;
		throw new SaccadeError(
			"NOT_FOUND",
			`Request for unknown model: '${modelName}' is not found`,
		);
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
		const ready = records.serving.map(({ version, versionText }) => ({
			name,
			version: versionText,
			state: "READY" as const,
			reason: alarmText(records.alarms.get(version)),
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

	async #read(name: string): Promise<FoundModel> {
		const { inspector } = this.#options;
		const directory = await this.#find(name);
		if (inspector === undefined) return { directory, content: null };
		const content = await inspector.ask("content", directory.path);
		if (content === null) throw loadError(name, "its directory is gone");
		const { signature, digests, problems } = content;
		this.#readSignatures.set(name, signature);
		if (problems.length > 0)
			throw loadError(name, `${problems.join("; ")}; copy it again, whole`);
		const isUnchanged = async () =>
			content.isStill &&
			(await inspector.ask("model", directory.path))?.signature === signature;
		return { directory, content: { digests, isUnchanged } };
	}

	/** Of what was seen on disk at the last look. Throws INVALID_ARGUMENT for a short name of several. */
	#wholeName(name: string): string {
		if (this.#known.includes(name)) return name;
		const { repositories } = this.#options;
		const whole = repositories
			.map((repository) => this.#naming.nameOf({ repository, model: name }))
			.filter((each) => this.#known.includes(each));
		if (whole.length > 1) throw ambiguousName(name, whole);
		return whole[0] ?? name;
	}

	async #find(name: string): Promise<ModelDirectory> {
		const { configName } = this.#options;
		const found: ModelDirectory[] = [];
		for (const { repository, model } of this.#naming.placesOf(name)) {
			const read = await readModelDirectory(repository, model, configName);
			if (read !== null) found.push({ ...read, name });
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

	async #writeOverride(
		name: string,
		files: ReadonlyMap<string, Uint8Array>,
	): Promise<ModelDirectory> {
		const { maxOverrideBytes: maxBytes = MAX_OVERRIDE_BYTES } = this.#options;
		const limits = { maxBytes, maxFiles: MAX_OVERRIDE_FILES };
		const [place] = this.#naming.placesOf(name);
		const ownName = place?.model ?? name;
		const written = await writeOverride(tmpdir(), ownName, files, limits);
		await this.#dropOverride(name);
		this.#overrides.set(name, written.root);
		return { ...written.directory, name };
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

function alarmText(reason: string | undefined): string {
	return reason === undefined
		? ""
		: `serves on; the last load failed: ${reason}`;
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
