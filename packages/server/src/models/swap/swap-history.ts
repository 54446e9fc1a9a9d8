// The latest operations on each model, as their events told them: what `GET /saccade/v1/models/{m}/swaps` answers.
import type {
	CanaryReport,
	PhaseDuration,
	ShadowReport,
	Swap,
	SwapEvent,
	SwapOutcome,
	SwapPhase,
	VersionIdentity,
} from "../swap-events.ts";

export interface SwapRecord {
	readonly swap: Swap;
	/** Wall-clock ms since the epoch. */
	readonly beganAtMs: number;
	/** Where it is; null when it has ended. */
	phase: SwapPhase | null;
	/** Null while it lasts. */
	outcome: SwapOutcome | null;
	phases: readonly PhaseDuration[];
	/** Null while it lasts. */
	totalUs: number | null;
	shadow: ShadowReport | null;
	canary: CanaryReport | null;
	/** What left, and is freed. */
	readonly released: (VersionIdentity & { readonly drainUs: number })[];
}

const KEPT_PER_MODEL = 32;
/** Names that clients ask to load are theirs to choose. */
const KEPT_MODELS = 1000;

export class SwapHistory {
	readonly #models = new Map<string, SwapRecord[]>();

	/** The newest first. */
	of(model: string): readonly SwapRecord[] {
		return [...(this.#models.get(model) ?? [])].reverse();
	}

	readonly listener = (event: SwapEvent): void => {
		const { swap } = event;
		if (event.kind === "begun") {
			this.#begin(swap);
			return;
		}
		const record = this.#models
			.get(swap.model)
			?.find((one) => one.swap === swap);
		if (record !== undefined) note(record, event);
	};

	#begin(swap: Swap): void {
		const records = this.#models.get(swap.model) ?? [];
		records.push({
			swap,
			beganAtMs: Date.now(),
			phase: null,
			outcome: null,
			phases: [],
			totalUs: null,
			shadow: null,
			canary: null,
			released: [],
		});
		if (records.length > KEPT_PER_MODEL) records.shift();
		// The model that nothing happened to for longest is forgotten first.
		this.#models.delete(swap.model);
		this.#models.set(swap.model, records);
		if (this.#models.size <= KEPT_MODELS) return;
		for (const oldest of this.#models.keys()) {
			this.#models.delete(oldest);
			return;
		}
	}
}

function note(record: SwapRecord, event: SwapEvent): void {
	switch (event.kind) {
		case "begun":
			break;
		case "phase":
			record.phase = event.phase;
			break;
		case "compared":
			record.shadow = event.report;
			break;
		case "judged":
			record.canary = event.report;
			break;
		case "ended":
			record.phase = null;
			record.outcome = event.outcome;
			record.phases = event.phases;
			record.totalUs = event.totalUs;
			break;
		case "released":
			record.released.push({ ...event.version, drainUs: event.drainUs });
			break;
	}
}
