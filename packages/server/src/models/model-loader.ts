// From a directory on disk to a version that is ready: read → preflight → load → resolve → warm.
import { stat } from "node:fs/promises";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import type { ModelConfig } from "../repository/model-config.ts";
import {
	configTextsOf,
	findModelFile,
	type ModelDirectory,
	readLabels,
	selectVersions,
} from "../repository/model-directory.ts";
import { preflightConfig } from "../repository/resolve-config.ts";
import { MemoryGauge } from "./budget/memory-gauge.ts";
import { type ConfigMessage, ConfigReader } from "./loading/config-reader.ts";
import { chooseDevices } from "./loading/device-choice.ts";
import {
	DeviceSessions,
	type LoadedInstance,
	type LoadPlan,
	type Preflight,
} from "./loading/device-sessions.ts";
import type {
	AdmittedFiles,
	LoadedVersion,
	LoadRequest,
	ModelLoaderOptions,
	VersionFiles,
} from "./loading/load-request.ts";
import { readWarmupFile, warmUp } from "./loading/warm-up.ts";
import { ModelVersion, type ModelVersionOptions } from "./model-version.ts";
import type { SwapPhase } from "./swap-events.ts";

export class ModelLoader {
	readonly #options: ModelLoaderOptions;
	readonly #configs: ConfigReader;
	readonly #sessions: DeviceSessions;

	constructor(options: ModelLoaderOptions) {
		this.#options = options;
		this.#configs = new ConfigReader(options);
		this.#sessions = new DeviceSessions(options);
	}

	/**
	 * Loads every version that the policy serves, each to `ready` or to its error.
	 * Throws LOAD_FAILED when the configuration itself is wrong.
	 */
	async load(request: LoadRequest): Promise<LoadedVersion[]> {
		const { directory, overrideJson = null } = request;
		for (const warning of directory.warnings) this.#options.warn(warning);
		const message = this.#configs.modelMessage(directory, overrideJson);
		const preflight = preflightConfig(message, directory.name);
		const versions = selectVersions(
			directory.versions,
			preflight.versionPolicy,
			directory.name,
		);
		const { keep } = request;
		request.begun?.(versions.filter((version) => !keep?.has(version)));
		const loaded: LoadedVersion[] = [];
		// One at a time: a load takes memory and cores that serving models need.
		for (const version of versions) {
			const model = keep?.get(version);
			loaded.push(
				model === undefined
					? await this.#loadVersion(request, message, version)
					: { ok: true, version, model },
			);
		}
		return loaded;
	}

