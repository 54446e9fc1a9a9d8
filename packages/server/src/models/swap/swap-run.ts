// One swap: does what its state says, and tells the state what came of it. The state decides (`swap-state.ts`).
import type { Clock } from "../../common/clock.ts";
import { SaccadeError, toSaccadeError } from "../../errors/saccade-error.ts";
import type { ModelConfig } from "../../repository/model-config.ts";
import type { ModelDirectory } from "../../repository/model-directory.ts";
import type { LoadedVersion } from "../loading/load-request.ts";
import type { ModelLoader } from "../model-loader.ts";
import type { LoadTurn } from "../model-registry.ts";
import type { ModelVersion } from "../model-version.ts";
import type { SwapFailure, SwapPhase } from "../swap-events.ts";
import { watchCanary } from "./canary-run.ts";
import { contractProblems } from "./contract.ts";
import type { LoadTurns } from "./load-turns.ts";
import { type Pair, probe, shadow } from "./shadow.ts";
import type { SwapRecorder } from "./swap-recorder.ts";
import {
	advance,
	isTooSlow,
	type SwapSignal,
	type SwapState,
} from "./swap-state.ts";

/** What there is to load, as it was read. */
export interface FoundModel {
	readonly directory: ModelDirectory;
	/** Null: nobody looked into the files. */
	readonly content: FoundContent | null;
}

export interface FoundContent {
	/** By version: names its files and those that all versions share. What serves under the same name is not loaded again. */
	readonly digests: ReadonlyMap<number, string>;
	/** False: the files are not any more what they were when they were read. */
	isUnchanged(): Promise<boolean>;
}

export interface SwapRunOptions {
	readonly clock: Clock;
	readonly loader: ModelLoader;
	readonly loads: LoadTurns;
	readonly recorder: SwapRecorder;
	readonly turn: LoadTurn;
	readonly find: () => Promise<FoundModel>;
	readonly overrideJson: string | null;
}

export class SwapRun {
	readonly #options: SwapRunOptions;
	/** The phase that each version is in. */
	readonly #phases = new Map<number, SwapPhase>();
	#state: SwapState = { kind: "waiting" };
	#loaded: readonly LoadedVersion[] = [];

	constructor(options: SwapRunOptions) {
		this.#options = options;
	}

	/** Why it ended without a switch; null: it did not. */
	get failure(): SwapFailure | null {
		return this.#state.kind === "ended" ? this.#state.failure : null;
	}

	/**
	 * Up to the switch. What must not serve is in the result as an error, and given back already; rejects when there is
	 * nothing to load at all.
	 */
	async versions(): Promise<readonly LoadedVersion[]> {
		const { recorder, loads } = this.#options;
		recorder.begin("waiting");
		const endTurn = await loads.begin();
		try {
			this.#advance({ kind: "turn" });
			recorder.begin("loading");
			this.#loaded = await this.#load();
			this.#advance(this.#loadedSignal());
		} catch (cause) {
			this.#advance(failedIn(recorder.phase ?? "loading", cause));
			throw cause;
		} finally {
			endTurn();
		}
		return this.#compare();
	}

