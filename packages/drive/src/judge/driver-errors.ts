// Hard brakes, and which of them had no reason. A brake is false when the same policy, given the truth at the same instants
// and speeds, never asked for half of it: not while it lasted, nor a moment before.

/** Commands harder than this are hard brakes: what passengers do not forgive. */
const HARD_BRAKE_MPS2 = 4;

/** Hard commands closer together belong to one brake. */
const JOIN_S = 1;
/** Truth from so long before counts: nobody sees sooner than he looks. */
const BEFORE_S = 0.5;

export interface HardBrake {
	readonly fromS: number;
	readonly untilS: number;
	readonly hardestMps2: number;
	/** Most that the truth asked for meanwhile. */
	readonly neededMps2: number;
	readonly isFalse: boolean;
}

interface Instant {
	readonly timeS: number;
	readonly commandedMps2: number;
	readonly neededMps2: number;
}

export class BrakeJudge {
	readonly #instants: Instant[] = [];

	/** One decision: what was commanded and what the truth asked for, decelerations both. */
	add(timeS: number, commandedMps2: number, neededMps2: number): void {
		this.#instants.push({ timeS, commandedMps2, neededMps2 });
	}

	hardBrakes(): HardBrake[] {
		const brakes: HardBrake[] = [];
		const hard = this.#instants.filter(
			({ commandedMps2 }) => commandedMps2 >= HARD_BRAKE_MPS2,
		);
		for (let first = 0; first < hard.length; ) {
			let last = first;
			while (
				last + 1 < hard.length &&
				hard[last + 1]!.timeS - hard[last]!.timeS <= JOIN_S
			)
				last++;
			brakes.push(this.#judge(hard.slice(first, last + 1)));
			first = last + 1;
		}
		return brakes;
	}

	#judge(hard: readonly Instant[]): HardBrake {
		const fromS = hard[0]!.timeS;
		const untilS = hard[hard.length - 1]!.timeS;
		const hardestMps2 = Math.max(...hard.map((at) => at.commandedMps2));
		let neededMps2 = 0;
		for (const at of this.#instants)
			if (at.timeS >= fromS - BEFORE_S && at.timeS <= untilS)
				neededMps2 = Math.max(neededMps2, at.neededMps2);
		return {
			fromS,
			untilS,
			hardestMps2,
			neededMps2,
			isFalse: neededMps2 < HARD_BRAKE_MPS2 / 2,
		};
	}
}
