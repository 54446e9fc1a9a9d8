// What became of each request of an open-loop window. Every one that was scheduled in the window ends in exactly one
// class, whether it was ever sent or not.
import { LatencyHistogram } from "./histogram.ts";

export const REQUEST_OUTCOMES = [
	/** Answered by its deadline, counted from its scheduled arrival. */
	"inTime",
	"late",
	/** The server said that it will not do it: queue full, cannot finish, timed out in the queue. */
	"shed",
	/** The server said that its deadline passed. */
	"expired",
	/** No answer within twice the deadline: the client gave up. */
	"clientTimeout",
	/** As many as allowed were outstanding: not sent. */
	"overCap",
	/** Any other status. */
	"failed",
] as const;
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

/** What the server said, whatever it speaks. */
export type AnswerKind = "ok" | "shed" | "expired" | "failed";

export interface Answer {
	readonly kind: AnswerKind;
	/** From the scheduled arrival. */
	readonly latencyUs: number;
}

export function outcomeOf(
	{ kind, latencyUs }: Answer,
	deadlineUs: number,
): RequestOutcome {
	if (kind !== "ok") return kind;
	return latencyUs <= deadlineUs ? "inTime" : "late";
}

export interface TallySnapshot {
	readonly outcomes: Readonly<Record<RequestOutcome, number>>;
	/** Of refusals, by the server's `saccade-refused-because`; `untold` without one. */
	readonly refusedBecause: Readonly<Record<string, number>>;
	/** Of answers, in time or late, from the scheduled arrival; null without any. */
	readonly p50Us: number | null;
	readonly p99Us: number | null;
	readonly p999Us: number | null;
	readonly maxUs: number | null;
	/** Scheduled to handed over for sending: large when the generator, not the server, is the bottleneck. */
	readonly latenessP99Us: number;
}

export class Tally {
	readonly #latency = new LatencyHistogram();
	readonly #lateness = new LatencyHistogram();
	readonly #refusedBecause = new Map<string, number>();
	readonly #counts = Object.fromEntries(
		REQUEST_OUTCOMES.map((outcome) => [outcome, 0]),
	) as Record<RequestOutcome, number>;

	scheduled(latenessUs: number): void {
		this.#lateness.record(latenessUs);
	}

	ended(outcome: RequestOutcome, latencyUs: number, because = ""): void {
		this.#counts[outcome]++;
		if (outcome === "inTime" || outcome === "late")
			this.#latency.record(latencyUs);
		if (outcome !== "shed" && outcome !== "expired") return;
		const reason = because === "" ? "untold" : because;
		const count = this.#refusedBecause.get(reason) ?? 0;
		this.#refusedBecause.set(reason, count + 1);
	}

	snapshot(): TallySnapshot {
		const latencyUs = (share: number) =>
			this.#latency.count === 0 ? null : this.#latency.quantileUs(share);
		return {
			outcomes: { ...this.#counts },
			refusedBecause: Object.fromEntries(this.#refusedBecause),
			p50Us: latencyUs(0.5),
			p99Us: latencyUs(0.99),
			p999Us: latencyUs(0.999),
			maxUs: latencyUs(1),
			latenessP99Us: this.#lateness.quantileUs(0.99),
		};
	}
}
