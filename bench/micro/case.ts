// What every micro benchmark is: a name to pick it by, the budget row it is a part of, and a step that is timed.
import type { BudgetRow } from "./budget.ts";

export interface MicroCase<State> {
	/** `area/what/variant`, selected by `npm run bench -- micro REGEX`. */
	readonly name: string;
	/** Cases of one row add up. Null: measured, but no part of the budget. */
	readonly budget: BudgetRow | null;
	/** Requests that one run serves: its time is divided among them. @default 1 */
	readonly requestCount?: number;
	/** Makes everything that `run` works on, once. */
	setup(): State | Promise<State>;
	/** The step that is timed. A promise is awaited. */
	run(state: State): unknown;
	close?(state: State): void | Promise<void>;
}

/** A case that is set up. */
export interface ReadyCase {
	readonly step: () => unknown;
	close(): void | Promise<void>;
}

/** A case without the type of its state, so that cases can stand in one list. */
export interface AnyCase {
	readonly name: string;
	readonly budget: BudgetRow | null;
	readonly requestCount: number;
	prepare(): Promise<ReadyCase>;
}

export function defineCase<State>(definition: MicroCase<State>): AnyCase {
	return {
		name: definition.name,
		budget: definition.budget,
		requestCount: definition.requestCount ?? 1,
		prepare: async () => {
			const state = await definition.setup();
			return {
				step: () => definition.run(state),
				close: () => definition.close?.(state),
			};
		},
	};
}

/** A function that hands out `items` in turn, so that no step sees the same one twice in a row. */
export function cycle<T>(items: readonly T[]): () => T {
	let at = 0;
	return () => {
		const item = items[at++ % items.length];
		if (item === undefined) throw new RangeError("nothing to cycle through");
		return item;
	};
}
