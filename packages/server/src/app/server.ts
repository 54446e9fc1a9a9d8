// The composition root: the only place that constructs concrete classes across layers, from the inside out.
//
//   runtime → loader → registry → services → endpoints → transports → listen
//
// Stopping goes the other way: no new work → drain → unload → release.
import type { AddressInfo } from "node:net";
import { systemClock } from "../common/clock.ts";
import { offsetToSharedUs } from "../common/shared-clock.ts";
import type { ServerOptions } from "../config/options.ts";
import { readCores } from "../devices/cores.ts";
import { createEndpoints } from "../endpoint/endpoints.ts";
import { toSaccadeError } from "../errors/saccade-error.ts";
import { ModelDemand } from "../models/budget/model-demand.ts";
import { ModelLoader } from "../models/model-loader.ts";
import {
	ModelRegistry,
	type RegistryListener,
} from "../models/model-registry.ts";
import { SwapHistory } from "../models/swap/swap-history.ts";
import { ModelSwapper } from "../models/swap/swapper.ts";
import { bundledPipelines } from "../pipelines/bundled/bundled-pipelines.ts";
import { DeclaredPipelines } from "../pipelines/declared-pipelines.ts";
import {
	flatNaming,
	type Naming,
	namespacedNaming,
} from "../repository/naming.ts";
import { Inspector } from "../repository/watch/inspector.ts";
import type { RepositoryWatch } from "../repository/watch/repository-watch.ts";
import { FakeRuntime } from "../runtime/fake/fake-runtime.ts";
import { poolThreadsOf } from "../runtime/onnx/offload.ts";
import {
	createOnnxRuntime,
	type OnnxRuntime,
} from "../runtime/onnx/onnx-runtime.ts";
import { PreparedModels } from "../runtime/onnx/prepared/prepared-models.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { DeviceArbiter } from "../scheduling/device-arbiter.ts";
import { ConsoleTaps } from "../service/console/console-taps.ts";
import { RegistryHealthService } from "../service/health-service.ts";
import type { InferenceService } from "../service/inference.ts";
import { SchedulingInferenceService } from "../service/inference-service.ts";
import { RegistryMetadataService } from "../service/metadata-service.ts";
import { createModelRunner } from "../service/model-runner.ts";
import { DiskRepositoryService } from "../service/repository-service.ts";
import type { MetadataService, Services } from "../service/services.ts";
import { MemorySettings } from "../service/settings.ts";
import { createStreamService } from "../service/stream-service.ts";
import { createTraceService } from "../service/trace-service.ts";
import { Journal } from "../streams/journal.ts";
import { journaledRunner } from "../streams/journaled-runner.ts";
import { journaledThreads } from "../streams/journaled-threads.ts";
import type { StreamSet } from "../streams/stream-set.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { OtlpExport } from "../telemetry/otlp/otlp-export.ts";
import { MetricsRegistry } from "../telemetry/registry.ts";
import type { HeadSampler } from "../telemetry/tracing/head-sampler.ts";
import { SharedByteBudget } from "../tensor/byte-budget.ts";
import { SlotPool } from "../tensor/slot-pool.ts";
import {
	createMetricsTransport,
	type MetricsTransport,
} from "../transport/metrics/server.ts";
import { Audit, serverEvent } from "./audit.ts";
import { Console } from "./console.ts";
import { collectDeviceMetrics } from "./device-metrics.ts";
import { createDevices, type ServerDevices, sessionOn } from "./devices.ts";
import { Foxglove } from "./foxglove/foxglove.ts";
import { collectFoxgloveMetrics } from "./foxglove/metrics.ts";
import { FrontGroup } from "./front-group.ts";
import { createIntegrityGate } from "./integrity.ts";
import { explainListen } from "./listen-error.ts";
import { TokenThroughput } from "./llm-metrics.ts";
import { metricsFormats } from "./metrics-formats.ts";
import { collectMemoryMetrics, createModelMemory } from "./model-memory.ts";
import { followsDisk, watchModels } from "./model-watch.ts";
import { Network } from "./network.ts";
import { createOpenPhase } from "./open-phase.ts";
import { ProcessMetrics } from "./process-metrics.ts";
import { collectRecordingMetrics } from "./recording-metrics.ts";
import { Recordings } from "./recordings.ts";
import { preparedFolder, recordingsFolder } from "./state-folder.ts";
import { createStreams, pipelineNames } from "./streams.ts";
import { swapLog } from "./swap-log.ts";
import { SwapMetrics } from "./swap-metrics.ts";
import { yieldToLoop } from "./thread-priority.ts";
import {
	collectTelemetryMetrics,
	createOtlpExport,
	exportOf,
} from "./tracing/otlp.ts";
import {
	createTracing,
	isTraced,
	Tracing,
	traceSettings,
} from "./tracing/tracing.ts";
import { VERSION } from "./version.ts";
import { VersionObservers } from "./version-observers.ts";

