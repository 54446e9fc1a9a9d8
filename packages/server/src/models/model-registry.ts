// Which versions of which models serve, and the operations that change it. Operations on one model run one after
// the other; a switch is one assignment, made when every new version is ready; on failure the old ones stay.
import { type Clock, systemClock } from "../common/clock.ts";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import type { IdleModel } from "./budget/model-memory.ts";
import type { LoadBegun, LoadedVersion } from "./loading/load-request.ts";
import type { ModelVersion } from "./model-version.ts";
import {
	createModelSlot,
	isUnused,
	type ModelSlot,
} from "./registry/model-slot.ts";
import { resolveVersion, unknownModel } from "./registry/resolve-version.ts";
import { ShortNames } from "./registry/short-names.ts";
import type { VersionRecord } from "./registry/version-index.ts";
import { CanaryRouter } from "./swap/canary.ts";

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
	readonly #shortNames = new ShortNames();
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
		return resolveVersion(slot, name, version);
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
			: resolveVersion(slot, name, version);
	}

	/** What the model is called in whole; null: no such model was ever loaded or tried. Throws like `resolve`. */
	nameOf(name: string): string | null {
		if (this.#models.has(name)) return name;
		return this.#shortNames.wholeNameOf(name);
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
		return {
			serving: slot.serving,
			others: slot.index.others(serving),
			alarms: slot.index.alarmsOf(serving),
		};
	}

	/** Models whose last load failed, with the version and why. */
	alarms(): string[] {
		return [...this.#models].flatMap(([name, { index }]) => index.alarms(name));
	}

	/** True when no model is loading for the first time and none has failed without a version in service. */
	get isSettled(): boolean {
		for (const slot of this.#models.values()) {
			if (slot.serving.length > 0) continue;
			if (slot.isLoading) return false;
			if (slot.index.hasFailed) return false;
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
		return slot.operations.run(async (signal) => {
			slot.isLoading = true;
			try {
				const loaded = await load(this.#turnOf(slot, signal)).finally(() => {
					if (slot.serving.length > 0) slot.index.forgetFailures();
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
				for (const version of versions) slot.index.loading(version);
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
			if (slot.operations.pendingCount > 0) continue;
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
		return slot.operations.run(async () => {
			if (onlyUnused && !isUnused(slot)) return { switchUs: 0, left: [] };
			const gone = slot.serving;
			slot.serving = [];
			slot.pins.clear();
			const left = gone.map((model) => this.#retire(slot, model));
			slot.index.dropFailures();
			return { switchUs: 0, left };
		});
	}

	/** Resolves when every request that models have taken is answered. No sequence goes on after it. */
	async idle(): Promise<void> {
		for (const { pins, operations } of this.#models.values()) {
			pins.clear();
			operations.interrupt();
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
				slot.index.failed(version, error.message);
			throw loadFailure(name, failed);
		}
		slot.index.forgetFailures();
		const old = slot.serving;
		const models = loaded.flatMap((entry) => (entry.ok ? [entry.model] : []));
		for (const { version } of models) slot.index.delete(version);
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
		const gone = slot.index.leaving(model.version);
		const released = slot.pins.ended(model).then(async () => {
			await model.unload();
			gone();
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
		slot.index.delete(model.version);
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
		const { index, operations } = slot;
		index.stopLoading(error.message);
		if (slot.serving.length > 0) index.notReplaced(error.message);
		else if (index.isEmpty) {
			// A name that stands for nothing on disk is forgotten again, by the last operation on it.
			if (error.code !== "NOT_FOUND") index.failed(1, error.message);
			else if (operations.pendingCount === 1) this.#forget(name);
		}
	}

	#forget(name: string): void {
		this.#models.delete(name);
		this.#shortNames.delete(name);
	}

	#slotOf(name: string): ModelSlot {
		let slot = this.#models.get(name);
		if (slot === undefined) {
			slot = createModelSlot(this.#clock);
			this.#models.set(name, slot);
			this.#shortNames.add(name);
		}
		return slot;
	}
}

/** With the details of the first that has any: when to come back, where there was no room. */
function loadFailure(
	name: string,
	failed: readonly { readonly version: number; readonly error: SaccadeError }[],
): SaccadeError {
	const reasons = failed.map(
		({ version, error }) =>
			`version ${version} is at UNAVAILABLE state: ${error.message};\n`,
	);
	const detailed = failed.find(({ error }) => error.details !== null);
	const details = detailed?.error.details;
	return new SaccadeError(
		"LOAD_FAILED",
		`load failed for model '${name}': ${reasons.join("")}`,
		details ? { details } : {},
	);
}

function stopping(): SaccadeError {
	return new SaccadeError(
		"UNAVAILABLE",
		"Server is stopping: no model is loaded any more",
		{ refusedBecause: "shutting-down" },
	);
}

/** Triton's: no id is 0, or empty. */
function isNoSequence({ id }: Sequence): boolean {
	return id === 0n || id === "";
}
