// Names without their namespaces: each stands for the model that has it as long as there is only one.
import { ambiguousName, shortNameOf } from "../../repository/naming.ts";

export class ShortNames {
	readonly #names = new Map<string, Set<string>>();

	/** @param name in whole; one without a namespace has no shorter name */
	add(name: string): void {
		const short = shortNameOf(name);
		if (short === null) return;
		const names = this.#names.get(short) ?? new Set();
		this.#names.set(short, names.add(name));
	}

	delete(name: string): void {
		const short = shortNameOf(name) ?? "";
		const names = this.#names.get(short);
		names?.delete(name);
		if (names?.size === 0) this.#names.delete(short);
	}

	/** Null: it is no short name. Throws INVALID_ARGUMENT where it could be several. */
	wholeNameOf(short: string): string | null {
		const names = this.#names.get(short);
		if (names === undefined) return null;
		const [only = short] = names;
		if (names.size > 1) throw ambiguousName(short, [...names].sort());
		return only;
	}
}