	async #compare(): Promise<readonly LoadedVersion[]> {
		for (;;) {
			const state = this.#state;
			switch (state.kind) {
				case "probing":
					this.#advance(await this.#guarded("warming", this.#probe));
					break;
				case "shadowing":
					this.#advance(await this.#guarded("shadowing", this.#shadow));
					break;
				case "canary":
					this.#advance(await this.#guarded("canary", this.#canary));
					break;
				case "ended":
					return this.#keptOut();
				default:
					this.#options.recorder.begin("switching");
					return this.#loaded;
			}
		}
	}

	/** The registry did its part. */
	switched(): void {
		if (this.#state.kind === "switching") this.#advance({ kind: "switched" });
	}

	#advance(signal: SwapSignal): void {
		this.#state = advance(this.#state, signal);
	}

	// ── loading ──────────────────────────────────────────────────────────────────────────────────────────

	async #load(): Promise<readonly LoadedVersion[]> {
		const { loader, recorder, turn, find, overrideJson } = this.#options;
		const { directory, content } = await find();
		const loaded = await loader.load({
			directory,
			overrideJson,
			begun: (versions) => turn.begun(versions),
			keep: this.#kept(overrideJson === null ? content : null),
			phase: (phase, version) => {
				this.#phases.set(version, phase);
				recorder.begin(phase, version);
			},
			successorOf: turn.serving.at(-1) ?? null,
			validate: (config, version) => this.#validate(config, version),
		});
		for (const entry of loaded) {
			if (!entry.ok || turn.serving.includes(entry.model)) continue;
			entry.model.digest = content?.digests.get(entry.version) ?? null;
			entry.model.isOverridden = overrideJson !== null;
		}
		if (content === null || (await content.isUnchanged())) return loaded;
		// Two that write at once, or one that was not done: what was opened may be anything.
		const error = new SaccadeError(
			"LOAD_FAILED",
			`the files of model '${directory.name}' changed while they were loaded; they are loaded again when they are still`,
		);
		return loaded.map((entry) => this.#refused(entry, error));
	}

	/** Versions in service whose files are what they were. */
	#kept(content: FoundContent | null): ReadonlyMap<number, ModelVersion> {
		const kept = new Map<number, ModelVersion>();
		for (const model of this.#options.turn.serving) {
			const digest = content?.digests.get(model.version);
			if (digest !== undefined && digest === model.digest)
				kept.set(model.version, model);
		}
		return kept;
	}

	#validate(config: ModelConfig, version: number): void {
		const { turn, overrideJson } = this.#options;
		const old = incumbentOf(turn.serving, version);
		// Whoever overrides the configuration knows what it says, and that it ends with the next load.
		if (old === null || old.isOverridden || overrideJson !== null) return;
		if (config.saccade.swap.contract === "any") return;
		const problems = contractProblems(old.config, config);
		if (problems.length === 0) return;
		throw new SaccadeError(
			"LOAD_FAILED",
			`it cannot follow version ${old.version}, which is in service: ${problems.join("; ")}. Clients would fail; set saccade.swap.contract to any where they know of the change`,
		);
	}

	#loadedSignal(): SwapSignal {
		for (const entry of this.#loaded)
			if (!entry.ok)
				return failedIn(
					this.#phases.get(entry.version) ?? "loading",
					entry.error,
				);
		const { turn } = this.#options;
		const pair = this.#handover();
		const newest = this.#newest();
		if (newest === null) throw new Error("a load without a version");
		const settings = newest.config.saccade.swap;
		const sampleCount = pair?.old.reservoir?.samples.length ?? 0;
		return {
			kind: "loaded",
			plan: {
				settings,
				isHandover: pair !== null && turn.serving.length > 0,
				sampleCount: settings.shadow.sampleCount > 0 ? sampleCount : 0,
			},
		};
	}

	// ── comparing ────────────────────────────────────────────────────────────────────────────────────────

	/** The version that answers where none is asked for, and the one that did; null when it does not change. */
	#handover(): Pair | null {
		const next = this.#newest();
		const { serving } = this.#options.turn;
		if (next === null || serving.includes(next)) return null;
		const old = incumbentOf(serving, next.version);
		return old === null ? null : { old, new: next };
	}

	#newest(): ModelVersion | null {
		const last = this.#loaded.at(-1);
		return last?.ok === true ? last.model : null;
	}

	async #guarded(
		phase: SwapPhase,
		step: (pair: Pair) => Promise<SwapSignal>,
	): Promise<SwapSignal> {
		try {
			const pair = this.#handover();
			if (pair === null) throw new Error(`nothing to compare in ${phase}`);
			return await step(pair);
		} catch (cause) {
			return failedIn(phase, cause);
		}
	}

	/** Where the runs that warmed both look alike, no more are made: each is taken from those who are served. */
	readonly #probe = async (pair: Pair): Promise<SwapSignal> => {
		const isSlow = (oldUs: number, newUs: number) =>
			isTooSlow(oldUs, newUs, pair.new.config.saccade.swap);
		const oldUs = pair.old.warmRowUs;
		const newUs = pair.new.warmRowUs;
		if (oldUs !== null && newUs !== null && !isSlow(oldUs, newUs))
			return { kind: "probed", oldUs, newUs };
		const { clock } = this.#options;
		return { kind: "probed", ...(await probe(pair, clock, isSlow)) };
	};

	readonly #shadow = async (pair: Pair): Promise<SwapSignal> => {
		const { recorder, clock, turn } = this.#options;
		recorder.begin("shadowing", pair.new.version);
		const samples = pair.old.reservoir?.samples ?? [];
		const report = await shadow(pair, samples, { clock, signal: turn.signal });
		recorder.compared(pair.new.version, report);
		return turn.signal.aborted
			? { kind: "superseded" }
			: { kind: "compared", report };
	};

	readonly #canary = async (pair: Pair): Promise<SwapSignal> => {
		const { recorder, clock, turn } = this.#options;
		const settings = pair.new.config.saccade.swap.canary;
		recorder.begin("canary", pair.new.version);
		const { signal } = turn;
		if (signal.aborted) return { kind: "superseded" };
		turn.startCanary(pair.new, settings.weight);
		const report = await watchCanary(pair, { clock, settings, signal });
		recorder.judged(pair.new.version, report);
		return signal.aborted ? { kind: "superseded" } : { kind: "judged", report };
	};

	/** What was loaded, with the version that a comparison kept out as an error. */
	#keptOut(): readonly LoadedVersion[] {
		const { failure } = this;
		const next = this.#newest();
		if (failure === null || next === null) return this.#loaded;
		const error = new SaccadeError(
			"LOAD_FAILED",
			`${failure.text}. ${failure.advice}`,
		);
		return this.#loaded.map((entry) =>
			entry.ok && entry.model === next ? this.#refused(entry, error) : entry,
		);
	}

	/** What is in service stays as it is. */
	#refused(entry: LoadedVersion, error: SaccadeError): LoadedVersion {
		const { turn } = this.#options;
		if (!entry.ok || turn.serving.includes(entry.model)) return entry;
		turn.discard(entry.model);
		return { ok: false, version: entry.version, error };
	}
}

function failedIn(phase: SwapPhase, cause: unknown): SwapSignal {
	const { code, message } = toSaccadeError(cause);
	return { kind: "failed", phase, code, text: message };
}

/** Of the same number, or else the one that answers where none is asked for. */
function incumbentOf(
	serving: readonly ModelVersion[],
	version: number,
): ModelVersion | null {
	return (
		serving.find((model) => model.version === version) ?? serving.at(-1) ?? null
	);
}
