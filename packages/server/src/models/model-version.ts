// One loaded version of a model: takes requests in, and puts together where they wait (a scheduler), where they run
// (devices, and lanes on each) and how they end (outcomes). Its states: version/model-state.ts.
import type { Clock } from "../common/clock.ts";
import { LoopTurns } from "../common/loop-turns.ts";
import type { LogicalDevice } from "../devices/device-manager.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { ModelConfig } from "../repository/model-config.ts";
import type { Session } from "../runtime/runtime.ts";
import type { BatchScheduler } from "../scheduling/batch-scheduler.ts";
import type { DeviceShare } from "../scheduling/placement/device-arbiter.ts";
import type { SchedulerStats } from "../scheduling/scheduler.ts";
import type { RequestTrace } from "../telemetry/tracing/request-trace.ts";
import type { ModelEntry } from "./entry.ts";
import { BatchExecutor } from "./execution/batch-executor.ts";
import { ShapeFit } from "./execution/shape-fit.ts";
import type { Layout } from "./loading/layout.ts";
import type { ModelObservers } from "./model-events.ts";
import { Reservoir } from "./swap/reservoir.ts";
import { ModelInstance } from "./version/model-instance.ts";
import { canFollow, type ModelState } from "./version/model-state.ts";
import { Outcomes } from "./version/outcomes.ts";
import { refusalError } from "./version/refusal-error.ts";
import type { VersionStatistics } from "./version/statistics.ts";
import { VersionDevices } from "./version/version-devices.ts";
import { VersionRuns } from "./version/version-runs.ts";
import {
	createVersionScheduler,
	type SchedulingPolicyName,
} from "./version/version-scheduler.ts";

/** Of its share of the device, until it is ready. */
const WARMING_WEIGHT = 0.1;

export interface ModelVersionOptions {
	readonly config: ModelConfig;
	readonly version: number;
	/** One for each device that it runs on, at least one; or two of one device: see `LayoutSwitch`. */
	readonly instances: readonly {
		readonly device: LogicalDevice;
		readonly session: Session;
		readonly laneCount: number;
		/** Of one run; 0: the backend's own choice. @default 0 */
		readonly threadCount?: number;
	}[];
	readonly clock: Clock;
	/** Of the device that other models use too; see `BatchSchedulerOptions`. */
	readonly share?: (wake: () => void) => DeviceShare;
	readonly policy: SchedulingPolicyName;
	readonly labels: ReadonlyMap<string, readonly string[]>;
	readonly loadedInUs: number;
	/** Its memory is given back. */
	readonly onReleased?: () => void;
}

export class ModelVersion {
	readonly config: ModelConfig;
	readonly version: number;
	readonly versionText: string;
	/** Of the first instance: the signature is that of all. */
	readonly session: Session;
	readonly labels: ReadonlyMap<string, readonly string[]>;
	/** When a request was taken last, or when it was loaded. */
	lastUsedUs: number;
	readonly loadedInUs: number;
	/** Names the content of its files; null: it was not taken. Set by whoever reads them. */
	digest: string | null = null;
	/** Its configuration came with the request to load it, and stands for what is on disk no more than until the next. */
	isOverridden = false;
	/** Recent requests, for the comparison with a later version; null: none are kept. */
	readonly reservoir: Reservoir | null;
	/** Null: shapes are taken as they come. */
	readonly fit: ShapeFit | null;
	readonly #clock: Clock;
	readonly #onReleased: () => void;
	readonly #devices: VersionDevices;
	readonly #executor: BatchExecutor;
	readonly #scheduler: BatchScheduler<ModelEntry>;
	readonly #outcomes: Outcomes;
	readonly #turns: LoopTurns;
	/** Null: nobody else uses its device. */
	#share: DeviceShare | null = null;
	#state: ModelState = { kind: "loading" };

