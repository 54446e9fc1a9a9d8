// What a thread of steps is asked and answers.
import type { ErrorCode } from "@saccade/protocol";
import type { ValueSource } from "../graph/value-source.ts";
import type { StreamOpening } from "../pipeline.ts";
import type { Ports } from "../steps/port.ts";
import type { StepFrame } from "../steps/step.ts";

/** A step with its settings, as others see it. */
export interface StepDescription {
	readonly name: string;
	readonly summary: string;
	readonly remembers: boolean;
	readonly listens: boolean;
	readonly inputs: Ports;
	readonly outputs: Ports;
	/** Its answer comes later, as a promise. */
	readonly isAsync: boolean;
	/** Median of runs with its sample, in µs. */
	readonly costUs: number;
	/** With its settings, or its sample; the rest is then empty. */
	readonly problems: readonly string[];
}

/** A step of a run of steps, with where its inputs come from. */
export interface SegmentStep {
	readonly node: string;
	readonly index: number;
	readonly step: string;
	readonly settings: Readonly<Record<string, unknown>>;
	readonly inputs: readonly {
		readonly name: string;
		readonly source: ValueSource | null;
	}[];
}

/** Steps that a thread runs one after the other for a stream. */
export interface SegmentSpec {
	readonly steps: readonly SegmentStep[];
	/** What comes from outside, in the order of `inputs` of a run. */
	readonly takes: readonly ValueSource[];
	/** What goes outside, in the order of the answer. */
	readonly gives: readonly ValueSource[];
	readonly opening: StreamOpening;
}

export type ThreadRequest =
	| { readonly kind: "list"; readonly id: number }
	| {
			readonly kind: "describe";
			readonly id: number;
			readonly step: string;
			readonly settings: Readonly<Record<string, unknown>>;
	  }
	| {
			readonly kind: "run";
			readonly id: number;
			readonly session: number;
			readonly unit: number;
			/** Which set of instances: one for each frame that runs beside others. */
			readonly workspace: number;
			/** With the first run of a workspace. */
			readonly segment: SegmentSpec | null;
			readonly inputs: readonly unknown[];
			readonly frame: Omit<StepFrame, "nowUs">;
			/** From `process.hrtime` to the server's clock, in µs. */
			readonly clockOffsetUs: number;
	  }
	| { readonly kind: "close"; readonly session: number };

export interface ThreadSpan {
	readonly name: string;
	readonly beginUs: number;
	readonly endUs: number;
}

export type ThreadAnswer =
	| {
			readonly kind: "listed";
			readonly id: number;
			readonly steps: readonly string[];
	  }
	| {
			readonly kind: "described";
			readonly id: number;
			readonly description: StepDescription;
	  }
	| {
			readonly kind: "ran";
			readonly id: number;
			readonly outputs: readonly unknown[];
			readonly spans: readonly ThreadSpan[];
			/** What it holds after a collection, when that is more than it may. */
			readonly leakedBytes: number | null;
	  }
	| {
			readonly kind: "failed";
			readonly id: number;
			readonly code: ErrorCode;
			readonly message: string;
	  };

/** Given to a thread when it starts. */
export interface ThreadData {
	/** URL of a module that exports steps; null: the steps that come with the server. */
	readonly source: string | null;
	readonly maxBytes: number;
}
