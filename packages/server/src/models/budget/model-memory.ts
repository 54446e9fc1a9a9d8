// Memory of loaded models within a budget, device by device. A model takes its share before it is loaded, by what it
// took the last time or else by its files, and is set right by what was measured before it serves. Where there is no
// room, models that nobody uses make some, the one that was used longest ago first; where they cannot, the load fails.
//
//   reserve ──▶ room? ──▶ taken ──▶ loaded, measured ──▶ settle ──▶ serves ──▶ release
//                 └ no ──▶ evict one, look again; none left ──▶ UNAVAILABLE
import { SaccadeError } from "../../errors/saccade-error.ts";

/** By the device's name. */
export type DeviceBytes = ReadonlyMap<string, number>;

export interface IdleModel {
	readonly model: string;
	readonly lastUsedUs: number;
}

export interface ModelMemoryOptions {
	/** Infinity: no limit. */
	readonly limitOf: (device: string) => number;
	/** Models in service that nobody uses at this instant. */
	readonly idle: () => readonly IdleModel[];
	/**
	 * Takes a model out of service unless somebody uses it by now, which is false. Resolves when its memory is given back.
	 * Null: none goes to make room.
	 */
	readonly evict: ((model: string) => Promise<boolean>) | null;
}

export interface MemoryShare {
	/** What it takes, in place of what was expected. Rejects with UNAVAILABLE when there is no room for that. */
	settle(measured: DeviceBytes): Promise<void>;
	/** A second call does nothing. */
	release(): void;
}

interface Held {
	readonly model: string;
	bytes: DeviceBytes;
}

/** Sizes of models that are not loaded, for when they are loaded again. */
const MAX_KNOWN = 10_000;
/** Whoever uses the memory now may be done by then. */
const RETRY_AFTER_MS = 250;

export class ModelMemory {
	readonly #options: ModelMemoryOptions;
	readonly #held = new Set<Held>();
	/** What a version took when it was loaded last. */
	readonly #known = new Map<string, DeviceBytes>();

	constructor(options: ModelMemoryOptions) {
		this.#options = options;
	}

	/** What models hold on the device, and what is kept for those that load. */
	usedBytes(device: string): number {
		let used = 0;
		for (const { bytes } of this.#held) used += bytes.get(device) ?? 0;
		return used;
	}

	/**
	 * Rejects with UNAVAILABLE when there is no room, and none can be made; with LOAD_FAILED when there never will be.
	 * @param estimate where nothing is known of the version
	 */
	async reserve(
		model: string,
		version: number,
		estimate: DeviceBytes,
	): Promise<MemoryShare> {
		const key = `${model}/${version}`;
		const expected = this.#known.get(key) ?? estimate;
		const held: Held = { model, bytes: new Map() };
		await this.#makeRoom(held, expected);
		return {
			settle: async (measured) => {
				this.#remember(key, measured);
				await this.#makeRoom(held, measured);
			},
			release: () => this.#held.delete(held),
		};
	}

	/** When it resolves, `held` holds `wanted`: nothing comes between the last look and that. */
	async #makeRoom(held: Held, wanted: DeviceBytes): Promise<void> {
		const tried = new Set([held.model]);
		for (;;) {
			const short = this.#shortOn(held, wanted);
			if (short === null) {
				held.bytes = wanted;
				this.#held.add(held);
				return;
			}
			const victim = this.#victim(short, tried);
			const { evict } = this.#options;
			if (victim === null || evict === null)
				throw this.#noRoom(held, short, wanted);
			// Once each: who is used by now is used.
			tried.add(victim);
			await evict(victim);
		}
	}

	/** A device on which there is too little; null: there is room. */
	#shortOn(held: Held, wanted: DeviceBytes): string | null {
		for (const [device, bytes] of wanted) {
			const limit = this.#options.limitOf(device);
			const own = this.#held.has(held) ? (held.bytes.get(device) ?? 0) : 0;
			if (this.usedBytes(device) - own + bytes > limit) return device;
		}
		return null;
	}

	#victim(device: string, tried: ReadonlySet<string>): string | null {
		const holders = new Set<string>();
		for (const { model, bytes } of this.#held)
			if ((bytes.get(device) ?? 0) > 0) holders.add(model);
		let victim: IdleModel | null = null;
		for (const each of this.#options.idle()) {
			if (tried.has(each.model) || !holders.has(each.model)) continue;
			if (victim === null || each.lastUsedUs < victim.lastUsedUs) victim = each;
		}
		return victim?.model ?? null;
	}

	#noRoom({ model }: Held, device: string, wanted: DeviceBytes): SaccadeError {
		const limit = this.#options.limitOf(device);
		const bytes = wanted.get(device) ?? 0;
		if (bytes > limit)
			return new SaccadeError(
				"LOAD_FAILED",
				`model '${model}' takes ${bytes} bytes on ${device}, more than its budget of ${limit}; raise --model-memory-budget`,
			);
		const holders = [...this.#held].map((held) => held.model);
		return new SaccadeError(
			"UNAVAILABLE",
			`model '${model}' takes ${bytes} bytes on ${device}; ${this.usedBytes(device)} of its budget of ${limit} are taken (${[...new Set(holders)].sort().join(", ")}), by models that are in use or may not make room; retry later, unload one, or raise --model-memory-budget`,
			{ details: { retryAfterMs: RETRY_AFTER_MS } },
		);
	}

	#remember(key: string, bytes: DeviceBytes): void {
		this.#known.delete(key);
		this.#known.set(key, bytes);
		if (this.#known.size <= MAX_KNOWN) return;
		for (const oldest of this.#known.keys()) {
			this.#known.delete(oldest);
			return;
		}
	}
}
