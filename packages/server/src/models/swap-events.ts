// What becomes of models, as plain data: every load, swap and unload from its cause to the release of what it replaced.
// Whoever loads emits; audit, metrics, log and the history behind `GET /saccade/v1/models/{m}/swaps` subscribe.
//
//   begun ─▶ phase … ─▶ ended (switched | unloaded | unchanged | failed) ─▶ released, once a version that left
import type { ErrorCode } from "@saccade/protocol";

/** In the order in which they come; not every swap has all of them. */
export const SWAP_PHASES = [
	/** For earlier operations on the model, and for its turn to load. */
	"waiting",
	/** An optimised copy is made, on first sight of a file. */
	"preparing",
	"loading",
	/** Configuration and shapes, against those of the version in service. */
	"validating",
	"warming",
	/** Recent real inputs, through both versions. */
	"shadowing",
	/** A share of the requests goes to the new version. */
	"canary",
	"switching",
] as const;
export type SwapPhase = (typeof SWAP_PHASES)[number];

/**
 * Who asked: the server's own start, what became of the files, a client, the first request for a model (`demand`), or
 * another model that needed the memory (`budget`).
 */
export type SwapCause =
	| "start"
	| "poll"
	| "watch"
	| "api"
	| "demand"
	| "budget";

export interface VersionIdentity {
	readonly version: number;
	/** Names the content of its files, `sha256:…`; null: it was not taken. */
	readonly digest: string | null;
}

/** One operation on one model; the same object in each of its events. */
export interface Swap {
	/** Counts up from 1 while the process lives. */
	readonly id: number;
	readonly model: string;
	readonly action: "load" | "unload";
	readonly cause: SwapCause;
	/** The client of cause `api`, e.g. `http 10.0.0.7:51544, with the admin token`; else empty. */
	readonly by: string;
	/** In service when it was asked for. */
	readonly from: readonly VersionIdentity[];
}

export interface PhaseDuration {
	readonly phase: SwapPhase;
	/** All versions of the operation together. */
	readonly durationUs: number;
}

/** How far one output of the new version is from the old one's, over all samples. */
export interface OutputDifference {
	readonly output: string;
	/** Largest |new − old| / max(1, |old|); for texts the share that differs. */
	readonly maxDifference: number;
	readonly meanDifference: number;
	/** Elements that are NaN or infinite where the old version's are not. */
	readonly notFiniteCount: number;
	/** Share of rows whose largest element is the same one; null where rows have one element. */
	readonly agreement: number | null;
	/** Of `maxDifference`; null: it is only reported. */
	readonly tolerance: number | null;
	readonly isWithin: boolean;
}

export interface ShadowReport {
	readonly sampleCount: number;
	readonly outputs: readonly OutputDifference[];
	/** Medians of one run each, beside one another, in ms. */
	readonly oldRunMs: number;
	readonly newRunMs: number;
}

export interface CanarySide {
	readonly requestCount: number;
	/** Those that the model failed, not those that were cancelled, late or invalid. */
	readonly errorCount: number;
	readonly p50Ms: number;
	readonly p95Ms: number;
}

export interface CanaryReport {
	/** Share of the requests, 0 to 1. */
	readonly weight: number;
	readonly durationMs: number;
	readonly old: CanarySide;
	readonly new: CanarySide;
}

export interface SwapFailure {
	readonly phase: SwapPhase;
	readonly code: ErrorCode;
	/** What happened, with the numbers. */
	readonly text: string;
	/** What to do about it. */
	readonly advice: string;
}

export type SwapOutcome =
	| {
			readonly kind: "switched";
			readonly to: readonly VersionIdentity[];
			/** From the first statement of the switch to the last. */
			readonly switchUs: number;
	  }
	| { readonly kind: "unloaded" }
	/** Everything on disk was in service already. */
	| { readonly kind: "unchanged" }
	/** What was in service still is. */
	| {
			readonly kind: "failed";
			readonly to: readonly VersionIdentity[];
			readonly failure: SwapFailure;
	  };

interface Happened {
	readonly swap: Swap;
	/** On the server's clock. */
	readonly atUs: number;
}

export type SwapEvent = Happened &
	(
		| { readonly kind: "begun" }
		/** @see version null: of the operation as a whole */
		| {
				readonly kind: "phase";
				readonly phase: SwapPhase;
				readonly version: number | null;
		  }
		| {
				readonly kind: "compared";
				readonly version: number;
				readonly report: ShadowReport;
		  }
		| {
				readonly kind: "judged";
				readonly version: number;
				readonly report: CanaryReport;
		  }
		| {
				readonly kind: "ended";
				readonly outcome: SwapOutcome;
				/** By the order in which they first began. */
				readonly phases: readonly PhaseDuration[];
				/** Since `begun`. */
				readonly totalUs: number;
		  }
		/** Its last request is answered and its memory is given back. */
		| {
				readonly kind: "released";
				readonly version: VersionIdentity;
				readonly drainUs: number;
		  }
	);

/** Called synchronously; must not throw. */
export type SwapListener = (event: SwapEvent) => void;
