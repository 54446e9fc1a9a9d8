// From a directory on disk to a version that is ready: read → preflight → load → resolve → warm.
import { stat } from "node:fs/promises";
import type { Clock } from "../common/clock.ts";
import type { Device } from "../devices/device.ts";
import type {
	DeviceManager,
	LogicalDevice,
} from "../devices/device-manager.ts";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import { parseConfigJson, parseConfigText } from "../repository/config-text.ts";
import { loadOnGpu } from "../repository/load-options.ts";
import type {
	ModelConfig,
	SaccadeSettings,
} from "../repository/model-config.ts";
import {
	configTextsOf,
	findModelFile,
	type ModelDirectory,
	readLabels,
	selectVersions,
} from "../repository/model-directory.ts";
import { overlayConfig } from "../repository/overlay-config.ts";
import {
	emptyConfig,
	preflightConfig,
	resolveConfig,
} from "../repository/resolve-config.ts";
import type { LoadOptions, Runtime, Session } from "../runtime/runtime.ts";
import type { DeviceArbiter } from "../scheduling/device-arbiter.ts";
import { MemoryGauge } from "./budget/memory-gauge.ts";
import type { ModelMemory } from "./budget/model-memory.ts";
import { chooseDevices, type DeviceChoice } from "./device-choice.ts";
import { firstLayout, isOpen, type Layout, tryLayout } from "./layout.ts";
import {
	ModelVersion,
	type ModelVersionOptions,
	type SchedulingPolicyName,
} from "./model-version.ts";
import type { SwapPhase } from "./swap-events.ts";
import { readWarmupFile, warmUp } from "./warm-up.ts";

export interface ModelLoaderOptions {
	/** By the name that a configuration calls its backend. */
	readonly runtimes: ReadonlyMap<string, Runtime>;
	readonly clock: Clock;
	readonly autoComplete: boolean;
	readonly defaultMaxBatchSize: number;
	readonly devices: DeviceManager;
	/** A session as it behaves on the device, e.g. with its latency. @default as it is */
	readonly onDevice?: (
		session: Session,
		device: Device,
		modelBytes: number,
	) => Session;
	/** Divides the cores among the models that want them at once. @default the operating system does */
	readonly arbiter?: DeviceArbiter;
	readonly policy: SchedulingPolicyName;
	readonly warn: (text: string) => void;
	/** Makes a session of a version's file. @default the backend loads the file as it is */
	readonly open?: OpenModel;
	/**
	 * Asked before a file of a version is opened: who rejects keeps it from loading. What is opened and read from then
	 * on is what is returned, so that nobody can put another file in the place of one that was checked.
	 * @default the files as they are
	 */
	readonly admit?: (files: VersionFiles) => Promise<AdmittedFiles>;
	/** Has room for what is loaded, or says that there is none. @default there is */
	readonly memory?: ModelMemory;
	/** Resident memory of the process, in bytes: its growth is what a model takes on the CPU. */
	readonly residentBytes?: () => number;
}

/** A version as it lies on disk. */
interface VersionFiles {
	/** As its directory is called. */
	readonly model: string;
	readonly version: number;
	/** Of the model. */
	readonly directory: string;
	/** The file that the backend opens. */
	readonly path: string;
	readonly bytes: number;
	/** Of the files that configure it; empty: there are none, or a client's own configuration stands in their place. */
	readonly configTexts: readonly string[];
	/** A client's own configuration stands in place of the file's. */
	readonly isOverridden: boolean;
}

interface AdmittedFiles
	extends Pick<VersionFiles, "directory" | "path" | "bytes"> {
	/** Called when they are loaded, or are not to be. */
	release(): Promise<void>;
}

interface OpenRequest {
	readonly runtime: Runtime;
	readonly files: VersionFiles;
	readonly options: LoadOptions;
	/** By `parameters` of the configuration. */
	readonly settings: SaccadeSettings;
	/** Says that what follows is this phase; without it all of it is `loading`. */
	readonly phase: (phase: "preparing" | "loading") => void;
}

