// Which versions of which models serve, and the operations that change it. Operations on one model run one after
// the other; a switch is one assignment, made when every new version is ready; on failure the old ones stay.
import { type Clock, systemClock } from "../common/clock.ts";
import {
	SaccadeError,
	type SaccadeErrorOptions,
	toSaccadeError,
} from "../errors/saccade-error.ts";
import { ambiguousName, shortNameOf } from "../repository/naming.ts";
import type { IdleModel } from "./budget/model-memory.ts";
import type { LoadBegun, LoadedVersion } from "./model-loader.ts";
import type { ModelVersion } from "./model-version.ts";
import { CanaryRouter } from "./swap/canary.ts";
import { SequencePins } from "./swap/sequence-pins.ts";

/** What the index shows of a version that is not in service. */
export interface VersionRecord {
	readonly version: number;
	readonly state: "LOADING" | "UNLOADING" | "UNAVAILABLE";
	readonly reason: string;
}

const UNLOADED = "unloaded";

interface ModelSlot {
	/** Ready versions, ascending. */
	serving: readonly ModelVersion[];
	/** Versions that are loading, unloading, unloaded or failed. */
	records: Map<number, VersionRecord>;
	/** The last operation on this model; the next waits for it. */
	tail: Promise<unknown>;
	/** Operations that wait or run. */
	pendingCount: number;
	isLoading: boolean;
	/** Answers a share of the requests before it takes over. */
	canary: {
		readonly model: ModelVersion;
		readonly router: CanaryRouter;
	} | null;
	readonly pins: SequencePins;
	/** Why the last load failed as a whole, though something serves; null: it did not. */
	failure: string | null;
	/** Of the operation under way: aborted when another one waits for it. */
	turn: AbortController | null;
}

/** What a load may do with the model while it is its turn. */
export interface LoadTurn {
	/** In service now. */
	readonly serving: readonly ModelVersion[];
	/** Aborted when a newer operation on the model waits. */
	readonly signal: AbortSignal;
	readonly begun: LoadBegun;
	/** From now on the version answers a share of the requests. It ends with the turn. */
	startCanary(model: ModelVersion, weight: number): void;
	/** A version that was loaded and is not to serve: it finishes what it has taken, and is freed. */
	discard(model: ModelVersion): void;
}

export interface Switched {
	/** What the switch itself took, in µs; 0: everything served already. */
	readonly switchUs: number;
	/** What left, each with a promise of its release. */
	readonly left: readonly {
		readonly model: ModelVersion;
		readonly released: Promise<void>;
	}[];
}

/** A sequence of requests that belong together, as clients name it. */
export interface Sequence {
	readonly id: string | bigint;
	readonly start: boolean;
	readonly end: boolean;
}

export interface RegistryListener {
	versionReady(model: ModelVersion): void;
	versionGone(model: ModelVersion): void;
	loadFailed(name: string, error: SaccadeError): void;
}

export class ModelRegistry {
	readonly #models = new Map<string, ModelSlot>();
	/** Names with a namespace, by what stands for them while it is the only one. */
	readonly #shortNames = new Map<string, Set<string>>();
	readonly #listener: RegistryListener;
	readonly #clock: Clock;
	readonly #unloading = new Set<Promise<void>>();
	#isClosed = false;

	constructor(listener: RegistryListener, clock: Clock = systemClock) {
		this.#listener = listener;
		this.#clock = clock;
	}

	/** The version in service: the highest when `version` is empty. Throws NOT_FOUND or UNAVAILABLE with Triton's texts. */
	resolve(name: string, version: string): ModelVersion {
		const slot = this.#find(name);
		if (slot === undefined) throw unknownModel(name);
		if (version === "") {
			const latest = slot.serving.at(-1);
			if (latest !== undefined) return latest;
			throw this.#notServing(slot, name);
		}
		return this.#resolveVersion(slot, name, version);
	}

	/** Like `resolve`, for a request that will be run: a canary takes its share, and a sequence stays where it began. */
	route(
		name: string,
		version: string,
		sequence: Sequence | null,
	): ModelVersion {
		const slot = this.#find(name);
		if (slot === undefined) throw unknownModel(name);
		if (sequence === null || isNoSequence(sequence))
			return this.#routeOne(slot, name, version);
		const key = `${version}/${typeof sequence.id}/${sequence.id}`;
		return slot.pins.route(key, sequence, () =>
			this.#routeOne(slot, name, version),
		);
	}

