// Which versions of which models serve, and the operations that change it. Operations on one model run one after
// the other; a switch is one assignment, made when every new version is ready; on failure the old ones stay.
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import type { LoadBegun, LoadedVersion } from "./model-loader.ts";
import type { ModelVersion } from "./model-version.ts";

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
}

export interface RegistryListener {
	versionReady(model: ModelVersion): void;
	versionGone(model: ModelVersion): void;
	loadFailed(name: string, error: SaccadeError): void;
}

export class ModelRegistry {
	readonly #models = new Map<string, ModelSlot>();
	readonly #listener: RegistryListener;
	readonly #unloading = new Set<Promise<void>>();
	#isClosed = false;

	constructor(listener: RegistryListener) {
		this.#listener = listener;
	}

	/** The version in service: the highest when `version` is empty. Throws NOT_FOUND or UNAVAILABLE with Triton's texts. */
	resolve(name: string, version: string): ModelVersion {
		const slot = this.#models.get(name);
		if (slot === undefined) throw unknownModel(name);
		if (version === "") {
			const latest = slot.serving.at(-1);
			if (latest !== undefined) return latest;
			throw this.#notServing(slot, name);
		}
		return this.#resolveVersion(slot, name, version);
	}

	/** Every ready version, by name and version. */
	serving(): ModelVersion[] {
		return [...this.#models.values()].flatMap(({ serving }) => serving);
	}

	/** Ready versions of one model; throws like `resolve` when there is none. */
	versionsOf(name: string): readonly ModelVersion[] {
		this.resolve(name, "");
		return this.#models.get(name)?.serving ?? [];
	}

	/** Names that were ever loaded or tried, with what the index shows. */
	records(name: string): {
		readonly serving: readonly ModelVersion[];
		readonly others: readonly VersionRecord[];
	} | null {
		const slot = this.#models.get(name);
		if (slot === undefined) return null;
		const serving = new Set(slot.serving.map(({ version }) => version));
		const others = [...slot.records.values()].filter(
			({ version }) => !serving.has(version),
		);
		return { serving: slot.serving, others };
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
		load: (begun: LoadBegun) => Promise<readonly LoadedVersion[]>,
	): Promise<void> {
		if (this.#isClosed) return Promise.reject(stopping());
		const slot = this.#slotOf(name);
		return this.#enqueue(slot, async () => {
			slot.isLoading = true;
			try {
				const loaded = await load((versions) => {
					for (const version of versions)
						record(slot, { version, state: "LOADING", reason: "" });
				});
				this.#settle(slot, name, loaded);
			} catch (cause) {
				const error = toSaccadeError(cause);
				this.#listener.loadFailed(name, error);
				this.#recordFailure(slot, name, error);
				throw error;
			} finally {
				slot.isLoading = false;
			}
		});
	}

	/** Takes the model out of service; its memory is freed when the last request is done. */
	unload(name: string): Promise<void> {
		const slot = this.#models.get(name);
		if (slot === undefined) return Promise.resolve();
		return this.#enqueue(slot, async () => {
			const gone = slot.serving;
			slot.serving = [];
			for (const model of gone) this.#retire(slot, model);
			// What failed to load is not wanted any more, and no reason to be unready.
			for (const each of slot.records.values())
				if (hasFailed(each)) record(slot, { ...each, reason: UNLOADED });
		});
	}

	/** Resolves when every request that models have taken is answered. */
	async idle(): Promise<void> {
		await Promise.all(this.serving().map((model) => model.idle()));
		await Promise.all(this.#unloading);
	}

	/** Takes no more loads, unloads everything and waits until the last request is done and all memory is released. */
	async close(): Promise<void> {
		this.#isClosed = true;
		await Promise.all(
			[...this.#models.keys()].map((name) => this.unload(name)),
		);
		await Promise.all(this.#unloading);
	}

	#settle(
		slot: ModelSlot,
		name: string,
		loaded: readonly LoadedVersion[],
	): void {
		const failed = loaded.filter((entry) => !entry.ok);
		if (failed.length > 0) {
			for (const entry of loaded)
				if (entry.ok) this.#discard(slot, entry.model);
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
			);
		}
		const old = slot.serving;
		const models = loaded.flatMap((entry) => (entry.ok ? [entry.model] : []));
		// Failures of earlier attempts are over; versions that still drain, or have, stay in the index.
		for (const each of slot.records.values())
			if (hasFailed(each)) slot.records.delete(each.version);
		for (const { version } of models) slot.records.delete(version);
		slot.serving = models;
		for (const model of models) this.#listener.versionReady(model);
		for (const model of old) this.#retire(slot, model);
	}

	/** The model is not in service any more: lets it finish, then tells that it is gone. */
	#retire(slot: ModelSlot, model: ModelVersion): void {
		const { version } = model;
		const unloading = { version, state: "UNLOADING", reason: "" } as const;
		record(slot, unloading);
		this.#track(
			model.unload().then(() => {
				// A version that was loaded again meanwhile has a state of its own.
				if (slot.records.get(version) === unloading)
					record(slot, { version, state: "UNAVAILABLE", reason: UNLOADED });
				this.#listener.versionGone(model);
			}),
		);
	}

	/** It loaded, but a sibling did not: nobody has seen it. */
	#discard(slot: ModelSlot, model: ModelVersion): void {
		slot.records.delete(model.version);
		this.#track(model.unload());
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
		if (slot.serving.length > 0 || slot.records.size > 0) return;
		// A name that stands for nothing on disk is forgotten again, by the last operation on it.
		if (error.code !== "NOT_FOUND")
			record(slot, {
				version: 1,
				state: "UNAVAILABLE",
				reason: error.message,
			});
		else if (slot.pendingCount === 1) this.#models.delete(name);
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
			};
			this.#models.set(name, slot);
		}
		return slot;
	}

	#enqueue(slot: ModelSlot, operation: () => Promise<void>): Promise<void> {
		slot.pendingCount++;
		const run = slot.tail.then(operation).finally(() => slot.pendingCount--);
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
		throw notReady(name, text);
	}

	#notServing(slot: ModelSlot, name: string): SaccadeError {
		for (const { version, reason } of slot.records.values())
			if (reason !== UNLOADED) return notReady(name, String(version));
		if (isReadingConfig(slot)) return notReady(name, "");
		return new SaccadeError(
			"NOT_FOUND",
			`Request for unknown model: '${name}' has no available versions`,
		);
	}
}

function record(slot: ModelSlot, entry: VersionRecord): void {
	slot.records.set(entry.version, entry);
}

function hasFailed({ state, reason }: VersionRecord): boolean {
	return state === "UNAVAILABLE" && reason !== UNLOADED;
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
function notReady(name: string, version: string): SaccadeError {
	const what = version === "" ? `'${name}'` : `'${name}' version ${version}`;
	return new SaccadeError(
		"UNAVAILABLE",
		`Request for unknown model: ${what} is not at ready state`,
	);
}
