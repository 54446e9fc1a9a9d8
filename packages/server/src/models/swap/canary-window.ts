// What requests of one version came to while a canary lasted: it listens in the model's listener's place and passes
// everything on.
import type { Outcome } from "@saccade/protocol";
import type { ModelListener } from "../model-events.ts";
import type { ModelVersion } from "../model-version.ts";
import type { CanarySide } from "../swap-events.ts";

/** Times that percentiles are taken of: the latest. */
const TIMES_KEPT = 4096;

export class CanaryWindow {
	readonly #model: ModelVersion;
	readonly #inner: ModelListener | null;
	readonly #finished: () => void;
	readonly #timesUs = new Float64Array(TIMES_KEPT);
	#requestCount = 0;
	#errorCount = 0;
	#answerCount = 0;

	/** @param finished after each request */
	constructor(model: ModelVersion, finished: () => void) {
		this.#model = model;
		this.#inner = model.observers.listener;
		this.#finished = finished;
		const inner = this.#inner;
		model.observers.listener = {
			batchFinished: (...batch) => inner?.batchFinished(...batch),
			inputsPadded: (...counts) => inner?.inputsPadded(...counts),
			runLost: (...loss) => inner?.runLost(...loss),
			requestFinished: (outcome, queueUs, totalUs, because) => {
				inner?.requestFinished(outcome, queueUs, totalUs, because);
				this.#note(outcome, totalUs);
			},
		};
	}

	side(): CanarySide {
		const count = Math.min(this.#answerCount, TIMES_KEPT);
		const sorted = this.#timesUs.slice(0, count).sort();
		const at = (share: number) =>
			(sorted[Math.min(count - 1, Math.floor(share * count))] ?? 0) / 1000;
		return {
			requestCount: this.#requestCount,
			errorCount: this.#errorCount,
			p50Ms: at(0.5),
			p95Ms: at(0.95),
		};
	}

	get requestCount(): number {
		return this.#requestCount;
	}

	close(): void {
		this.#model.observers.listener = this.#inner;
	}

	/** Only what the model did counts: clients that left, were late or sent nonsense say nothing about a version. */
	#note(outcome: Outcome, totalUs: number): void {
		if (outcome !== "RESULT" && outcome !== "FAILED") return;
		this.#requestCount++;
		if (outcome === "FAILED") this.#errorCount++;
		else this.#timesUs[this.#answerCount++ % TIMES_KEPT] = totalUs;
		this.#finished();
	}
}