type OpenModel = (request: OpenRequest) => Promise<Session>;

/** Tells which versions are about to load, as soon as that is known. */
export type LoadBegun = (versions: readonly number[]) => void;

export interface LoadRequest {
	readonly directory: ModelDirectory;
	/** Replaces `config.pbtxt`. @default null: nothing does */
	readonly overrideJson?: string | null;
	readonly begun?: LoadBegun;
	/** In service already, and not loaded again. @default none */
	readonly keep?: ReadonlyMap<number, ModelVersion>;
	/** A version begins a phase. */
	readonly phase?: (phase: SwapPhase, version: number) => void;
	/**
	 * In service: where nothing is stated, the new version takes over its lanes and threads. Trying again would take the
	 * cores from those who are served, and measure them with it.
	 */
	readonly successorOf?: ModelVersion | null;
	/** Throws LOAD_FAILED for a configuration that may not follow what is in service. */
	readonly validate?: (config: ModelConfig, version: number) => void;
}

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
	 */
	async load(request: LoadRequest): Promise<LoadedVersion[]> {
		const { directory, overrideJson = null } = request;
		for (const warning of directory.warnings) this.#options.warn(warning);
		const message = this.#readMessage(directory, overrideJson);
		if (message.name === directory.ownName) message.name = directory.name;
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
		message: ReturnType<typeof emptyConfig>,
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
		modelMessage: ReturnType<typeof emptyConfig>,
		version: number,
	): Promise<ModelVersion> {
		const message = this.#messageOf(request, modelMessage, version);
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
		message: ReturnType<typeof emptyConfig>,
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
		message: ReturnType<typeof emptyConfig>,
		plan: LoadPlan,
	): Promise<ModelVersion> {
		const { clock } = this.#options;
		const { files, preflight, phase, startUs } = plan;
		const { version } = files;
		const directory = { ...request.directory, path: files.directory };
		const instances: LoadedInstance[] = [];
		let config: ModelConfig | null = null;
		let labels: Map<string, string[]>;
		try {
			const { instanceGroups } = preflight;
			for (const choice of chooseDevices(
				instanceGroups,
				this.#options.devices,
			)) {
				const known = layoutOfOld(request.successorOf, choice, preflight);
				const isTried = isOpen(statedOn(choice, preflight));
				const layout =
					isTried && known !== null ? known : firstLayoutOn(choice, preflight);
				const session = await this.#loadOn(choice.device, plan, layout);
				const first = { device: choice.device, session, ...layout };
				instances.push(first);
				if (config === null) {
					phase("validating");
					config = this.#resolve(message, session, directory.name);
					request.validate?.(config, version);
					// Layouts are tried by runs.
					phase("warming");
				}
				if (isTried && known === null)
					instances[instances.length - 1] = await this.#fit(
						first,
						config,
						plan,
					);
			}
			if (config === null)
				throw new SaccadeError(
					"LOAD_FAILED",
					`no device of this server is of the kind that the instance groups of model '${directory.name}' ask for`,
				);
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
			others.length === 0 &&
			(load.providers ?? []).length === 0;
		if (arbiter === undefined || !isOnCores) return {};
		const { threadCount } = only;
		return { share: (wake) => arbiter.share({ weight, threadCount, wake }) };
	}

	async #loadOn(
		{ device }: LogicalDevice,
		{ runtime, files, preflight, phase }: LoadPlan,
		{ threadCount }: Layout,
	): Promise<Session> {
		const { onDevice, open = openAsItIs } = this.#options;
		const load: LoadOptions = {
			...(threadCount > 0 && { intraOpThreadCount: threadCount }),
			...(device.cores !== undefined && { cores: device.cores }),
			...(device.cudaIndex === null
				? preflight.load
				: loadOnGpu(preflight.load, device.cudaIndex)),
		};
		const session = await open({
			runtime,
			files,
			options: load,
			settings: preflight.saccade,
			phase,
		});
		try {
			return onDevice?.(session, device, files.bytes) ?? session;
		} catch (error) {
			session.close();
			throw error;
		}
	}

	/** The layout that trying on the device's cores shows to be best, where nothing is stated. */
	async #fit(
		first: LoadedInstance,
		config: ModelConfig,
		plan: LoadPlan,
	): Promise<LoadedInstance> {
		const { device, session } = first;
		const { kind, threadCount } = device.device;
		if (kind !== "cpu" || !plan.preflight.isBatched) return first;
		const best = await tryLayout(session, config, threadCount, first);
		if (best.threadCount === first.threadCount) return { ...first, ...best };
		session.close();
		return {
			device,
			session: await this.#loadOn(device, plan, best),
			...best,
		};
	}

	#readMessage(directory: ModelDirectory, overrideJson: string | null) {
		const { name, configText } = directory;
		const origin = `the configuration of model '${name}'`;
		if (overrideJson !== null) return parseConfigJson(overrideJson, origin);
		if (configText === null) return emptyConfig();
		return this.#parse(configText, origin);
	}

	/** The model's, and what the version has otherwise. */
	#messageOf(
		{ directory, overrideJson = null }: LoadRequest,
		message: ReturnType<typeof emptyConfig>,
		version: number,
	) {
		const text = directory.versionConfigs.get(version);
		if (text === undefined || overrideJson !== null) return message;
		const origin = `the configuration of model '${directory.name}' version ${version}`;
		const own = this.#parse(text, origin);
		if (own.name === directory.ownName) own.name = directory.name;
		return overlayConfig(message, own, origin);
	}

	#parse(text: string, origin: string) {
		const { message, unknownFields } = parseConfigText(text, origin);
		if (unknownFields.length > 0)
			this.#options.warn(
				`${origin} has fields that are not known: ${unknownFields.join(", ")}`,
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

