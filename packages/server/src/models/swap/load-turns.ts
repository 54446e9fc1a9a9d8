// Loads take memory and cores that serving models need: they take turns.

/** Gives the place back; a second call does nothing. */
export type EndTurn = () => void;

export class LoadTurns {
	readonly #width: number;
	readonly #waiting: (() => void)[] = [];
	#busy = 0;

	/** @param width loads at once */
	constructor(width: number) {
		this.#width = width;
	}

	async begin(): Promise<EndTurn> {
		if (this.#busy < this.#width) this.#busy++;
		else await new Promise<void>((resolve) => this.#waiting.push(resolve));
		let isOver = false;
		return () => {
			if (isOver) return;
			isOver = true;
			const next = this.#waiting.shift();
			if (next === undefined) this.#busy--;
			else next();
		};
	}
}