	constructor(options: ModelVersionOptions) {
		const { config, clock } = options;
		this.config = config;
		this.version = options.version;
		this.versionText = String(options.version);
		const instances = options.instances.map(
			(instance) => new ModelInstance({ ...instance, config, clock }),
		);
		this.#devices = new VersionDevices(instances);
		this.session = instances[0]!.session;
		this.fit = ShapeFit.of(config, this.session);
		const { shadow } = config.saccade.swap;
		this.reservoir = shadow.sampleCount > 0 ? new Reservoir(shadow) : null;
		this.labels = options.labels;
		this.loadedInUs = options.loadedInUs;
		this.lastUsedUs = clock.nowUs();
		this.#onReleased = options.onReleased ?? (() => {});
		this.#clock = clock;
		this.#outcomes = new Outcomes(clock);
		this.#turns = new LoopTurns({ nowUs: () => clock.nowUs() });
		const runs = new VersionRuns({
			config,
			clock,
			devices: this.#devices,
			fit: this.fit,
			outcomes: this.#outcomes,
			scheduler: () => this.#scheduler,
			isWarming: () => this.#state.kind === "warming",
		});
		this.#executor = new BatchExecutor(runs.lanes());
		this.#scheduler = createVersionScheduler(
			config,
			options.policy,
			this.#devices,
			{
				clock,
				executor: this.#executor,
				events: this.#outcomes,
				...(options.share && { share: this.#shareBy(options.share) }),
				loopDelayUs: () => this.#turns.delayUs,
			},
		);
		this.#devices.follow(this.#scheduler);
	}

	get state(): ModelState {
		return this.#state;
	}

	get isReady(): boolean {
		return this.#state.kind === "ready";
	}

	/** The only place where the state changes. */
	setState(state: ModelState): void {
		if (!canFollow(this.#state, state))
			throw new SaccadeError(
				"INTERNAL",
				`a model version cannot go from ${this.#state.kind} to ${state.kind}`,
			);
		this.#state = state;
		if (state.kind !== "ready") return;
		this.#share?.setWeight(this.config.saccade.weight);
		this.#devices.beginService();
		this.#outcomes.beginService();
	}

	/** Set by whoever watches. */
	get observers(): ModelObservers {
		return this.#outcomes.observers;
	}

	/** Counts from `ready` on: warm-up is not service. */
	get statistics(): VersionStatistics {
		return this.#outcomes.statistics;
	}

	// ── requests ─────────────────────────────────────────────────────────────────────────────────────────

	/** Why a request of this deadline would be refused if it came now; null when it may come. */
	foresee(deadlineUs: number): SaccadeError | null {
		this.#turns.touch();
		const refusal = this.#scheduler.foresee(deadlineUs);
		return refusal === null
			? null
			: refusalError(refusal.because, refusal.detail);
	}

	submit(entry: ModelEntry): void {
		this.lastUsedUs = entry.receivedUs;
		if (this.reservoir !== null && this.isReady)
			this.reservoir.offer(entry, this.#clock.nowUs());
		this.#scheduler.submit(entry);
	}

	/** The caller left: dropped from the queue, or stopped when its whole batch is abandoned. Told as CANCELLED. */
	cancel(entry: ModelEntry): void {
		if (this.#scheduler.cancel(entry)) return;
		if (entry.state !== "running" || entry.endedAs !== null) return;
		this.#outcomes.endedEarly(
			entry,
			new SaccadeError("CANCELLED", "the request was cancelled while it ran"),
		);
		this.#executor.abandon(entry);
	}

	/** Counts a request for this version that ended before it was submitted; who refused it tells it. */
	turnedAway(
		error: SaccadeError,
		receivedUs: number,
		trace: RequestTrace | null = null,
	): void {
		this.#outcomes.turnedAway(error, receivedUs, trace);
	}

	queueStats(): SchedulerStats {
		return this.#scheduler.stats();
	}

	/** A request waits or runs. */
	get isInUse(): boolean {
		const { queuedCount, runningBatches } = this.#scheduler.stats();
		return queuedCount > 0 || runningBatches > 0;
	}

	/** Resolves when nothing waits and nothing runs. */
	idle(): Promise<void> {
		return this.#scheduler.idle();
	}

	// ── its end ──────────────────────────────────────────────────────────────────────────────────────────

	/** Finishes what was accepted, then releases everything. */
	async unload(): Promise<void> {
		this.setState({ kind: "draining" });
		await this.#scheduler.drain();
		await this.#devices.leave();
		this.#release();
		this.setState({ kind: "unloaded" });
	}

	/** Gives up before `ready`. */
	fail(error: SaccadeError): void {
		this.setState({ kind: "failed", error });
		this.#release();
	}

	#release(): void {
		this.#scheduler.close();
		this.#executor.close();
		this.#devices.close();
		this.#onReleased();
	}

	// ── warming up, and its successor ────────────────────────────────────────────────────────────────────

	/** Positions of the devices that runs can be warmed on: see `warmOnly`. */
	get deviceIndices(): readonly number[] {
		return this.#devices.healthy;
	}

	/** Until the next call, batches go to this device alone. Null: to where they end first. */
	warmOnly(device: number | null): void {
		this.#devices.warmOnly(device);
	}

	/** The shortest run of one row while it was warmed, in µs; null: there was none. */
	get warmRowUs(): number | null {
		return this.#devices.instances[0]!.warmRowUs;
	}

	/** Its lanes, and the threads of each, on the device, in the order of its instances; empty: it does not run there. */
	layoutsOn(device: LogicalDevice): Layout[] {
		return this.#devices.layoutsOn(device);
	}

	/** What it was not warmed with is believed to take what it takes the version that it follows. */
	inheritTimes(from: ModelVersion): void {
		this.#devices.inheritTimes(from.#devices);
	}

	/** While it warms up, those who are served go first. */
	#shareBy(
		share: NonNullable<ModelVersionOptions["share"]>,
	): NonNullable<ModelVersionOptions["share"]> {
		return (wake) => {
			const own = share(wake);
			own.setWeight(this.config.saccade.weight * WARMING_WEIGHT);
			this.#share = own;
			return own;
		};
	}
}
