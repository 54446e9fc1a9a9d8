// When a model that changed may be read: when nothing about it has changed for the settle time. Pure: what was seen, and
// when, in; what to do next out.
//
//            other signature          half the settle time           the settle time over
//   still ─────────────────▶ stirred ──────────────────▶ read ahead ──────────────────▶ settled
//                               ▲                             │ other signature, or an event
//                               └─────────────────────────────┘

export interface Settling {
	readonly signature: string;
	/** Of the last change. */
	readonly sinceUs: number;
	/** Its files were hashed since, so that reading them when it is settled takes no time. */
	readonly isReadAhead: boolean;
}

export type SettleStep =
	| { readonly kind: "wait"; readonly untilUs: number }
	| { readonly kind: "read-ahead" }
	| { readonly kind: "settled" };

/** @param before null: it was still */
export function stirred(
	before: Settling | null,
	signature: string,
	atUs: number,
): Settling {
	return before !== null && before.signature === signature
		? before
		: { signature, sinceUs: atUs, isReadAhead: false };
}

/** Something was written, whether or not it shows. */
export function touched(before: Settling, atUs: number): Settling {
	return { ...before, sinceUs: atUs, isReadAhead: false };
}

export function nextStep(
	{ sinceUs, isReadAhead }: Settling,
	nowUs: number,
	settleUs: number,
): SettleStep {
	if (nowUs >= sinceUs + settleUs) return { kind: "settled" };
	const aheadUs = sinceUs + settleUs / 2;
	if (isReadAhead) return { kind: "wait", untilUs: sinceUs + settleUs };
	return nowUs >= aheadUs
		? { kind: "read-ahead" }
		: { kind: "wait", untilUs: aheadUs };
}
