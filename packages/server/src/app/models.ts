// The models of a server: what runs them, where they are on disk, and which of their versions serve.
//
//   runtime → loader → swapper → registry ◀ repository
import type { Clock } from "../common/clock.ts";
import type { ServerOptions } from "../config/options.ts";
import { allowedCores } from "../devices/affinity.ts";
import { ModelDemand } from "../models/budget/model-demand.ts";
import type { ModelMemory } from "../models/budget/model-memory.ts";
import { ModelLoader } from "../models/model-loader.ts";
import {
	ModelRegistry,
	type RegistryListener,
} from "../models/model-registry.ts";
import { SwapHistory } from "../models/swap/swap-history.ts";
import { ModelSwapper } from "../models/swap/swapper.ts";
import type { SwapListener } from "../models/swap-events.ts";
import {
	flatNaming,
	type Naming,
	namespacedNaming,
} from "../repository/naming.ts";
import { Inspector } from "../repository/watch/inspector.ts";
import { FakeRuntime } from "../runtime/fake/fake-runtime.ts";
import { poolThreadsOf } from "../runtime/onnx/offload.ts";
import {
	createOnnxRuntime,
	type OnnxRuntime,
} from "../runtime/onnx/onnx-runtime.ts";
import { PreparedModels } from "../runtime/onnx/prepared/prepared-models.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { DeviceArbiter } from "../scheduling/placement/device-arbiter.ts";
import { DiskRepositoryService } from "../service/repository-service.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { MetricsRegistry } from "../telemetry/registry.ts";
import { createDevices, type ServerDevices, sessionOn } from "./devices.ts";
import { createIntegrityGate } from "./integrity.ts";
import { collectDeviceMetrics } from "./metrics/device-metrics.ts";
import { SwapMetrics } from "./metrics/swap-metrics.ts";
import { collectMemoryMetrics, createModelMemory } from "./model-memory.ts";
import { followsDisk } from "./model-watch.ts";
import { preparedFolder } from "./state-folder.ts";
import { swapLog } from "./swap-log.ts";

export interface ModelsContext {
	readonly clock: Clock;
	/** That the process may use. */
	readonly coreCount: number;
	/** libuv's pool size, as the launcher set it. */
	readonly poolThreads: string | undefined;
	/** Backends beside the server's own, by name; they win over its own. */
	readonly runtimes: ReadonlyMap<string, Runtime> | undefined;
	/** Null: there are none. */
	readonly metrics: MetricsRegistry | null;
	/** Of versions that come and go. */
	readonly listener: RegistryListener;
	/** Of loads and swaps, besides the history, the log and the metrics. */
	readonly swapListeners: readonly SwapListener[];
	readonly log: Logger;
}

export interface ServerModels {
	readonly runtime: OnnxRuntime;
	readonly prepared: PreparedModels;
	readonly devices: ServerDevices;
	readonly registry: ModelRegistry;
	readonly naming: Naming;
	readonly repository: DiskRepositoryService;
	/** Null: nobody follows what becomes of the repositories. */
	readonly inspector: Inspector | null;
	/** Null: no model loads because it is asked for. */
	readonly demand: ModelDemand | null;
}

/** None where the process has a quota of more cores than it: which of them others keep busy, nobody here knows. */
function coresToKeep(coreCount: number): readonly number[] {
	const allowed = allowedCores() ?? [];
	return allowed.length === coreCount ? allowed : [];
}

export function createModels(
	options: ServerOptions,
	context: ModelsContext,
): ServerModels {
	const { clock, coreCount, metrics, log } = context;
	const runtime = createOnnxRuntime({
		...(options.onnxLibrary !== "" && { libraryPath: options.onnxLibrary }),
		poolThreads: poolThreadsOf(context.poolThreads),
		intraOpThreadCount: coreCount,
		coreEach: coresToKeep(coreCount),
		threadNice: options.laneNice,
	});
	const prepared = new PreparedModels({
		mode: options.preparedModels,
		folder: preparedFolder(options),
		maxBytes: options.preparedMaxBytes,
		runtime,
		libraryPath: options.onnxLibrary || null,
		warn: (text) => log.warn({}, text),
	});
	const devices = createDevices(options, {
		clock,
		coreCount,
		hasCuda: runtime.availableProviders().includes("cuda"),
		log,
	});
	const registry = new ModelRegistry(context.listener, clock);
	const memory = createModelMemory(options, devices.manager.devices, {
		idle: () => registry.idleModels(),
		evict: (model) => swapper.evict(model),
	});
	const swapper = new ModelSwapper({
		registry,
		loader: createLoader(options, context, {
			runtime,
			prepared,
			devices,
			memory,
		}),
		clock,
		loadCount: options.modelLoadCount,
	});
	const history = new SwapHistory();
	const inspector = followsDisk(options) ? new Inspector() : null;
	const naming = options.modelNamespacing
		? namespacedNaming(options.modelRepositories)
		: flatNaming(options.modelRepositories);
	const repository = new DiskRepositoryService(
		{
			repositories: options.modelRepositories,
			isExplicit: options.modelControlMode === "explicit",
			history,
			...(inspector !== null && { inspector }),
			configName: options.modelConfigName,
			naming,
		},
		registry,
		swapper,
	);
	swapper.subscribe(history.listener);
	swapper.subscribe(swapLog(log));
	for (const listener of context.swapListeners) swapper.subscribe(listener);
	if (metrics !== null) {
		const isOnDisk = (model: string) =>
			repository.index(false).some(({ name }) => name === model);
		swapper.subscribe(new SwapMetrics(metrics, isOnDisk).listener);
		collectDeviceMetrics(metrics, devices.manager, clock);
		if (memory !== null) collectMemoryMetrics(metrics, memory, devices.manager);
	}
	const demand = options.loadOnDemand
		? new ModelDemand({
				absent: (name) => repository.absent(name),
				load: (name) => repository.loadFromDisk(name, "demand"),
				clock,
			})
		: null;
	return {
		runtime,
		prepared,
		devices,
		registry,
		naming,
		repository,
		inspector,
		demand,
	};
}

function createLoader(
	options: ServerOptions,
	{ clock, coreCount, runtimes, log }: ModelsContext,
	{
		runtime: onnx,
		prepared,
		devices,
		memory,
	}: Pick<ServerModels, "runtime" | "prepared" | "devices"> & {
		/** Null: unlimited. */
		readonly memory: ModelMemory | null;
	},
): ModelLoader {
	const integrity = createIntegrityGate(options);
	return new ModelLoader({
		runtimes: new Map<string, Runtime>([
			["onnxruntime", onnx],
			["fake", new FakeRuntime(clock)],
			...(runtimes ?? []),
		]),
		clock,
		autoComplete: !options.disableAutoComplete,
		defaultMaxBatchSize: options.defaultMaxBatchSize,
		devices: devices.manager,
		onDevice: sessionOn,
		open: ({ runtime, files: { path, bytes }, options, settings, phase }) =>
			runtime === onnx
				? prepared.open({
						path,
						bytes,
						options,
						weights: settings.weights,
						phase,
					})
				: runtime.load({ kind: "file", path }, options),
		arbiter: new DeviceArbiter(coreCount),
		policy: options.schedulingPolicy,
		...(memory !== null && {
			memory,
			residentBytes: () => process.memoryUsage.rss(),
		}),
		...(integrity !== null && {
			admit: (files) => integrity.admit(files),
		}),
		warn: (text) => log.warn({}, text),
	});
}