/** Where the server listens; null: not served. */
export interface Addresses {
	readonly http: AddressInfo | null;
	readonly grpc: AddressInfo | null;
	readonly metrics: AddressInfo | null;
	readonly foxglove: AddressInfo | null;
}

/** What is open now: all zero once the server is closed. */
interface OpenResources {
	readonly connectionCount: number;
	readonly sessionCount: number;
	/** Leases on request bodies. */
	readonly bodyLeaseCount: number;
}

type Phase = "starting" | "serving" | "draining" | "closed";

export interface Server {
	/** Loads what is to be served, then opens the ports. Throws LOAD_FAILED, or the listener's error. */
	listen(): Promise<Addresses>;
	/** Not ready first, then no new work, then what is under way finishes (at most the exit timeout). */
	close(): Promise<void>;
	resources(): OpenResources;
	readonly services: Services;
	[Symbol.asyncDispose](): Promise<void>;
}

export interface ServerDependencies {
	readonly log: Logger;
	/** libuv's pool size, as the launcher set it: `UV_THREADPOOL_SIZE`. */
	readonly poolThreads?: string | undefined;
	/** Backends beside the server's own, by the name that a model's configuration has for them; they win over its own. */
	readonly runtimes?: ReadonlyMap<string, Runtime>;
	/** When everything is loaded and nobody is served yet. */
	readonly beforePortsOpen?: () => void;
}

const LONGEST_INTERVAL_MS = 0x7fff_ffff;

export function createServer(
	options: ServerOptions,
	dependencies: ServerDependencies,
): Server {
	return new SaccadeServer(options, dependencies);
}

class SaccadeServer implements Server {
	readonly services: Services;
	readonly #options: ServerOptions;
	readonly #log: Logger;
	readonly #beforePortsOpen: () => void;
	readonly #runtime: OnnxRuntime;
	readonly #prepared: PreparedModels;
	readonly #devices: ServerDevices;
	readonly #registry: ModelRegistry;
	readonly #naming: Naming;
	readonly #repository: DiskRepositoryService;
	/** Null: nobody follows what becomes of the repositories. */
	readonly #inspector: Inspector | null;
	#watch: RepositoryWatch | null = null;
	readonly #pipelines: DeclaredPipelines;
	readonly #streams: StreamSet;
	readonly #recordings: Recordings;
	/** Null: none is kept. */
	readonly #audit: Audit | null;
	readonly #taps = new ConsoleTaps();
	readonly #console: Console;
	/** One limit on bytes of request bodies, whichever thread reads them. */
	readonly #budget: SharedByteBudget;
	readonly #network: Network | FrontGroup;
	readonly #foxglove: Foxglove | null;
	readonly #metrics: MetricsRegistry | null;
	readonly #metricsPort: MetricsTransport | null;
	readonly #swapMetrics: SwapMetrics | null;
	/** Null: nothing is sent. */
	readonly #otlp: OtlpExport | null;
	/** Of requests that this thread reads itself; null: nobody traces. */
	readonly #requestSampler: HeadSampler | null;
	/** Null: nobody explains, and nobody exports. */
	readonly #tracing: Tracing | null;
	readonly #observers: VersionObservers;
	#processMetrics: ProcessMetrics | null = null;
	readonly #draining = new AbortController();
	#phase: Phase = "starting";
	#closing: Promise<void> | null = null;