	#routeOne(slot: ModelSlot, name: string, version: string): ModelVersion {
		const { canary } = slot;
		return canary !== null && version === "" && canary.router.takes()
			? canary.model
			: this.resolve(name, version);
	}

	/** What the model is called in whole; null: no such model was ever loaded or tried. Throws like `resolve`. */
	nameOf(name: string): string | null {
		if (this.#models.has(name)) return name;
		const names = this.#shortNames.get(name);
		if (names === undefined) return null;
		const [only = name] = names;
		if (names.size > 1) throw ambiguousName(name, [...names].sort());
		return only;
	}

	#find(name: string): ModelSlot | undefined {
		return this.#models.get(name) ?? this.#models.get(this.nameOf(name) ?? "");
	}

	/** Every ready version, by name and version. */
	serving(): ModelVersion[] {
		return [...this.#models.values()].flatMap(({ serving }) => serving);
	}

	/** Ready versions of one model; throws like `resolve` when there is none. */
	versionsOf(name: string): readonly ModelVersion[] {
		this.resolve(name, "");
		return this.#find(name)?.serving ?? [];
	}

	/** Names that were ever loaded or tried, with what the index shows. */
	records(name: string): {
		readonly serving: readonly ModelVersion[];
		readonly others: readonly VersionRecord[];
		/** Why versions in service were not replaced, though that was tried. */
		readonly alarms: ReadonlyMap<number, string>;
	} | null {
		const slot = this.#find(name);
		if (slot === undefined) return null;
		const serving = new Set(slot.serving.map(({ version }) => version));
		const others = [...slot.records.values()].filter(
			({ version }) => !serving.has(version),
		);
		const alarms = new Map<number, string>();
		for (const each of slot.records.values())
			if (serving.has(each.version) && hasFailed(each))
				alarms.set(each.version, each.reason);
		const latest = slot.serving.at(-1);
		if (slot.failure !== null && latest !== undefined)
			alarms.set(latest.version, slot.failure);
		return { serving: slot.serving, others, alarms };
	}

	/** Models whose last load failed, with the version and why. */
	alarms(): string[] {
		return [...this.#models].flatMap(([name, { records, failure }]) => [
			...(failure === null
				? []
				: [`model '${name}' is not in service as it is on disk: ${failure}`]),
			...[...records.values()]
				.filter(hasFailed)
				.map(
					({ version, reason }) =>
						`model '${name}' version ${version} is not in service as it is on disk: ${reason}`,
				),
		]);
	}

	/** True when no model is loading for the first time and none has failed without a version in service. */
	get isSettled(): boolean {
		for (const slot of this.#models.values()) {
			if (slot.serving.length > 0) continue;
			if (slot.isLoading) return false;
			for (const record of slot.records.values())
				if (hasFailed(record)) return false;
		}
		return true;
	}

	/** Runs `load` when earlier operations on the model are over; see the file's header for what follows. */
	load(
		name: string,
		load: (turn: LoadTurn) => Promise<readonly LoadedVersion[]>,
	): Promise<Switched> {
		if (this.#isClosed) return Promise.reject(stopping());
		const slot = this.#slotOf(name);
		return this.#enqueue(slot, async (signal) => {
			slot.isLoading = true;
			try {
				const loaded = await load(this.#turnOf(slot, signal)).finally(() => {
					if (slot.serving.length > 0) forgetFailures(slot);
				});
				return this.#settle(slot, name, loaded);
			} catch (cause) {
				const error = toSaccadeError(cause);
				this.#listener.loadFailed(name, error);
				this.#recordFailure(slot, name, error);
				throw error;
			} finally {
				slot.isLoading = false;
				slot.canary = null;
			}
		});
	}

	#turnOf(slot: ModelSlot, signal: AbortSignal): LoadTurn {
		return {
			serving: slot.serving,
			signal,
			begun: (versions) => {
				for (const version of versions)
					record(slot, { version, state: "LOADING", reason: "" });
			},
			startCanary: (model, weight) => {
				this.#listener.versionReady(model);
				slot.canary = { model, router: new CanaryRouter(weight) };
			},
			discard: (model) => this.#discard(slot, model),
		};
	}

	/** Models in service that nobody uses at this instant, and that no operation waits for. */
	idleModels(): IdleModel[] {
		const idle: IdleModel[] = [];
		for (const [model, slot] of this.#models) {
			if (slot.serving.length === 0 || !isUnused(slot)) continue;
			if (slot.pendingCount > 0) continue;
			const used = slot.serving.map(({ lastUsedUs }) => lastUsedUs);
			idle.push({ model, lastUsedUs: Math.max(...used) });
		}
		return idle;
	}

	/**
	 * Takes the model out of service; its memory is freed when the last request is done.
	 * @param onlyUnused not if somebody uses it when its turn comes: nothing has left then
	 */
	unload(name: string, onlyUnused = false): Promise<Switched> {
		const slot = this.#models.get(name);
		if (slot === undefined) return Promise.resolve({ switchUs: 0, left: [] });
		return this.#enqueue(slot, async () => {
			if (onlyUnused && !isUnused(slot)) return { switchUs: 0, left: [] };
			const gone = slot.serving;
			slot.serving = [];
			slot.failure = null;
			slot.pins.clear();
			const left = gone.map((model) => this.#retire(slot, model));
			// What failed to load is not wanted any more, and no reason to be unready.
			for (const each of slot.records.values())
				if (hasFailed(each)) record(slot, { ...each, reason: UNLOADED });
			return { switchUs: 0, left };
		});
	}

	/** Resolves when every request that models have taken is answered. No sequence goes on after it. */
	async idle(): Promise<void> {
		for (const { pins, turn } of this.#models.values()) {
			pins.clear();
			turn?.abort();
		}
		await Promise.all(this.serving().map((model) => model.idle()));
		await Promise.all(this.#unloading);
	}

	/** Takes no more loads, unloads everything and waits until the last request is done and all memory is released. */
	async close(): Promise<void> {
		this.#isClosed = true;
		await Promise.all(
			[...this.#models.keys()].map((name) => this.unload(name)),
		);
		for (const { pins } of this.#models.values()) pins.clear();
		await Promise.all(this.#unloading);
	}

	#settle(
		slot: ModelSlot,
		name: string,
		loaded: readonly LoadedVersion[],
	): Switched {
		const failed = loaded.filter((entry) => !entry.ok);
		if (failed.length > 0) {
			for (const entry of loaded)
				if (entry.ok && !slot.serving.includes(entry.model))
					this.#discard(slot, entry.model);
			for (const { version, error } of failed)
				record(slot, {
					version,
					state: "UNAVAILABLE",
					reason: error.message,
				});
			const reasons = failed
				.map(
					({ version, error }) =>
						`version ${version} is at UNAVAILABLE state: ${error.message};\n`,
				)
				.join("");
			throw new SaccadeError(
				"LOAD_FAILED",
				`load failed for model '${name}': ${reasons}`,
				detailsOf(failed),
			);
		}
		forgetFailures(slot);
		const old = slot.serving;
		const models = loaded.flatMap((entry) => (entry.ok ? [entry.model] : []));
		for (const { version } of models) slot.records.delete(version);
		for (const model of models)
			if (!old.includes(model) && slot.canary?.model !== model)
				this.#listener.versionReady(model);
		const startUs = this.#clock.nowUs();
		// The switch: whoever asks from here on gets the new versions.
		slot.serving = models;
		slot.canary = null;
		const switchUs = this.#clock.nowUs() - startUs;
		const left = old
			.filter((model) => !models.includes(model))
			.map((model) => this.#retire(slot, model));
		return { switchUs: left.length > 0 ? switchUs : 0, left };
	}

	/** The model is not in service any more: lets requests and sequences finish, then tells that it is gone. */
	#retire(slot: ModelSlot, model: ModelVersion): Switched["left"][number] {
		const { version } = model;
		const unloading = { version, state: "UNLOADING", reason: "" } as const;
		record(slot, unloading);
		const released = slot.pins.ended(model).then(async () => {
			await model.unload();
			// A version that was loaded again meanwhile has a state of its own.
			if (slot.records.get(version) === unloading)
				record(slot, { version, state: "UNAVAILABLE", reason: UNLOADED });
			this.#listener.versionGone(model);
		});
		this.#track(released);
		return { model, released };
	}

	/** It loaded, and is not to serve: only who met it as a canary has seen it. */
	#discard(slot: ModelSlot, model: ModelVersion): void {
		if (slot.canary?.model === model) {
			slot.canary = null;
			this.#track(this.#discardCanary(slot, model));
			return;
		}
		slot.records.delete(model.version);
		this.#track(model.unload());
	}

	async #discardCanary(slot: ModelSlot, model: ModelVersion): Promise<void> {
		await slot.pins.ended(model);
		await model.unload();
		this.#listener.versionGone(model);
	}

	#track(unloading: Promise<void>): void {
		const done = unloading.finally(() => this.#unloading.delete(done));
		this.#unloading.add(done);
	}

	#recordFailure(slot: ModelSlot, name: string, error: SaccadeError): void {
		for (const each of slot.records.values())
			if (each.state === "LOADING")
				record(slot, {
					...each,
					state: "UNAVAILABLE",
					reason: error.message,
				});
		if (slot.serving.length > 0) {
			// Of versions that failed by themselves the records tell.
			if (slot.failure === null && !hasFailedVersion(slot))
				slot.failure = error.message;
			return;
		}
		if (slot.records.size > 0) return;
		// A name that stands for nothing on disk is forgotten again, by the last operation on it.
		if (error.code !== "NOT_FOUND")
			record(slot, {
				version: 1,
				state: "UNAVAILABLE",
				reason: error.message,
			});
		else if (slot.pendingCount === 1) this.#forget(name);
	}

	#forget(name: string): void {
		this.#models.delete(name);
		const short = shortNameOf(name) ?? "";
		const names = this.#shortNames.get(short);
		names?.delete(name);
		if (names?.size === 0) this.#shortNames.delete(short);
	}

	#slotOf(name: string): ModelSlot {
		let slot = this.#models.get(name);
		if (slot === undefined) {
			slot = {
				serving: [],
				records: new Map(),
				tail: Promise.resolve(),
				pendingCount: 0,
				isLoading: false,
				canary: null,
				pins: new SequencePins(this.#clock),
				failure: null,
				turn: null,
			};
			this.#models.set(name, slot);
			const short = shortNameOf(name);
			if (short !== null) {
				const names = this.#shortNames.get(short) ?? new Set();
				this.#shortNames.set(short, names.add(name));
			}
		}
		return slot;
	}

	#enqueue(
		slot: ModelSlot,
		operation: (signal: AbortSignal) => Promise<Switched>,
	): Promise<Switched> {
		slot.pendingCount++;
		slot.turn?.abort();
		const run = slot.tail
			.then(() => {
				slot.turn = new AbortController();
				// Whoever came while this one waited is newer already.
				if (slot.pendingCount > 1) slot.turn.abort();
				return operation(slot.turn.signal);
			})
			.finally(() => {
				slot.pendingCount--;
				slot.turn = null;
			});
		slot.tail = run.catch(() => {});
		return run;
	}

	#resolveVersion(slot: ModelSlot, name: string, text: string): ModelVersion {
		const model = slot.serving.find(({ versionText }) => versionText === text);
		if (model !== undefined) return model;
		if (!/^\d{1,18}$/.test(text))
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`failed to get model version from specified version string '${text}'`,
			);
		const other = slot.records.get(Number(text));
		if (isReadingConfig(slot)) throw notReady(name, text);
		if (other === undefined || other.reason === UNLOADED)
			throw new SaccadeError(
				"NOT_FOUND",
				`Request for unknown model: '${name}' version ${text} is not found`,
			);
		throw notReady(name, text, other.reason);
	}

	#notServing(slot: ModelSlot, name: string): SaccadeError {
		for (const { version, reason } of slot.records.values())
			if (reason !== UNLOADED) return notReady(name, String(version), reason);
		if (isReadingConfig(slot)) return notReady(name, "");
		return new SaccadeError(
			"NOT_FOUND",
			`Request for unknown model: '${name}' has no available versions`,
		);
	}
}

