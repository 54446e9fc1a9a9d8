// How a swap goes on, as a pure function: what the effects report and the model's own settings in, the next state out.
// Every state says what is being done now; `swapper.ts` does it and reports.
//
//   waiting ─▶ loading ─▶ probing ─▶ shadowing ─▶ canary ─▶ switching ─▶ ended: switched
//      │          │          │           │           │          │
//      └──────────┴──────────┴───────────┴───────────┴──────────┴─────▶ ended: failed, the old version stays
//
// A step that has nothing to do is left out: with no version in service, or nothing new among the versions, all three
// comparisons are.
import type { ErrorCode } from "@saccade/protocol";
import type { SwapSettings } from "../../repository/model-config.ts";
import type {
	CanaryReport,
	ShadowReport,
	SwapFailure,
	SwapPhase,
} from "../swap-events.ts";
import { canaryVerdict } from "./canary.ts";

export type SwapState =
	| { readonly kind: "waiting" }
	| { readonly kind: "loading" }
	/** How much slower is the new one? By what warmed both; where that looks bad, by small runs of both, in turns. */
	| { readonly kind: "probing"; readonly plan: SwapPlan }
	| { readonly kind: "shadowing"; readonly plan: SwapPlan }
	| { readonly kind: "canary"; readonly plan: SwapPlan }
	| { readonly kind: "switching" }
	| { readonly kind: "ended"; readonly failure: SwapFailure | null };

/** What is known when the new version is ready. */
export interface SwapPlan {
	readonly settings: SwapSettings;
	/** A version in service hands over to one that was just loaded. */
	readonly isHandover: boolean;
	/** Requests that were kept to compare by. */
	readonly sampleCount: number;
}

export type SwapSignal =
	| { readonly kind: "turn" }
	| { readonly kind: "loaded"; readonly plan: SwapPlan }
	/** The shortest; null: such a run cannot be made up, for its shapes are not known. */
	| {
			readonly kind: "probed";
			readonly oldUs: number | null;
			readonly newUs: number | null;
	  }
	| { readonly kind: "compared"; readonly report: ShadowReport }
	| { readonly kind: "judged"; readonly report: CanaryReport }
	| { readonly kind: "switched" }
	| {
			readonly kind: "failed";
			readonly phase: SwapPhase;
			readonly code: ErrorCode;
			readonly text: string;
	  }
	/** A newer operation on the model waits. */
	| { readonly kind: "superseded" };

/** What a swap does one after the other. Throws for a signal that its state does not wait for. */
export function advance(state: SwapState, signal: SwapSignal): SwapState {
	if (signal.kind === "failed")
		return failed(signal.phase, signal.code, signal.text);
	switch (state.kind) {
		case "waiting":
			if (signal.kind === "turn") return { kind: "loading" };
			break;
		case "loading":
			if (signal.kind === "loaded") return afterLoading(signal.plan);
			break;
		case "probing":
			if (signal.kind === "probed") return afterProbing(state.plan, signal);
			break;
		case "shadowing":
			if (signal.kind === "superseded") return superseded("shadowing");
			if (signal.kind === "compared")
				return afterComparison(state.plan, signal.report);
			break;
		case "canary":
			if (signal.kind === "superseded") return superseded("canary");
			if (signal.kind === "judged")
				return afterCanary(state.plan, signal.report);
			break;
		case "switching":
			if (signal.kind === "switched") return { kind: "ended", failure: null };
			break;
		case "ended":
			break;
	}
	throw new Error(
		`a swap that is ${state.kind} does not wait for '${signal.kind}'`,
	);
}

function afterLoading(plan: SwapPlan): SwapState {
	if (!plan.isHandover) return { kind: "switching" };
	if (plan.settings.maxSlowdown > 0) return { kind: "probing", plan };
	return toShadowing(plan);
}

function toShadowing(plan: SwapPlan): SwapState {
	return plan.sampleCount > 0 ? { kind: "shadowing", plan } : toCanary(plan);
}

function toCanary(plan: SwapPlan): SwapState {
	return plan.settings.canary.weight > 0
		? { kind: "canary", plan }
		: { kind: "switching" };
}

/** Differences below it are the machine's, or nobody's concern. */
const NOTICEABLE_US = 1000;

/** Whether a run is that much longer. */
export function isTooSlow(
	oldUs: number,
	newUs: number,
	{ maxSlowdown }: SwapSettings,
): boolean {
	return newUs > maxSlowdown * oldUs && newUs - oldUs >= NOTICEABLE_US;
}

function afterProbing(
	plan: SwapPlan,
	{ oldUs, newUs }: Extract<SwapSignal, { kind: "probed" }>,
): SwapState {
	const { maxSlowdown } = plan.settings;
	if (oldUs === null || newUs === null) return toShadowing(plan);
	if (!isTooSlow(oldUs, newUs, plan.settings)) return toShadowing(plan);
	return failed(
		"warming",
		"LOAD_FAILED",
		`one run of the new version takes ${ms(newUs)} ms, ${(newUs / oldUs).toFixed(1)} times the ${ms(oldUs)} ms of the version in service; saccade.swap.max_slowdown is ${maxSlowdown}`,
	);
}

function afterComparison(plan: SwapPlan, report: ShadowReport): SwapState {
	const beyond = report.outputs.filter(({ isWithin }) => !isWithin);
	if (beyond.length === 0) return toCanary(plan);
	const texts = beyond.map(
		({ output, maxDifference, notFiniteCount, tolerance }) =>
			notFiniteCount > 0
				? `output '${output}' has ${notFiniteCount} elements that are not finite where the old one's are`
				: `output '${output}' differs by up to ${maxDifference.toPrecision(3)}, beyond ${tolerance}`,
	);
	return failed(
		"shadowing",
		"LOAD_FAILED",
		`compared with the version in service on ${report.sampleCount} recent requests: ${texts.join("; ")}`,
	);
}

function afterCanary({ settings }: SwapPlan, report: CanaryReport): SwapState {
	const verdict = canaryVerdict(report, settings.canary);
	return verdict.kind === "roll-back"
		? failed("canary", "LOAD_FAILED", verdict.because)
		: { kind: "switching" };
}

function superseded(phase: SwapPhase): SwapState {
	return failed(
		phase,
		"UNAVAILABLE",
		"a newer operation on the model has been asked for; it goes on from the version in service",
	);
}

/** What to do, by where it failed: the old version serves, so there is time. */
const ADVICE: Readonly<Record<SwapPhase, string>> = {
	waiting: "Try again.",
	preparing:
		"Mend the file, or the cache of prepared models, and copy the file again.",
	loading:
		"Mend the files, or copy them again, whole: to another name, then rename; every change is tried again.",
	validating:
		"Mend config.pbtxt or the model; set saccade.swap.contract to any where clients know of the change.",
	warming:
		"Try the version by itself (saccade infer); set saccade.swap.max_slowdown where it may be slower.",
	shadowing:
		"Look at the report (GET /saccade/v1/models/{model}/swaps); set saccade.shadow.tolerance where the difference is wanted.",
	canary:
		"Look at the report (GET /saccade/v1/models/{model}/swaps) and at the metrics of the new version.",
	switching: "Report this as a fault of the server.",
};

function failed(phase: SwapPhase, code: ErrorCode, text: string): SwapState {
	return {
		kind: "ended",
		failure: { phase, code, text, advice: ADVICE[phase] },
	};
}

function ms(us: number): string {
	return (us / 1000).toFixed(us < 10_000 ? 2 : 0);
}