	async #loadVersion(
		request: LoadRequest,
		message: ConfigMessage,
		version: number,
	): Promise<LoadedVersion> {
		try {
			const model = await this.#loadToReady(request, message, version);
			return { ok: true, version, model };
		} catch (error) {
			return { ok: false, version, error: toLoadError(error) };
		}
	}

	async #loadToReady(
		request: LoadRequest,
		modelMessage: ConfigMessage,
		version: number,
	): Promise<ModelVersion> {
		const message = this.#configs.versionMessage(
			request,
			modelMessage,
			version,
		);
		const { runtimes, clock, admit = asTheyAre } = this.#options;
		const { directory, overrideJson = null } = request;
		const phase = (name: SwapPhase) => request.phase?.(name, version);
		phase("loading");
		const startUs = clock.nowUs();
		const preflight = preflightConfig(message, directory.name);
		const path = await findModelFile(
			directory,
			version,
			preflight.modelFilename,
		);
		const runtime = runtimes.get(preflight.backend);
		if (runtime === undefined)
			throw new SaccadeError(
				"LOAD_FAILED",
				`backend '${preflight.backend}' is not part of this server (it has: ${[...runtimes.keys()].join(", ")})`,
			);
		const files: VersionFiles = {
			model: directory.ownName,
			version,
			directory: directory.path,
			path,
			bytes: (await stat(path)).size,
			configTexts:
				overrideJson === null ? configTextsOf(directory, version) : [],
			isOverridden: overrideJson !== null,
		};
		const { release, ...admitted } = await admit(files);
		const plan: LoadPlan = {
			runtime,
			files: { ...files, ...admitted },
			preflight,
			phase,
			startUs,
		};
		try {
			return await this.#loadWithin(request, message, plan);
		} finally {
			await release();
		}
	}

	/** Within the memory that there is for models. */
	async #loadWithin(
		request: LoadRequest,
		message: ConfigMessage,
		plan: LoadPlan,
	): Promise<ModelVersion> {
		const { memory, residentBytes = () => 0 } = this.#options;
		if (memory === undefined) return this.#loadAdmitted(request, message, plan);
		const { version, bytes } = plan.files;
		const { instanceGroups } = plan.preflight;
		const gauge = new MemoryGauge(
			chooseDevices(instanceGroups, this.#options.devices),
			residentBytes,
		);
		const share = await memory.reserve(
			request.directory.name,
			version,
			gauge.atLeast(bytes),
		);
		try {
			return await this.#loadAdmitted(request, message, {
				...plan,
				released: () => share.release(),
				settle: () => share.settle(gauge.growth(bytes)),
			});
		} catch (error) {
			share.release();
			throw error;
		}
	}

	async #loadAdmitted(
		request: LoadRequest,
		message: ConfigMessage,
		plan: LoadPlan,
	): Promise<ModelVersion> {
		const { clock } = this.#options;
		const { files, preflight, startUs } = plan;
		const { version } = files;
		const directory = { ...request.directory, path: files.directory };
		const { instances, config } = await this.#sessions.open(plan, {
			name: directory.name,
			successorOf: request.successorOf ?? null,
			resolve: (session) => {
				const resolved = this.#configs.resolve(
					message,
					session,
					directory.name,
				);
				request.validate?.(resolved, version);
				return resolved;
			},
		});
		let labels: Map<string, string[]>;
		try {
			labels = await labelsOf(directory, config);
		} catch (error) {
			for (const { session } of instances) session.close();
			throw error;
		}
		const model = new ModelVersion({
			config,
			version,
			instances,
			clock,
			labels,
			policy: this.#options.policy,
			...this.#shareOf(preflight, config, instances),
			loadedInUs: clock.nowUs() - startUs,
			...(plan.released !== undefined && { onReleased: plan.released }),
		});
		model.setState({ kind: "warming" });
		try {
			await warmUp(model, {
				clock,
				readFile: (name) => readWarmupFile(directory.path, name),
				isBrief: request.successorOf != null,
			});
			if (request.successorOf != null) model.inheritTimes(request.successorOf);
			await plan.settle?.();
		} catch (error) {
			const failure = toLoadError(error);
			model.fail(failure);
			throw failure;
		}
		model.setState({ kind: "ready" });
		return model;
	}

	/** What runs on other devices, by other execution providers or on several partitions has no share of the cores. */
	#shareOf(
		{ load }: Preflight,
		{ saccade: { weight } }: ModelConfig,
		instances: readonly LoadedInstance[],
	): Pick<ModelVersionOptions, "share"> {
		const { arbiter } = this.#options;
		const [only, ...others] = instances;
		const isOnCores =
			only?.device.device.kind === "cpu" &&
			others.every(({ device }) => device === only.device) &&
			(load.providers ?? []).length === 0;
		if (arbiter === undefined || !isOnCores) return {};
		const threadCounts = instances.map(({ threadCount }) => threadCount);
		return { share: (wake) => arbiter.share({ weight, threadCounts, wake }) };
	}
}

const asTheyAre = async (files: VersionFiles): Promise<AdmittedFiles> => ({
	directory: files.directory,
	path: files.path,
	bytes: files.bytes,
	release: async () => {},
});

async function labelsOf(
	directory: ModelDirectory,
	config: ModelConfig,
): Promise<Map<string, string[]>> {
	const labels = new Map<string, string[]>();
	for (const { name, labelFilename } of config.outputs)
		if (labelFilename !== null)
			labels.set(name, await readLabels(directory, labelFilename));
	return labels;
}

function toLoadError(error: unknown): SaccadeError {
	const known = toSaccadeError(error);
	if (known.code === "LOAD_FAILED") return known;
	return new SaccadeError("LOAD_FAILED", known.message, {
		cause: error,
		...(known.details !== null && { details: known.details }),
	});
}