/** When to come back, where there was no room. */
function detailsOf(
	failed: readonly { readonly error: SaccadeError }[],
): SaccadeErrorOptions {
	const details = failed.find(({ error }) => error.details !== null);
	return details?.error.details ? { details: details.error.details } : {};
}

function isUnused({ serving, canary, pins }: ModelSlot): boolean {
	return (
		canary === null && !pins.hasLive && serving.every((model) => !model.isInUse)
	);
}

function record(slot: ModelSlot, entry: VersionRecord): void {
	slot.records.set(entry.version, entry);
}

function hasFailed({ state, reason }: VersionRecord): boolean {
	return state === "UNAVAILABLE" && reason !== UNLOADED;
}

function hasFailedVersion({ records }: ModelSlot): boolean {
	return [...records.values()].some(hasFailed);
}

/** Failures of earlier attempts are over; versions that still drain, or have, stay in the index. */
function forgetFailures(slot: ModelSlot): void {
	slot.failure = null;
	for (const each of slot.records.values())
		if (hasFailed(each)) slot.records.delete(each.version);
}

function stopping(): SaccadeError {
	return new SaccadeError(
		"UNAVAILABLE",
		"Server is stopping: no model is loaded any more",
		{ refusedBecause: "shutting-down" },
	);
}

function unknownModel(name: string): SaccadeError {
	return new SaccadeError(
		"NOT_FOUND",
		`Request for unknown model: '${name}' is not found`,
	);
}

/** A load has begun that does not know its versions yet: until then nobody can say that there is none. */
function isReadingConfig({ isLoading, serving, records }: ModelSlot): boolean {
	const isUnloaded = ({ reason }: VersionRecord) => reason === UNLOADED;
	return (
		isLoading && serving.length === 0 && [...records.values()].every(isUnloaded)
	);
}

/** @param version empty: none is known yet */
function notReady(name: string, version: string, reason = ""): SaccadeError {
	const what = version === "" ? `'${name}'` : `'${name}' version ${version}`;
	const why = reason === "" ? "" : `: ${reason}`;
	return new SaccadeError(
		"UNAVAILABLE",
		`Request for unknown model: ${what} is not at ready state${why}`,
	);
}

/** Triton's: no id is 0, or empty. */
function isNoSequence({ id }: Sequence): boolean {
	return id === 0n || id === "";
}
