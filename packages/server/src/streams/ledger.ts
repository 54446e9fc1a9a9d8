// Counts what came and how it ended. A frame is entered once and settled once; what is between is in flight.
import { OUTCOMES, type Outcome } from "@saccade/protocol";
import type { StreamTotals } from "./stream.ts";

export class Ledger {
	received = 0;
	settled = 0;
	readonly #counts: Record<Outcome, number> = zeroes();

	get inFlight(): number {
		return this.received - this.settled;
	}

	enter(): void {
		this.received++;
	}

	settle(outcome: Outcome): void {
		this.settled++;
		this.#counts[outcome]++;
	}

	totals(): StreamTotals {
		return {
			received: this.received,
			inFlight: this.inFlight,
			outcomes: { ...this.#counts },
		};
	}
}

function zeroes(): Record<Outcome, number> {
	return Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<
		Outcome,
		number
	>;
}
