// How fast a stream keeps up: what it suggests to its client.

/** Weight of the newest run. */
const WEIGHT = 1 / 8;
/** Runs in a row without a dropped or late frame after which no rate is suggested any more. */
const CALM_COUNT = 32;

export class Pace {
	#runUs = 0;
	#calmCount = CALM_COUNT;
	/** By how much the last late frame missed its deadline; 0 when frames are in time again. */
	latenessUs = 0;

	/** Frames a second that can be run; 0 while all of them are. */
	suggestedRateHz(lanes: number): number {
		if (this.#calmCount >= CALM_COUNT || this.#runUs <= 0) return 0;
		return (lanes * 1e6) / this.#runUs;
	}

	ran(us: number): void {
		this.#runUs =
			this.#runUs === 0 ? us : this.#runUs + (us - this.#runUs) * WEIGHT;
	}

	/** A frame was dropped because others came before or after it. */
	fellBehind(): void {
		this.#calmCount = 0;
	}

	late(byUs: number): void {
		this.#calmCount = 0;
		this.latenessUs = byUs;
	}

	onTime(): void {
		this.#calmCount++;
		this.latenessUs = 0;
	}
}
