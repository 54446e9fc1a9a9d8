// What the inspector and its thread say to each other.
import type { ModelContent } from "./content.ts";
import type { ModelScan, RepositoryScan } from "./scan.ts";

/** What each question is answered with. */
export interface Inspections {
	readonly repository: RepositoryScan;
	readonly model: ModelScan | null;
	readonly content: ModelContent | null;
}

export interface Question {
	readonly id: number;
	readonly about: keyof Inspections;
	readonly path: string;
}

export type Answer =
	| { readonly id: number; readonly ok: true; readonly value: unknown }
	| { readonly id: number; readonly ok: false; readonly text: string };