const asTheyAre = async (files: VersionFiles): Promise<AdmittedFiles> => ({
	directory: files.directory,
	path: files.path,
	bytes: files.bytes,
	release: async () => {},
});

const openAsItIs: OpenModel = ({ runtime, files: { path }, options }) =>
	runtime.load({ kind: "file", path }, options);

interface LoadPlan {
	readonly runtime: Runtime;
	readonly files: VersionFiles;
	readonly preflight: ReturnType<typeof preflightConfig>;
	readonly phase: (phase: SwapPhase) => void;
	readonly startUs: number;
	/** It is loaded and warm: its memory can be measured. @default nobody does */
	readonly settle?: () => Promise<void>;
	readonly released?: () => void;
}

interface LoadedInstance extends Layout {
	readonly device: LogicalDevice;
	readonly session: Session;
}

type Preflight = LoadPlan["preflight"];

function statedOn({ laneCount }: DeviceChoice, { layout, saccade }: Preflight) {
	return {
		laneCount: saccade.lanes || laneCount,
		threadCount: layout.threadCount,
	};
}

/** Null: there is none, or it was made for runs of another kind. */
function layoutOfOld(
	old: ModelVersion | null | undefined,
	{ device }: DeviceChoice,
	{ isBatched }: Preflight,
): Layout | null {
	const wasBatched = old?.config.dynamicBatching != null;
	return wasBatched === isBatched ? (old?.layoutOn(device) ?? null) : null;
}

/** An accelerator runs one batch after another, and takes no threads of ours. */
function firstLayoutOn(choice: DeviceChoice, preflight: Preflight): Layout {
	const { kind, threadCount } = choice.device.device;
	const stated = statedOn(choice, preflight);
	if (kind === "cpu")
		return firstLayout(threadCount, stated, preflight.isBatched);
	return {
		threadCount: stated.threadCount || threadCount,
		laneCount: stated.laneCount || 1,
	};
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
	return new SaccadeError("LOAD_FAILED", known.message, {
		cause: error,
		...(known.details !== null && { details: known.details }),
	});
}