	constructor(options: ServerOptions, dependencies: ServerDependencies) {
		this.#options = options;
		this.#log = dependencies.log;
		this.#log.follow((line) => this.#taps.logs.push(line));
		this.#beforePortsOpen = dependencies.beforePortsOpen ?? (() => {});
		const clock = systemClock;
		const cores = readCores();
		const metrics = options.allowMetrics ? new MetricsRegistry() : null;
		this.#metrics = metrics;
		this.#metricsPort =
			metrics === null ? null : createMetricsTransport(metricsFormats(metrics));
		this.#otlp = createOtlpExport(options.otlp, metrics, this.#log);
		const requestTracing = createTracing(options, clock);
		this.#requestSampler = requestTracing?.sampler ?? null;
		this.#tracing = isTraced(options)
			? new Tracing({
					clock,
					metrics,
					ratio: options.traceSampleRatio,
					keeps: options.traceStore,
					log: this.#log,
					export: exportOf(this.#otlp, options.otlp),
				})
			: null;
		this.#audit = options.audit
			? new Audit(options, {
					clock,
					log: this.#log,
					metrics,
					directoryOf: (model) => this.#repository.directoryOf(model),
				})
			: null;
		if (metrics !== null)
			collectTelemetryMetrics(metrics, this.#otlp, this.#tracing);
		this.#runtime = createOnnxRuntime({
			...(options.onnxLibrary !== "" && { libraryPath: options.onnxLibrary }),
			poolThreads: poolThreadsOf(dependencies.poolThreads),
			intraOpThreadCount: cores.usable,
			threadNice: options.laneNice,
		});
		this.#prepared = new PreparedModels({
			mode: options.preparedModels,
			folder: preparedFolder(options),
			maxBytes: options.preparedMaxBytes,
			runtime: this.#runtime,
			libraryPath: options.onnxLibrary || null,
			warn: (text) => this.#log.warn({}, text),
		});
		this.#devices = createDevices(options, {
			clock,
			coreCount: cores.usable,
			hasCuda: this.#runtime.availableProviders().includes("cuda"),
			log: this.#log,
		});
		this.#swapMetrics =
			metrics === null
				? null
				: new SwapMetrics(metrics, (model) =>
						this.#repository.index(false).some(({ name }) => name === model),
					);
		if (metrics !== null)
			collectDeviceMetrics(metrics, this.#devices.manager, clock);
		this.#naming = options.modelNamespacing
			? namespacedNaming(options.modelRepositories)
			: flatNaming(options.modelRepositories);
		this.#registry = new ModelRegistry(this.#registryEvents(), clock);
		const memory = createModelMemory(options, this.#devices.manager.devices, {
			idle: () => this.#registry.idleModels(),
			evict: (model) => swapper.evict(model),
		});
		if (metrics !== null && memory !== null)
			collectMemoryMetrics(metrics, memory, this.#devices.manager);
		const integrity = createIntegrityGate(options);
		const loader = new ModelLoader({
			runtimes: new Map<string, Runtime>([
				["onnxruntime", this.#runtime],
				["fake", new FakeRuntime(clock)],
				...(dependencies.runtimes ?? []),
			]),
			clock,
			autoComplete: !options.disableAutoComplete,
			defaultMaxBatchSize: options.defaultMaxBatchSize,
			devices: this.#devices.manager,
			onDevice: sessionOn,
			open: ({ runtime, files: { path, bytes }, options, settings, phase }) =>
				runtime === this.#runtime
					? this.#prepared.open({
							path,
							bytes,
							options,
							weights: settings.weights,
							phase,
						})
					: runtime.load({ kind: "file", path }, options),
			arbiter: new DeviceArbiter(cores.usable),
			policy: options.schedulingPolicy,
			...(memory !== null && {
				memory,
				residentBytes: () => process.memoryUsage.rss(),
			}),
			...(integrity !== null && {
				admit: (files) => integrity.admit(files),
			}),
			warn: (text) => this.#log.warn({}, text),
		});
		const swapper = new ModelSwapper({
			registry: this.#registry,
			loader,
			clock,
			loadCount: options.modelLoadCount,
		});
		const history = new SwapHistory();
		swapper.subscribe(history.listener);
		swapper.subscribe(swapLog(this.#log));
		if (this.#audit !== null) swapper.subscribe(this.#audit.feed.listener);
		if (this.#swapMetrics !== null)
			swapper.subscribe(this.#swapMetrics.listener);
		this.#inspector = followsDisk(options) ? new Inspector() : null;
		this.#repository = new DiskRepositoryService(
			{
				repositories: options.modelRepositories,
				isExplicit: options.modelControlMode === "explicit",
				history,
				...(this.#inspector !== null && { inspector: this.#inspector }),
				configName: options.modelConfigName,
				naming: this.#naming,
			},
			this.#registry,
			swapper,
		);
		this.#budget = new SharedByteBudget(options.bodyBudgetBytes);
		const demand = options.loadOnDemand
			? new ModelDemand({
					absent: (name) => this.#repository.absent(name),
					load: (name) => this.#repository.loadFromDisk(name, "demand"),
					clock,
				})
			: null;
		const inference = new SchedulingInferenceService(
			this.#registry,
			clock,
			demand,
		);
		const journal = new Journal();
		const hostOffsetUs = offsetToSharedUs(clock);
		this.#recordings = new Recordings({
			clock,
			journal,
			folder: recordingsFolder(options.stateDir),
			maxBytes: options.recordMaxBytes,
			hostOffsetUs,
			server: `saccade ${VERSION}`,
			openStreams: () => this.#streams.streams,
			log: this.#log,
		});
		this.#observers = new VersionObservers({
			metrics,
			throughput: metrics === null ? null : new TokenThroughput(metrics, clock),
			tracing: this.#tracing,
			recordings: this.#recordings,
			taps: this.#taps,
			log: this.#log,
		});
		if (metrics !== null) collectRecordingMetrics(metrics, this.#recordings);
		const metadata = new RegistryMetadataService(
			this.#registry,
			options.serverName,
			VERSION,
			demand,
		);
		const modelRunner = journaledRunner(
			createModelRunner(inference, metadata),
			journal,
		);
		this.#pipelines = new DeclaredPipelines({
			definitions: options.pipelines,
			bundled: bundledPipelines(),
			wrapThreads: journaledThreads(journal),
			stepFiles: options.stepFiles,
			runner: modelRunner,
			clock,
			log: {
				info: (text) => this.#log.info({}, text),
				warn: (text) => this.#log.warn({}, text),
			},
		});
		this.#foxglove = options.foxglove
			? new Foxglove({
					options,
					server: `${options.serverName} ${VERSION}`,
					streams: () => this.#streams,
					models: () =>
						this.#registry
							.serving()
							.map((model) => `${model.config.name}/${model.versionText}`),
					pipelines: () => pipelineNames(this.#pipelines),
				})
			: null;
		if (metrics !== null) collectFoxgloveMetrics(metrics, this.#foxglove);
		this.#streams = createStreams({
			clock,
			pipelines: this.#pipelines,
			modelRunner,
			hostOffsetUs,
			journal,
			metrics,
			tracer: this.#tracing?.frames ?? null,
			watchers: [
				this.#recordings.observer,
				...(this.#foxglove === null ? [] : [this.#foxglove.observer]),
				this.#taps,
			],
			log: this.#log,
		});
		this.#console = new Console({
			options,
			clock,
			taps: this.#taps,
			cpuCount: cores.usable,
			runtimeVersion: `ONNX Runtime ${this.#runtime.version}`,
			devices: this.#devices.manager.devices,
			metrics,
			services: () => this.services,
			network: () => this.#network.counts(),
			bodyBytes: () => this.#budget.usedBytes,
		});
		this.services = this.#createServices(inference, metadata, journal);
		const endpoints = createEndpoints(
			this.services,
			createOpenPhase(
				options,
				() => this.#phase === "draining",
				requestTracing,
			),
			this.#tracing?.models ?? null,
		);
		this.#network =
			options.fronts === 0
				? new Network(options, {
						endpoints,
						pool: new SlotPool(this.#budget),
						clock,
						draining: this.#draining.signal,
					})
				: new FrontGroup({
						options,
						endpoints,
						budget: this.#budget,
						log: this.#log,
					});
	}

	async listen(): Promise<Addresses> {
		this.#audit?.feed.append(
			serverEvent("server-started", factsOf(this.#options)),
		);
		// Runs of a simulated device are timers, and timers of the clock keep no process alive.
		await yieldToLoop(this.#options.laneNice);
		const keepAlive = setInterval(() => {}, LONGEST_INTERVAL_MS);
		try {
			await this.#loadModels();
			await this.#pipelines.prepare();
		} finally {
			clearInterval(keepAlive);
		}
		if (this.#options.record)
			await this.#recordings.start({ name: "", maxBytes: 0, maxSeconds: 0 });
		this.#beforePortsOpen();
		const addresses: Addresses = {
			...(await this.#network.listen()),
			metrics:
				(await this.#metricsPort
					?.listen(this.#options.metricsAddress, this.#options.metricsPort)
					.catch(explainListen("metrics", this.#options))) ?? null,
			foxglove:
				(await this.#foxglove
					?.listen()
					.catch(explainListen("foxglove", this.#options))) ?? null,
		};
		if (this.#metrics !== null)
			this.#processMetrics = new ProcessMetrics(this.#metrics, {
				budget: this.#budget,
				network: () => this.#network.counts(),
			});
		this.#otlp?.start(Date.now() * 1000);
		this.#phase = "serving";
		this.#audit?.open();
		if (this.#inspector !== null)
			this.#watch = await watchModels(this.#options, {
				naming: this.#naming,
				repository: this.#repository,
				inspector: this.#inspector,
				clock: systemClock,
				log: this.#log,
			});
		// Who closed it meanwhile did not see it.
		if (this.#closing !== null) await this.#watch?.close();
		return addresses;
	}

	close(): Promise<void> {
		this.#closing ??= this.#shutDown();
		return this.#closing;
	}

	resources(): OpenResources {
		const { httpConnections, grpcConnections, bodyLeases } =
			this.#network.counts();
		return {
			connectionCount: httpConnections + grpcConnections,
			sessionCount: this.#runtime.openSessionCount,
			bodyLeaseCount: bodyLeases,
		};
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #shutDown(): Promise<void> {
		const endUs = systemClock.nowUs() + this.#options.exitTimeoutS * 1e6;
		const leftMs = () => Math.max(0, (endUs - systemClock.nowUs()) / 1000);
		// Both ports stay open meanwhile: who asks hears that the server is not ready, who brings work that it goes.
		this.#phase = "draining";
		this.#draining.abort();
		const unwatched = this.#watch?.close();
		this.#network.drain();
		await within(leftMs(), this.#registry.idle());
		this.#console.close();
		await this.#network.close(leftMs());
		await this.#recordings.close();
		this.#streams.close();
		await this.#foxglove?.close();
		await this.#pipelines.close();
		this.#prepared.close();
		await this.#registry.close();
		this.#audit?.feed.append(serverEvent("server-stopped", ""));
		await this.#audit?.close();
		this.#devices.close();
		await this.#otlp?.close();
		await this.#metricsPort?.close();
		this.#processMetrics?.close();
		await this.#repository.close();
		await unwatched;
		await this.#inspector?.close();
		this.#runtime.close();
		this.#phase = "closed";
	}

	#createServices(
		inference: InferenceService,
		metadata: MetadataService,
		journal: Journal,
	): Services {
		const { strictReadiness, loadOnDemand } = this.#options;
		const phase = () => this.#phase;
		return {
			inference,
			streams: createStreamService(this.#streams, journal),
			recordings: this.#recordings,
			metadata,
			pipelines: { explain: () => this.#pipelines.explain() },
			traces: createTraceService(
				this.#options.traceStore ? (this.#tracing?.store ?? null) : null,
			),
			console: this.#console,
			repository: this.#repository,
			health: new RegistryHealthService(
				this.#registry,
				{
					get isServing() {
						return phase() === "serving";
					},
					get isDraining() {
						return phase() === "draining";
					},
				},
				// Where models load when they are asked for, none should serve before.
				strictReadiness && !loadOnDemand,
			),
			settings: new MemorySettings({
				trace: traceSettings(this.#options),
				tracing: this.#tracing?.sampling(this.#requestSampler) ?? null,
				modelExists: (name) => this.#registry.records(name) !== null,
				onLogging: (settings) =>
					this.#log.setLevel(
						logLevel(
							Number(settings.get("log_verbose_level")),
							settings.get("log_info") === true,
						),
					),
			}),
		};
	}

	#registryEvents(): RegistryListener {
		const modelsChanged = () => {
			this.#network.modelsChanged();
			this.#foxglove?.modelsChanged();
		};
		return {
			versionReady: (model) => {
				modelsChanged();
				void this.#pipelines.modelReady();
				this.#observers.attach(model);
			},
			versionGone: (model) => {
				modelsChanged();
				const isReplaced = this.#registry
					.records(model.config.name)
					?.serving.some(({ version }) => version === model.version);
				this.#observers.detach(model, isReplaced === true);
			},
			loadFailed: (name, error) => {
				this.#log.error({ model: name }, error.message);
			},
		};
	}

	/** Control mode `explicit`: what was asked for. The others: everything. */
	async #loadModels(): Promise<void> {
		const { modelControlMode, loadModels, exitOnError, loadOnDemand } =
			this.#options;
		const onDisk = await this.#repository.refresh();
		const all =
			(modelControlMode !== "explicit" && !loadOnDemand) ||
			loadModels.includes("*");
		const names = all ? onDisk : loadModels;
		for (const name of names) {
			try {
				await this.#repository.loadFromDisk(name);
			} catch (error) {
				if (exitOnError) throw toSaccadeError(error);
			}
		}
	}
}

/** What the history of models is read with. */
function factsOf(options: ServerOptions): string {
	const { modelRepositories, modelControlMode, modelIntegrity } = options;
	return `saccade ${VERSION}, control mode ${modelControlMode}, integrity ${modelIntegrity}, repositories ${modelRepositories.join(", ")}`;
}

export function logLevel(verbose: number, info: boolean) {
	if (verbose > 0) return "debug";
	return info ? "info" : "warn";
}

/** Resolves when `work` does, or when the time is over. */
async function within(ms: number, work: Promise<void>): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const over = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, ms);
	});
	await Promise.race([work, over]);
	clearTimeout(timer);
}
