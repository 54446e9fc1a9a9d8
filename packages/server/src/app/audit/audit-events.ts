// What becomes of models, as the audit log keeps it.
import type {
	Actor,
	AuditEvent,
	VersionFact,
} from "../../audit/audit-event.ts";
import type {
	PhaseDuration,
	Swap,
	SwapEvent,
	SwapOutcome,
	VersionIdentity,
} from "../../models/swap-events.ts";

/** Null: what the event says is told by the one that ends the operation. */
export function auditEventOf(event: SwapEvent): AuditEvent | null {
	const { swap } = event;
	const common = { who: actorOf(swap), model: swap.model };
	switch (event.kind) {
		case "ended":
			return {
				...common,
				what: actionOf(swap, event.outcome),
				from: swap.from.map(toFact),
				to: versionsAfter(swap, event.outcome),
				result: event.outcome.kind === "failed" ? "failed" : "ok",
				detail: detailOf(event.outcome),
				durationsMs: durationsOf(event.phases, event.totalUs, event.outcome),
			};
		case "released":
			return {
				...common,
				what: "release",
				from: [toFact(event.version)],
				to: [],
				result: "ok",
				detail: "",
				durationsMs: { drain: toMs(event.drainUs) },
			};
		case "begun":
		case "phase":
		case "compared":
		case "judged":
			return null;
	}
}

function actorOf({ cause, by }: Swap): Actor {
	return cause === "api" ? { by: cause, caller: by } : { by: cause };
}

function actionOf(swap: Swap, outcome: SwapOutcome): AuditEvent["what"] {
	if (swap.action === "unload")
		return swap.cause === "budget" ? "evict" : "unload";
	if (outcome.kind === "failed" && outcome.failure.phase === "canary")
		return "rollback";
	return swap.from.length > 0 ? "swap" : "load";
}

/** In service afterwards; those that failed were meant to be. */
function versionsAfter(swap: Swap, outcome: SwapOutcome): VersionFact[] {
	switch (outcome.kind) {
		case "switched":
		case "failed":
			return outcome.to.map(toFact);
		case "unloaded":
			return [];
		case "unchanged":
			return swap.from.map(toFact);
	}
}

function detailOf(outcome: SwapOutcome): string {
	if (outcome.kind === "unchanged")
		return "everything on disk was in service already";
	if (outcome.kind !== "failed") return "";
	const { phase, code, text } = outcome.failure;
	return `${phase}: ${code}: ${text}`;
}

function durationsOf(
	phases: readonly PhaseDuration[],
	totalUs: number,
	outcome: SwapOutcome,
): Record<string, number> {
	const durations: Record<string, number> = {};
	for (const { phase, durationUs } of phases)
		durations[phase] = toMs(durationUs);
	if (outcome.kind === "switched") durations["switch"] = toMs(outcome.switchUs);
	durations["total"] = toMs(totalUs);
	return durations;
}

function toFact({ version, digest }: VersionIdentity): VersionFact {
	return { version, digest };
}

/** To the microsecond. */
function toMs(us: number): number {
	return Math.round(us) / 1000;
}
