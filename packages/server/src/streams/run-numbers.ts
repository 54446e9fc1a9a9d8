// Names of runs that do not depend on how long they take, and that no two have at once: runs begin in a replay in the
// order in which they began then, so the n-th of those with the same facts is the same run.
export class RunNumbers {
	readonly #begun = new Map<string, { next: number; openCount: number }>();

	begin(facts: string): string {
		const one = this.#begun.get(facts) ?? { next: 0, openCount: 0 };
		this.#begun.set(facts, one);
		one.openCount++;
		return `${facts}#${one.next++}`;
	}

	/** @param facts as they were given to `begin` */
	end(facts: string): void {
		const one = this.#begun.get(facts);
		if (one !== undefined && --one.openCount === 0) this.#begun.delete(facts);
	}
}
