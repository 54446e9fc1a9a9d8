// From a directory on disk to a version that is ready: read → preflight → load → resolve → warm.
import type { Clock } from "../common/clock.ts";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import { parseConfigJson, parseConfigText } from "../repository/config-text.ts";
import type { ModelConfig } from "../repository/model-config.ts";
import {
	findModelFile,
	type ModelDirectory,
	readLabels,
	selectVersions,
} from "../repository/model-directory.ts";
import {
	emptyConfig,
	preflightConfig,
	resolveConfig,
} from "../repository/resolve-config.ts";
import type { Runtime, Session } from "../runtime/runtime.ts";
import type { DeviceArbiter } from "../scheduling/device-arbiter.ts";
import { firstLayout, isOpen, type Layout, tryLayout } from "./layout.ts";
import {
	ModelVersion,
	type ModelVersionOptions,
	type SchedulingPolicyName,
} from "./model-version.ts";
import { readWarmupFile, warmUp } from "./warm-up.ts";

export interface ModelLoaderOptions {
	/** By the name that a configuration calls its backend. */
	readonly runtimes: ReadonlyMap<string, Runtime>;
	readonly clock: Clock;
	readonly autoComplete: boolean;
	readonly defaultMaxBatchSize: number;
	/** Cores that models may use: see layout.ts. */
	readonly coreCount: number;
	/** Divides the cores among the models that want them at once. @default the operating system does */
	readonly arbiter?: DeviceArbiter;
	readonly policy: SchedulingPolicyName;
	readonly warn: (text: string) => void;
}

/** Tells which versions are about to load, as soon as that is known. */
export type LoadBegun = (versions: readonly number[]) => void;

export type LoadedVersion =
	| {
			readonly ok: true;
			readonly version: number;
			readonly model: ModelVersion;
	  }
	| {
			readonly ok: false;
			readonly version: number;
			readonly error: SaccadeError;
	  };

export class ModelLoader {
	readonly #options: ModelLoaderOptions;

	constructor(options: ModelLoaderOptions) {
		this.#options = options;
	}

	/**
	 * Loads every version that the policy serves, each to `ready` or to its error.
	 * Throws LOAD_FAILED when the configuration itself is wrong.
	 * @param overrideJson replaces `config.pbtxt`
	 * @param begun is told the versions when they are known
	 */
	async load(
		directory: ModelDirectory,
		overrideJson: string | null,
		begun: LoadBegun = () => {},
	): Promise<LoadedVersion[]> {
		for (const warning of directory.warnings) this.#options.warn(warning);
		const message = this.#readMessage(directory, overrideJson);
		const preflight = preflightConfig(message, directory.name);
		const versions = selectVersions(
			directory.versions,
			preflight.versionPolicy,
			directory.name,
		);
		begun(versions);
		const loaded: LoadedVersion[] = [];
		// One at a time: a load takes memory and cores that serving models need.
		for (const version of versions)
			loaded.push(await this.#loadVersion(directory, message, version));
		return loaded;
	}

	async #loadVersion(
		directory: ModelDirectory,
		message: ReturnType<typeof emptyConfig>,
		version: number,
	): Promise<LoadedVersion> {
		try {
			const model = await this.#loadToReady(directory, message, version);
			return { ok: true, version, model };
		} catch (error) {
			return { ok: false, version, error: toLoadError(error) };
		}
	}

	async #loadToReady(
		directory: ModelDirectory,
		message: ReturnType<typeof emptyConfig>,
		version: number,
	): Promise<ModelVersion> {
		const { runtimes, clock } = this.#options;
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
		const load = ({ threadCount }: Layout) =>
			runtime.load(
				{ kind: "file", path },
				{ intraOpThreadCount: threadCount, ...preflight.load },
			);
		const { isBatched } = preflight;
		const { coreCount } = this.#options;
		let layout = firstLayout(coreCount, preflight.layout, isBatched);
		let session = await load(layout);
		let config: ModelConfig;
		let labels: Map<string, string[]>;
		try {
			config = this.#resolve(message, session, directory.name);
			labels = await labelsOf(directory, config);
			if (isBatched && isOpen(preflight.layout)) {
				const best = await tryLayout(session, config, coreCount, layout);
				if (best.threadCount !== layout.threadCount) {
					session.close();
					session = await load(best);
				}
				layout = best;
			}
		} catch (error) {
			session.close();
			throw error;
		}
		const model = new ModelVersion({
			config,
			version,
			session,
			clock,
			labels,
			policy: this.#options.policy,
			laneCount: layout.laneCount,
			...this.#shareOf(preflight, config, layout),
			loadedInUs: clock.nowUs() - startUs,
		});
		model.setState({ kind: "warming" });
		try {
			await warmUp(model, {
				clock,
				readFile: (name) => readWarmupFile(directory.path, name),
			});
		} catch (error) {
			const failure = toLoadError(error);
			model.fail(failure);
			throw failure;
		}
		model.setState({ kind: "ready" });
		return model;
	}

	/** What other execution providers run does not use the cores. */
	#shareOf(
		{ load }: ReturnType<typeof preflightConfig>,
		{ saccade: { weight } }: ModelConfig,
		{ threadCount }: Layout,
	): Pick<ModelVersionOptions, "share"> {
		const { arbiter } = this.#options;
		if (arbiter === undefined || (load.providers ?? []).length > 0) return {};
		return { share: (wake) => arbiter.share({ weight, threadCount, wake }) };
	}

	#readMessage(directory: ModelDirectory, overrideJson: string | null) {
		const { name, configText } = directory;
		const origin = `the configuration of model '${name}'`;
		if (overrideJson !== null) return parseConfigJson(overrideJson, origin);
		if (configText === null) return emptyConfig();
		const { message, unknownFields } = parseConfigText(configText, origin);
		if (unknownFields.length > 0)
			this.#options.warn(
				`model '${name}': config.pbtxt has fields that are not known: ${unknownFields.join(", ")}`,
			);
		return message;
	}

	#resolve(
		message: ReturnType<typeof emptyConfig>,
		session: Session,
		name: string,
	): ModelConfig {
		const { autoComplete, defaultMaxBatchSize, warn } = this.#options;
		const config = resolveConfig(message, session, {
			name,
			autoComplete,
			defaultMaxBatchSize,
			defaultInstanceCount: 1,
		});
		if (config.ignoredFields.length > 0)
			warn(
				`model '${name}': no effect in this version: ${config.ignoredFields.join(", ")}`,
			);
		return config;
	}
}

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
	return new SaccadeError("LOAD_FAILED", known.message, { cause: error });
}
