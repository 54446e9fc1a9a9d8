/** How long a number has stood still while it should have changed. Looked at now and then; costs nothing between. */
export class Standstill {
	#value = Number.NaN;
	#sinceUs = 0;

	/** µs for which `value` has been the same at every look although it `should` have changed. */
	lastsUs(nowUs: number, value: number, should: boolean): number {
		if (!should || value !== this.#value) {
			this.#value = value;
			this.#sinceUs = nowUs;
		}
		return nowUs - this.#sinceUs;
	}
}
