// One loaded version of a model: its instances on devices, its scheduler and its counts.
import { ERROR_CODES, type RefusalReason } from "@saccade/protocol";
import type { Clock } from "../common/clock.ts";
import { LoopTurns } from "../common/loop-turns.ts";
import type { LossReason } from "../devices/device-health.ts";
import type { LogicalDevice } from "../devices/device-manager.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { ModelConfig } from "../repository/model-config.ts";
import type { Session } from "../runtime/runtime.ts";
import { BatchScheduler } from "../scheduling/batch-scheduler.ts";
import type { DeviceShare } from "../scheduling/placement/device-arbiter.ts";
import { LayoutSwitch } from "../scheduling/placement/layout-switch.ts";
import { EarliestFinish } from "../scheduling/placement/placement.ts";
import { DeadlinePolicy } from "../scheduling/policies/deadline-policy.ts";
import { TritonPolicy } from "../scheduling/policies/triton-policy.ts";
import { NO_QUEUE_POLICY } from "../scheduling/queue/queue-policy.ts";
import type {
	ClosedBecause,
	RefusalDetail,
	SchedulerStats,
} from "../scheduling/scheduler.ts";
import type { RequestTrace } from "../telemetry/tracing/request-trace.ts";
import type { ModelEntry } from "./entry.ts";
import { BatchExecutor } from "./execution/batch-executor.ts";
import type { LaneContext } from "./execution/lane.ts";
import { type OutputLayout, outputLayouts } from "./execution/output-layout.ts";
import { ShapeFit } from "./execution/shape-fit.ts";
import type { Layout } from "./loading/layout.ts";
import type {
	BatchStamps,
	ModelListener,
	ModelTracer,
	TokenListener,
} from "./model-events.ts";
import { Reservoir } from "./swap/reservoir.ts";
import { ModelInstance } from "./version/model-instance.ts";
import { canFollow, type ModelState } from "./version/model-state.ts";
import { refusalError } from "./version/refusal-error.ts";
import { VersionStatistics } from "./version/statistics.ts";

/** A request whose runs were lost so often fails: it may be what makes them fail. */
const MAX_LOST_RUNS = 2;

/** Of its share of the device, until it is ready. */
const WARMING_WEIGHT = 0.1;

