// The composition root: the only place that constructs concrete classes across layers, from the inside out.
//
//   telemetry → models → streaming → services → endpoints → network → listen
//
// Stopping goes the other way: no new work → drain → unload → release.
import type { AddressInfo } from "node:net";
import { systemClock } from "../common/clock.ts";
import type { ServerOptions } from "../config/options.ts";
import { readCores } from "../devices/cores.ts";
import { createEndpoints } from "../endpoint/endpoints.ts";
import type { RegistryListener } from "../models/model-registry.ts";
import type { RepositoryWatch } from "../repository/watch/repository-watch.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { ConsoleTaps } from "../service/console/console-taps.ts";
import { SchedulingInferenceService } from "../service/inference-service.ts";
import { RegistryMetadataService } from "../service/metadata-service.ts";
import { createModelRunner } from "../service/model-runner.ts";
import type { Services } from "../service/services.ts";
import type { Logger } from "../telemetry/logger.ts";
import { SharedByteBudget } from "../tensor/byte-budget.ts";
import { SlotPool } from "../tensor/slot-pool.ts";
import { Audit, serverEvent } from "./audit/audit.ts";
import { Console } from "./console.ts";
import { loadAtStart } from "./load-at-start.ts";
import { TokenThroughput } from "./metrics/llm-metrics.ts";
import { ProcessMetrics } from "./metrics/process-metrics.ts";
import { watchModels } from "./model-watch.ts";
import { createModels, type ServerModels } from "./models.ts";
import { FrontGroup } from "./network/front-group.ts";
import { explainListen } from "./network/listen-error.ts";
import { Network } from "./network/network.ts";
import { createOpenPhase } from "./network/open-phase.ts";
import { createServices, type Phase } from "./services.ts";
import { createStreaming, type Streaming } from "./streaming.ts";
import { createTelemetry, type ServerTelemetry } from "./telemetry.ts";
import { yieldToLoop } from "./thread-priority.ts";
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
	readonly #telemetry: ServerTelemetry;
	/** Null: none is kept. */
	readonly #audit: Audit | null;
	readonly #models: ServerModels;
	readonly #streaming: Streaming;
	readonly #observers: VersionObservers;
	readonly #console: Console;
	/** One limit on bytes of request bodies, whichever thread reads them. */
	readonly #budget: SharedByteBudget;
	readonly #network: Network | FrontGroup;
	#watch: RepositoryWatch | null = null;
	#processMetrics: ProcessMetrics | null = null;
	readonly #draining = new AbortController();
	#phase: Phase = "starting";
	#closing: Promise<void> | null = null;

	constructor(options: ServerOptions, dependencies: ServerDependencies) {
		const { log } = dependencies;
		const clock = systemClock;
		const cores = readCores();
		const taps = new ConsoleTaps();
		const phase = () => this.#phase;
		this.#options = options;
		this.#log = log;
		this.#beforePortsOpen = dependencies.beforePortsOpen ?? (() => {});
		log.follow((line) => taps.logs.push(line));

		this.#telemetry = createTelemetry(options, clock, log);
		const { metrics, tracing, requestTracing } = this.#telemetry;
		this.#audit = options.audit
			? new Audit(options, {
					clock,
					log,
					metrics,
					directoryOf: (model) => this.#models.repository.directoryOf(model),
				})
			: null;

		this.#models = createModels(options, {
			clock,
			coreCount: cores.usable,
			poolThreads: dependencies.poolThreads,
			runtimes: dependencies.runtimes,
			metrics,
			listener: this.#registryListener(),
			swapListeners: this.#audit === null ? [] : [this.#audit.feed.listener],
			log,
		});
		const { registry, demand, devices, runtime } = this.#models;
		const inference = new SchedulingInferenceService(registry, clock, demand);
		const metadata = new RegistryMetadataService(
			registry,
			options.serverName,
			VERSION,
			demand,
		);

		this.#streaming = createStreaming(options, {
			clock,
			registry,
			modelRunner: createModelRunner(inference, metadata),
			telemetry: this.#telemetry,
			taps,
			log,
		});
		this.#observers = new VersionObservers({
			metrics,
			throughput: metrics === null ? null : new TokenThroughput(metrics, clock),
			tracing,
			recordings: this.#streaming.recordings,
			taps,
			log,
		});

		this.#budget = new SharedByteBudget(options.bodyBudgetBytes);
		this.#console = new Console({
			options,
			clock,
			taps,
			cpuCount: cores.usable,
			runtimeVersion: `ONNX Runtime ${runtime.version}`,
			devices: devices.manager.devices,
			metrics,
			services: () => this.services,
			network: () => this.#network.counts(),
			bodyBytes: () => this.#budget.usedBytes,
		});
		this.services = createServices(options, {
			models: this.#models,
			streaming: this.#streaming,
			telemetry: this.#telemetry,
			inference,
			metadata,
			console: this.#console,
			phase,
			onSampling: (change) => {
				if (this.#network instanceof FrontGroup) this.#network.sample(change);
			},
			log,
		});

		const endpoints = createEndpoints(
			this.services,
			createOpenPhase(options, () => phase() === "draining", requestTracing),
			// Network threads sample what they read.
			options.fronts === 0 ? (tracing?.models ?? null) : null,
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
						traceCount: requestTracing?.sampler.count.memory ?? null,
						log,
					});
	}

	async listen(): Promise<Addresses> {
		const options = this.#options;
		const { metrics, otlp } = this.#telemetry;
		this.#audit?.feed.append(serverEvent("server-started", factsOf(options)));
		// Runs of a simulated device are timers, and timers of the clock keep no process alive.
		await yieldToLoop(options.laneNice);
		const keepAlive = setInterval(() => {}, LONGEST_INTERVAL_MS);
		try {
			await loadAtStart(options, this.#models.repository);
			await this.#streaming.pipelines.prepare();
		} finally {
			clearInterval(keepAlive);
		}
		if (options.record)
			await this.#streaming.recordings.start({
				name: "",
				maxBytes: 0,
				maxSeconds: 0,
			});
		this.#beforePortsOpen();
		const addresses = await this.#openPorts();
		if (metrics !== null)
			this.#processMetrics = new ProcessMetrics(metrics, {
				budget: this.#budget,
				network: () => this.#network.counts(),
			});
		otlp?.start(Date.now() * 1000);
		this.#phase = "serving";
		this.#audit?.open();
		await this.#watchModels();
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
			sessionCount: this.#models.runtime.openSessionCount,
			bodyLeaseCount: bodyLeases,
		};
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #openPorts(): Promise<Addresses> {
		const options = this.#options;
		const { metricsPort } = this.#telemetry;
		const { foxglove } = this.#streaming;
		return {
			...(await this.#network.listen()),
			metrics:
				(await metricsPort
					?.listen(options.metricsAddress, options.metricsPort)
					.catch(explainListen("metrics", options))) ?? null,
			foxglove:
				(await foxglove?.listen().catch(explainListen("foxglove", options))) ??
				null,
		};
	}

	async #watchModels(): Promise<void> {
		const { inspector, naming, repository } = this.#models;
		if (inspector !== null)
			this.#watch = await watchModels(this.#options, {
				naming,
				repository,
				inspector,
				clock: systemClock,
				log: this.#log,
			});
		// Who closed the server meanwhile did not see it.
		if (this.#closing !== null) await this.#watch?.close();
	}

	async #shutDown(): Promise<void> {
		const { metricsPort, otlp, tracing } = this.#telemetry;
		const { registry, repository, prepared, devices, inspector, runtime } =
			this.#models;
		const { pipelines, streams, recordings, foxglove } = this.#streaming;
		const endUs = systemClock.nowUs() + this.#options.exitTimeoutS * 1e6;
		const leftMs = () => Math.max(0, (endUs - systemClock.nowUs()) / 1000);
		// Both ports stay open meanwhile: who asks hears that the server is not ready, who brings work that it goes.
		this.#phase = "draining";
		this.#draining.abort();
		const unwatched = this.#watch?.close();
		this.#network.drain();
		await within(leftMs(), registry.idle());
		this.#console.close();
		await this.#network.close(leftMs());
		await recordings.close();
		streams.close();
		await foxglove?.close();
		await pipelines.close();
		prepared.close();
		await registry.close();
		this.#audit?.feed.append(serverEvent("server-stopped", ""));
		await this.#audit?.close();
		devices.close();
		tracing?.settle();
		await otlp?.close();
		await metricsPort?.close();
		this.#processMetrics?.close();
		await repository.close();
		await unwatched;
		await inspector?.close();
		runtime.close();
		this.#phase = "closed";
	}

	#registryListener(): RegistryListener {
		const modelsChanged = () => {
			this.#network.modelsChanged();
			this.#streaming.foxglove?.modelsChanged();
		};
		return {
			versionReady: (model) => {
				modelsChanged();
				void this.#streaming.pipelines.modelReady();
				this.#observers.attach(model);
			},
			versionGone: (model) => {
				modelsChanged();
				const isReplaced = this.#models.registry
					.records(model.config.name)
					?.serving.some(({ version }) => version === model.version);
				this.#observers.detach(model, isReplaced === true);
			},
			loadFailed: (name, error) => {
				this.#log.error({ model: name }, error.message);
			},
		};
	}
}

/** What the history of models is read with. */
function factsOf(options: ServerOptions): string {
	const { modelRepositories, modelControlMode, modelIntegrity } = options;
	return `saccade ${VERSION}, control mode ${modelControlMode}, integrity ${modelIntegrity}, repositories ${modelRepositories.join(", ")}`;
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
