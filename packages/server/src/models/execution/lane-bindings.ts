// The buffers of one lane: a binding for each combination of shapes and rows that it has run lately. Making one costs
// allocations and native calls, running on one that is there costs none.
import type { Binding, Session } from "../../runtime/runtime.ts";
import type { ModelEntry } from "../entry.ts";
import { InputMemory } from "./input-memory.ts";
import type { OutputLayout } from "./output-layout.ts";

export interface LaneBinding {
	readonly binding: Binding;
	/** Inputs point to a request's bytes, and must be reset before they are gathered into. */
	isLent: boolean;
}

/** Combinations that a lane keeps; of the shapes that came first the oldest goes first. */
export const BINDINGS_KEPT = 64;

export interface LaneBindingsOptions {
	readonly session: Session;
	readonly batched: boolean;
	readonly outputs: readonly OutputLayout[];
}

export class LaneBindings {
	readonly #options: LaneBindingsOptions;
	/** Shape key → bindings by rows. */
	readonly #kept = new Map<string, Map<number, LaneBinding>>();
	#count = 0;
	readonly #memory: InputMemory;

	constructor(options: LaneBindingsOptions) {
		this.#options = options;
		this.#memory = new InputMemory(options.session.inputs);
	}

	/** For a batch of so many rows of what `entry` is one of. Throws what `Session.bind` throws. */
	of(
		entry: Pick<ModelEntry, "shapeKey" | "shapes">,
		rows: number,
	): LaneBinding {
		const { shapeKey } = entry;
		const known = this.#kept.get(shapeKey)?.get(rows);
		if (known !== undefined) return known;
		if (this.#count === BINDINGS_KEPT) this.#dropOldest();
		const made = { binding: this.#bind(entry, rows), isLent: false };
		const byRows = this.#kept.get(shapeKey) ?? new Map<number, LaneBinding>();
		this.#kept.set(shapeKey, byRows.set(rows, made));
		this.#count++;
		return made;
	}

	/** No run may be under way. */
	close(): void {
		for (const byRows of this.#kept.values())
			for (const { binding } of byRows.values()) binding.close();
		this.#kept.clear();
		this.#count = 0;
	}

	#bind({ shapes }: Pick<ModelEntry, "shapes">, rows: number): Binding {
		const { session, batched, outputs } = this.#options;
		const inputShapes = shapes.map((shape) =>
			shape !== null && batched ? [rows, ...shape.slice(1)] : shape,
		);
		// Bindings over the smaller buffers would keep them.
		if (this.#memory.grow(inputShapes)) this.close();
		return session.bind({
			inputShapes,
			outputShapes: outputs.map(({ shape }) => {
				const full = batched ? [rows, ...shape.slice(1)] : shape;
				return full.includes(-1) ? null : full;
			}),
			inputMemory: this.#memory.buffers,
		});
	}

	#dropOldest(): void {
		const [oldest] = this.#kept;
		if (oldest === undefined) return;
		const [key, byRows] = oldest;
		for (const [rows, { binding }] of byRows) {
			binding.close();
			byRows.delete(rows);
			this.#count--;
			if (byRows.size === 0) this.#kept.delete(key);
			return;
		}
	}
}
