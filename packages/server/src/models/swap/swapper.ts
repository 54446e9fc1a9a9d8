// Loads, swaps and unloads models, one operation after the other on each, and tells what becomes of them as events. The
// life of a swap is in `swap-state.ts`; the switch itself is the registry's.
import type { Clock } from "../../common/clock.ts";
import { toSaccadeError } from "../../errors/saccade-error.ts";
import type { LoadedVersion } from "../loading/load-request.ts";
import type { ModelLoader } from "../model-loader.ts";
import type { LoadTurn, ModelRegistry, Switched } from "../model-registry.ts";
import type { ModelVersion } from "../model-version.ts";
import type {
	Swap,
	SwapCause,
	SwapEvent,
	SwapListener,
	VersionIdentity,
} from "../swap-events.ts";
import { LoadTurns } from "./load-turns.ts";
import { SwapRecorder } from "./swap-recorder.ts";
import { type FoundModel, SwapRun } from "./swap-run.ts";

export interface SwapperOptions {
	readonly registry: ModelRegistry;
	readonly loader: ModelLoader;
	readonly clock: Clock;
	/** Models that load at once. @default 1: a load takes memory and cores that serving models need */
	readonly loadCount?: number;
}

export interface SwapRequest {
	readonly model: string;
	readonly cause: SwapCause;
	/** The client of cause `api`. @default "" */
	readonly by?: string;
	/** Called when it is its turn. Rejects when there is nothing to load. */
	readonly find: () => Promise<FoundModel>;
	/** Replaces `config.pbtxt`. @default null */
	readonly overrideJson?: string | null;
}

/** An operation whose turn came. */
interface Begun {
	readonly recorder: SwapRecorder;
	readonly run: SwapRun;
	loaded: readonly LoadedVersion[];
}

export class ModelSwapper {
	readonly #options: SwapperOptions;
	readonly #loads: LoadTurns;
	readonly #listeners = new Set<SwapListener>();
	#lastId = 0;

	constructor(options: SwapperOptions) {
		this.#options = options;
		this.#loads = new LoadTurns(options.loadCount ?? 1);
	}

	/** Returns how to stop it. */
	subscribe(listener: SwapListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Resolves when what was found is in service. Rejects with LOAD_FAILED or NOT_FOUND: the old versions serve on. */
	async swap(request: SwapRequest): Promise<void> {
		const { registry } = this.#options;
		const begun: Begun[] = [];
		try {
			const switched = await registry.load(request.model, async (turn) => {
				const own = this.#begin(request, turn);
				begun.push(own);
				own.loaded = await own.run.versions();
				return own.loaded;
			});
			for (const own of begun) this.#switched(own, switched);
		} catch (cause) {
			for (const own of begun) failed(own, cause);
			throw cause;
		}
	}

	/**
	 * Takes a model out of service to make room, unless somebody uses it by now, which is false. Resolves when its memory
	 * is given back.
	 */
	async evict(model: string): Promise<boolean> {
		const { registry } = this.#options;
		const serving = registry.records(model)?.serving ?? [];
		const switched = await registry.unload(model, true);
		if (switched.left.length === 0) return false;
		const recorder = this.#record(
			{ model, cause: "budget" },
			"unload",
			serving,
		);
		recorder.ended({ kind: "unloaded" });
		this.#release(recorder, switched);
		await Promise.all(switched.left.map(({ released }) => released));
		return true;
	}

	/** Resolves when no new request can reach it. */
	async unload(
		request: Pick<SwapRequest, "model" | "cause" | "by">,
	): Promise<void> {
		const { model } = request;
		const { registry } = this.#options;
		const serving = registry.records(model)?.serving ?? [];
		const recorder = this.#record(request, "unload", serving);
		const switched = await registry.unload(model);
		recorder.ended({ kind: "unloaded" });
		this.#release(recorder, switched);
	}

	#begin(request: SwapRequest, turn: LoadTurn): Begun {
		const { loader, clock } = this.#options;
		const recorder = this.#record(request, "load", turn.serving);
		const run = new SwapRun({
			clock,
			loader,
			loads: this.#loads,
			recorder,
			turn,
			find: request.find,
			overrideJson: request.overrideJson ?? null,
		});
		return { recorder, run, loaded: [] };
	}

	#record(
		{ model, cause, by = "" }: Pick<SwapRequest, "model" | "cause" | "by">,
		action: Swap["action"],
		serving: readonly ModelVersion[],
	): SwapRecorder {
		const from = serving.map(identityOf);
		const id = ++this.#lastId;
		const swap: Swap = { id, model, action, cause, by, from };
		return new SwapRecorder(swap, this.#options.clock, this.#emit);
	}

	readonly #emit = (event: SwapEvent): void => {
		for (const listener of this.#listeners) listener(event);
	};

	#switched({ recorder, run, loaded }: Begun, switched: Switched): void {
		run.switched();
		const to = loaded.flatMap((entry) =>
			entry.ok ? [identityOf(entry.model)] : [],
		);
		const isSame =
			switched.left.length === 0 && to.length === recorder.swap.from.length;
		recorder.ended(
			isSame
				? { kind: "unchanged" }
				: { kind: "switched", to, switchUs: switched.switchUs },
		);
		this.#release(recorder, switched);
	}

	#release(recorder: SwapRecorder, { left }: Switched): void {
		const sinceUs = this.#options.clock.nowUs();
		for (const { model, released } of left)
			void released.then(
				() => recorder.released(identityOf(model), sinceUs),
				// Told by whoever waits for the release.
				() => {},
			);
	}
}

function failed({ recorder, run, loaded }: Begun, cause: unknown): void {
	const { code, message } = toSaccadeError(cause);
	const failure = run.failure ?? {
		phase: recorder.phase ?? "loading",
		code,
		text: message,
		advice: "",
	};
	const to = loaded.map(({ version }) => ({ version, digest: null }));
	recorder.ended({ kind: "failed", to, failure });
}

function identityOf({ version, digest }: ModelVersion): VersionIdentity {
	return { version, digest };
}
