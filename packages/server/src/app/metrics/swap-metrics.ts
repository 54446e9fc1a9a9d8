// Loads, swaps and unloads as metrics.
import {
	SWAP_PHASES,
	type Swap,
	type SwapListener,
	type SwapOutcome,
} from "../../models/swap-events.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";

export type SwapOutcomeKind = SwapOutcome["kind"];

const OUTCOMES: readonly SwapOutcomeKind[] = [
	"switched",
	"unloaded",
	"unchanged",
	"failed",
];
const US_IN_S = 1e6;
/** Of models that there are not: their names are whatever a client asked for. */
const UNKNOWN = "other";

export class SwapMetrics {
	readonly #registry: MetricsRegistry;
	readonly #isKnown: (model: string) => boolean;

	/** @param isKnown whether a repository has such a model */
	constructor(registry: MetricsRegistry, isKnown: (model: string) => boolean) {
		this.#registry = registry;
		this.#isKnown = isKnown;
		for (const phase of SWAP_PHASES) this.#phase(phase);
		this.#switch();
		this.#drain();
	}

	readonly listener: SwapListener = (event) => {
		switch (event.kind) {
			case "ended":
				this.ended(event.swap, event.outcome.kind);
				for (const { phase, durationUs } of event.phases)
					this.#phase(phase).record(durationUs / US_IN_S);
				if (event.outcome.kind === "switched")
					this.#switch().record(event.outcome.switchUs / US_IN_S);
				return;
			case "released":
				this.#drain().record(event.drainUs / US_IN_S);
				return;
		}
	};

	ended({ model }: Pick<Swap, "model">, kind: SwapOutcomeKind): void {
		const registry = this.#registry;
		const name = this.#isKnown(model) ? model : UNKNOWN;
		for (const outcome of OUTCOMES)
			registry
				.counter(INSTRUMENTS.swaps, [name, outcome])
				.add(outcome === kind ? 1 : 0);
		registry.counter(INSTRUMENTS.swapFailed, [name]).value =
			kind === "failed" && name !== UNKNOWN ? 1 : 0;
	}

	#phase(phase: string) {
		return this.#registry.histogram(INSTRUMENTS.swapPhase, [phase]);
	}

	#switch() {
		return this.#registry.histogram(INSTRUMENTS.swapSwitch, []);
	}

	#drain() {
		return this.#registry.histogram(INSTRUMENTS.swapDrain, []);
	}
}
