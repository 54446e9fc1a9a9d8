// Which versions of which models serve, and the operations that change it. Operations on one model run one after
// the other; a switch is one assignment, made when every new version is ready; on failure the old ones stay.
import { SaccadeError } from "../errors/saccade-error.ts";
import type { LoadedVersion } from "./model-loader.ts";
import type { ModelVersion } from "./model-version.ts";

/** What the index shows of a version that is not in service. */
export interface VersionRecord {
	readonly version: number;
	readonly state: "LOADING" | "UNLOADING" | "UNAVAILABLE";
	readonly reason: string;
}

interface ModelSlot {
	/** Ready versions, ascending. */
	serving: readonly ModelVersion[];
	/** Versions that are loading, unloading, unloaded or failed. */
	records: Map<number, VersionRecord>;
	/** The last operation on this model; the next waits for it. */
	tail: Promise<unknown>;
	loading: boolean;
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
			if (slot.loading) return false;
			for (const { reason } of slot.records.values())
				if (reason !== "unloaded") return false;
		}
		return true;
	}

	/** Runs `load` when earlier operations on the model are over; see the file's header for what follows. */
	load(
		name: string,
		load: () => Promise<readonly LoadedVersion[]>,
	): Promise<void> {
		const slot = this.#slotOf(name);
		return this.#enqueue(slot, async () => {
			slot.loading = true;
			try {
				this.#settle(slot, name, await load());
			} catch (error) {
				this.#listener.loadFailed(name, error as SaccadeError);
				const isNew = slot.serving.length === 0 && slot.records.size === 0;
				// A name that stands for nothing on disk is forgotten again.
				if (isNew && (error as SaccadeError).code === "NOT_FOUND")
					this.#models.delete(name);
				else if (isNew)
					slot.records.set(1, {
						version: 1,
						state: "UNAVAILABLE",
						reason: (error as SaccadeError).message,
					});
				throw error;
			} finally {
				slot.loading = false;
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
			for (const model of gone) this.#retire(slot, model, "unloaded");
		});
	}

	/** Unloads everything and waits until the last request is done and all memory is released. */
	async close(): Promise<void> {
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
			for (const entry of loaded) if (entry.ok) void entry.model.unload();
			for (const { version, error } of failed)
				slot.records.set(version, {
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
		slot.records.clear();
		slot.serving = models;
		for (const model of models) this.#listener.versionReady(model);
		for (const model of old) this.#retire(slot, model, "unloaded");
	}

	#retire(slot: ModelSlot, model: ModelVersion, reason: string): void {
		const { version } = model;
		slot.records.set(version, { version, state: "UNLOADING", reason: "" });
		const done = model.unload().then(() => {
			slot.records.set(version, { version, state: "UNAVAILABLE", reason });
			this.#listener.versionGone(model);
			this.#unloading.delete(done);
		});
		this.#unloading.add(done);
	}

	#slotOf(name: string): ModelSlot {
		let slot = this.#models.get(name);
		if (slot === undefined) {
			slot = {
				serving: [],
				records: new Map(),
				tail: Promise.resolve(),
				loading: false,
			};
			this.#models.set(name, slot);
		}
		return slot;
	}

	#enqueue(slot: ModelSlot, operation: () => Promise<void>): Promise<void> {
		const run = slot.tail.then(operation, operation);
		slot.tail = run.catch(() => {});
		return run;
	}

	#resolveVersion(slot: ModelSlot, name: string, text: string): ModelVersion {
		const found = slot.serving.find(({ versionText }) => versionText === text);
		if (found !== undefined) return found;
		if (!/^\d{1,18}$/.test(text))
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`failed to get model version from specified version string '${text}'`,
			);
		const record = slot.records.get(Number(text));
		if (record === undefined || record.reason === "unloaded")
			throw new SaccadeError(
				"NOT_FOUND",
				`Request for unknown model: '${name}' version ${text} is not found`,
			);
		throw notReady(name, text);
	}

	#notServing(slot: ModelSlot, name: string): SaccadeError {
		const [record] = slot.records.values();
		if (record !== undefined && record.reason !== "unloaded")
			return notReady(name, String(record.version));
		return new SaccadeError(
			"NOT_FOUND",
			`Request for unknown model: '${name}' has no available versions`,
		);
	}
}

function unknownModel(name: string): SaccadeError {
	return new SaccadeError(
		"NOT_FOUND",
		`Request for unknown model: '${name}' is not found`,
	);
}

function notReady(name: string, version: string): SaccadeError {
	return new SaccadeError(
		"UNAVAILABLE",
		`Request for unknown model: '${name}' version ${version} is not at ready state`,
	);
}
