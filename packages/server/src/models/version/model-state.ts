// Life of one model version:
//
//   loading ──▶ warming ──▶ ready ──▶ draining ──▶ unloaded
//      └───────────┴──▶ failed
import type { SaccadeError } from "../../errors/saccade-error.ts";

export type ModelState =
	| { readonly kind: "loading" }
	| { readonly kind: "warming" }
	| { readonly kind: "ready" }
	| { readonly kind: "draining" }
	| { readonly kind: "unloaded" }
	| { readonly kind: "failed"; readonly error: SaccadeError };

const NEXT: Readonly<
	Record<ModelState["kind"], readonly ModelState["kind"][]>
> = {
	loading: ["warming", "failed"],
	warming: ["ready", "failed"],
	ready: ["draining"],
	draining: ["unloaded"],
	unloaded: [],
	failed: [],
};

export function canFollow(from: ModelState, to: ModelState): boolean {
	return NEXT[from.kind].includes(to.kind);
}