/** `deadline`: earliest first, refused early when it cannot be met; `triton`: as Triton does. */
export type SchedulingPolicyName = "deadline" | "triton";

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
	/** Counts from `ready` on: warm-up is not service. */
	statistics = new VersionStatistics();
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
	/** Set by whoever counts. */
	listener: ModelListener | null = null;
	/** Set by whoever explains. */
	tracer: ModelTracer | null = null;
	/** Set by whoever counts tokens, of models that generate. */
	tokens: TokenListener | null = null;
	readonly #clock: Clock;
	readonly #onReleased: () => void;
	readonly #instances: readonly ModelInstance[];
	/** Device whose lanes alone are warmed; null: all. */
	#warmed: number | null = null;
	readonly #subscriptions: (() => void)[] = [];
	/** Null: there is but one layout. */
	readonly #layouts: LayoutSwitch<ModelEntry> | null;
	readonly #executor: BatchExecutor;
	readonly #scheduler: BatchScheduler<ModelEntry>;
	readonly #turns: LoopTurns;
	/** Null: nobody else uses its device. */
	#share: DeviceShare | null = null;
	#state: ModelState = { kind: "loading" };

	constructor(options: ModelVersionOptions) {
		const { config, clock } = options;
		this.config = config;
		this.version = options.version;
		this.versionText = String(options.version);
		this.#instances = options.instances.map(
			(instance) => new ModelInstance({ ...instance, config, clock }),
		);
		const { session } = this.#instances[0]!;
		this.session = session;
		this.fit = ShapeFit.of(config, session);
		const { shadow } = config.saccade.swap;
		this.reservoir = shadow.sampleCount > 0 ? new Reservoir(shadow) : null;
		this.labels = options.labels;
		this.loadedInUs = options.loadedInUs;
		this.lastUsedUs = clock.nowUs();
		this.#onReleased = options.onReleased ?? (() => {});
		this.#clock = clock;
		this.#turns = new LoopTurns({ nowUs: () => clock.nowUs() });
		const batched = config.maxBatchSize > 0;
		const dynamic = config.dynamicBatching;
		const rules = {
			maxRows: batched && dynamic !== null ? config.maxBatchSize : 1,
			preferredRows: preferredRows(config),
			maxDelayUs: dynamic?.maxQueueDelayUs ?? 0,
		};
		const outputs = outputLayouts(config, session);
		this.#executor = new BatchExecutor(
			this.#instances.map((instance) => ({
				context: this.#laneContext(instance, outputs),
				laneCount: instance.laneCount,
			})),
		);
		this.#layouts = this.#createLayouts();
		const spread = this.#createPlacement();
		const placement = spread ?? this.#layouts;
		this.#scheduler = new BatchScheduler<ModelEntry>({
			clock,
			executor: this.#executor,
			...(options.share && { share: this.#shareBy(options.share) }),
			events: {
				refused: (entry, because, detail) =>
					this.#refused(entry, because, detail),
			},
			policy:
				options.policy === "triton"
					? new TritonPolicy(rules)
					: new DeadlinePolicy({
							rules,
							cost: placement ?? this.#instances[0]!.cost,
							finish: spread,
							objectiveUs: config.saccade.objectiveUs,
						}),
			placement,
			maxRows: rules.maxRows,
			levels: dynamic?.levels ?? [NO_QUEUE_POLICY],
			defaultLevel: dynamic?.defaultLevel ?? 1,
			preserveOrdering: dynamic?.preserveOrdering ?? false,
			loopDelayUs: () => this.#turns.delayUs,
		});
		for (const { device } of this.#instances)
			this.#subscriptions.push(
				device.health.onChange(() => this.#devicesChanged()),
			);
		this.#devicesChanged();
	}

	/** Its lanes, and the threads of each, on the device, in the order of its instances; empty: it does not run there. */
	layoutsOn(device: LogicalDevice): Layout[] {
		return this.#instances
			.filter((one) => one.device === device)
			.map(({ laneCount, threadCount }) => ({ laneCount, threadCount }));
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
		for (const instance of this.#instances) {
			instance.endCalibration();
			this.#subscriptions.push(instance.device.health.addProbe(instance));
		}
		this.statistics = new VersionStatistics();
	}

	/** The shortest run of one row while it was warmed, in µs; null: there was none. */
	get warmRowUs(): number | null {
		return this.#instances[0]!.warmRowUs;
	}

	/** What it was not warmed with is believed to take what it takes the version that it follows. */
	inheritTimes(from: ModelVersion): void {
		for (const { device, threadCount, cost } of this.#instances) {
			const old = from.#instances.find(
				(one) => one.device === device && one.threadCount === threadCount,
			);
			if (old !== undefined) cost.inherit(old.cost);
		}
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

	/** Positions of the devices that runs can be warmed on: see `warmOnly`. */
	get deviceIndices(): readonly number[] {
		const healthy = [...this.#instances.keys()].filter(
			(index) => this.#instances[index]?.device.health.isHealthy,
		);
		return healthy;
	}

	/** Until the next call, batches go to this device alone. Null: to where they end first. */
	warmOnly(device: number | null): void {
		this.#warmed = device;
		this.#devicesChanged();
	}

	/** Why a request of this deadline would be refused if it came now; null when it may come. */
	foresee(deadlineUs: number): SaccadeError | null {
		this.#turns.touch();
		const refusal = this.#scheduler.foresee(deadlineUs);
		return refusal === null
			? null
			: refusalError(refusal.because, refusal.detail);
	}

	/** A request waits or runs. */
	get isInUse(): boolean {
		const { queuedCount, runningBatches } = this.#scheduler.stats();
		return queuedCount > 0 || runningBatches > 0;
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
		this.#endEarly(
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
		const totalUs = this.#clock.nowUs() - receivedUs;
		this.#told(error, 0, totalUs);
		this.tracer?.turnedAway(error, receivedUs, trace);
	}

	queueStats(): SchedulerStats {
		return this.#scheduler.stats();
	}

	/** Resolves when nothing waits and nothing runs. */
	idle(): Promise<void> {
		return this.#scheduler.idle();
	}

	/** Finishes what was accepted, then releases everything. */
	async unload(): Promise<void> {
		this.setState({ kind: "draining" });
		await this.#scheduler.drain();
		for (const stop of this.#subscriptions) stop();
		await Promise.all(
			this.#instances.map((instance) => instance.probesEnded()),
		);
		this.#release();
		this.setState({ kind: "unloaded" });
	}

	/** Gives up before `ready`. */
	fail(error: SaccadeError): void {
		this.setState({ kind: "failed", error });
		this.#release();
	}

	#release(): void {
		for (const stop of this.#subscriptions) stop();
		this.#scheduler.close();
		this.#executor.close();
		for (const { session } of this.#instances) session.close();
		this.#onReleased();
	}

	// ── devices ──────────────────────────────────────────────────────────────────────────────────────────

	#laneContext(
		instance: ModelInstance,
		outputs: readonly OutputLayout[],
	): LaneContext {
		const { session, runMode, device } = instance;
		const isWatched = this.#hasSeveralDevices || device.device.kind !== "cpu";
		return {
			session,
			device: device.name,
			clock: this.#clock,
			batched: this.config.maxBatchSize > 0,
			outputs,
			fit: this.fit,
			runMode,
			load: device.load,
			watch: isWatched
				? {
						limitUs: (rows) => instance.limitUs(rows),
						lost: (lane, batch, because, error) => {
							if (because === "hung") this.#scheduler.giveUp(lane);
							this.#runLost(instance, batch, because, error);
						},
					}
				: null,
			deadlinePassed: (entry) =>
				this.#endEarly(entry, stoppedAtDeadline(entry, this.#clock.nowUs())),
			padded: (usedElements, paddingElements) =>
				this.listener?.inputsPadded(usedElements, paddingElements),
			batchFinished: (batch, rows, closedBecause, stamps, error) =>
				this.#batchFinished(
					instance,
					batch,
					rows,
					closedBecause,
					stamps,
					error,
				),
		};
	}

	get #hasSeveralDevices(): boolean {
		const [first, ...others] = this.#instances;
		return others.some(({ device }) => device !== first?.device);
	}

	#createLayouts(): LayoutSwitch<ModelEntry> | null {
		const [first, second] = this.#instances;
		if (first === undefined || second?.device !== first.device) return null;
		return new LayoutSwitch([first.cost, second.cost], () =>
			this.#devicesChanged(),
		);
	}

	#createPlacement(): EarliestFinish<ModelEntry> | null {
		const instances = this.#instances;
		if (!this.#hasSeveralDevices) return null;
		return new EarliestFinish({
			costs: instances.map(({ cost }) => cost),
			loadOf: (device) => instances[device]?.device.score() ?? 0,
			onStale: (device) => instances[device]?.run(() => this.#scheduler.wake()),
		});
	}

	#devicesChanged(): void {
		let isAvailable = false;
		for (const [index, { device }] of this.#instances.entries()) {
			const { health } = device;
			const isChosen =
				this.#warmed === null
					? (this.#layouts?.isInUse(index) ?? true)
					: this.#warmed === index;
			this.#scheduler.setDevice(index, health.isHealthy && isChosen);
			// While the first probe runs, what waits has a chance.
			if (health.state.kind !== "lost") isAvailable = true;
		}
		this.#scheduler.setAvailable(isAvailable);
	}

	/** Whoever still waits runs again on another device, or hears that it failed. */
	#runLost(
		instance: ModelInstance,
		batch: readonly ModelEntry[],
		because: LossReason,
		error: SaccadeError,
	): void {
		// While it warms, a model that cannot run is no sign against the device.
		const isServing = this.#state.kind !== "warming";
		if (isServing) instance.device.health.runLost(because);
		let movedCount = 0;
		for (const entry of batch) {
			entry.lostRuns++;
			if (entry.endedAs !== null) {
				entry.state = "done";
				entry.releaseBytes();
			} else if (isServing && entry.lostRuns < MAX_LOST_RUNS) {
				movedCount++;
				this.#scheduler.putBack(entry);
			} else this.#fail(entry, error);
		}
		this.listener?.runLost(because, movedCount);
	}

	#fail(entry: ModelEntry, error: SaccadeError): void {
		entry.state = "done";
		entry.releaseBytes();
		this.#failed(entry, error, entry.startedUs - entry.enqueuedUs);
	}

	#batchFinished(
		instance: ModelInstance,
		batch: readonly ModelEntry[],
		rows: number,
		closedBecause: ClosedBecause,
		stamps: BatchStamps,
		error: SaccadeError | null,
	): void {
		const { statistics, listener } = this;
		const endUs = stamps.splitEndUs;
		const laneUs = endUs - stamps.gatherStartUs;
		const { cost } = instance;
		this.tokens?.batchFinished(stamps.device);
		// Before the batch is learnt from: what it was expected to take.
		this.tracer?.batchFinished(
			batch,
			{
				rows,
				closedBecause,
				stamps,
				predictedUs: cost.likelyUs(rows),
			},
			error,
		);
		const [first] = batch;
		if (error === null && first !== undefined) instance.answered(first);
		if (error === null) cost.observe(rows, laneUs, endUs);
		else cost.observeStopped(rows, laneUs, endUs);
		if (this.#layouts !== null && this.#warmed === null)
			this.#layouts.ended(rows, this.#scheduler.stats().queuedRows, endUs);
		if (error === null) statistics.batchFinished(batch.length, rows, stamps);
		for (const entry of batch) {
			if (entry.endedAs !== null) continue;
			const queueUs = stamps.gatherStartUs - entry.enqueuedUs;
			const totalUs = endUs - entry.receivedUs;
			if (error === null) statistics.succeeded(queueUs, totalUs);
			else statistics.failed(totalUs);
			if (error !== null) this.#told(error, queueUs, totalUs);
			else listener?.requestFinished("RESULT", queueUs, totalUs, null);
		}
		listener?.batchFinished(
			batch.length,
			rows,
			closedBecause,
			stamps,
			error !== null,
		);
	}

	/** Answers an entry whose run goes on without it; its bytes stay until the run lets go of them. */
	#endEarly(entry: ModelEntry, error: SaccadeError): void {
		entry.endedAs = outcomeOf(error);
		this.#failed(entry, error, entry.startedUs - entry.enqueuedUs);
	}

	/** To whoever counts: a request ended without a result. */
	#told(error: SaccadeError, queueUs: number, totalUs: number): void {
		const outcome = outcomeOf(error);
		const because = error.refusedBecause;
		this.listener?.requestFinished(outcome, queueUs, totalUs, because);
	}

	#refused(
		entry: ModelEntry,
		because: RefusalReason,
		detail: RefusalDetail,
	): void {
		entry.releaseBytes();
		this.#failed(entry, refusalError(because, detail), detail.waitedUs);
	}

	/** Told to whoever counts and explains, and then to the caller. */
	#failed(entry: ModelEntry, error: SaccadeError, queueUs: number): void {
		const totalUs = this.#clock.nowUs() - entry.receivedUs;
		this.statistics.failed(totalUs);
		this.#told(error, queueUs, totalUs);
		this.tracer?.requestEnded(entry, error);
		entry.reply.failed(entry, error);
	}
}

/** Preferring nothing but the largest batch, which is what Triton fills in, is no preference. */
function preferredRows(config: ModelConfig): readonly number[] {
	const preferred = config.dynamicBatching?.preferredBatchSizes ?? [];
	return preferred.length === 1 && preferred[0] === config.maxBatchSize
		? []
		: preferred;
}

function outcomeOf(error: SaccadeError) {
	return ERROR_CODES[error.code].outcome;
}

function stoppedAtDeadline(entry: ModelEntry, nowUs: number): SaccadeError {
	const totalMs = ((nowUs - entry.receivedUs) / 1000).toFixed(1);
	return new SaccadeError(
		"DEADLINE_EXCEEDED",
		`the deadline passed after ${totalMs} ms, while the model ran`,
	);
}
