// Which requests are traced from their head on, as OpenTelemetry's `parentbased_traceidratio`: the caller's wish where
// there is one, else a fixed share. https://opentelemetry.io/docs/specs/otel/trace/sdk/#built-in-samplers
import { TraceCount } from "./trace-count.ts";

export interface HeadSamplerOptions {
	/** @default a new one without an end */
	readonly count?: TraceCount;
	/** @default Math.random */
	readonly random?: () => number;
}

/** Draws how many are passed over until the next: one comparison for each, and one logarithm for each that is taken. */
export class HeadSampler {
	/** Takes so many at most. */
	readonly count: TraceCount;
	#ratio: number;
	readonly #random: () => number;
	#passOver: number;

	/** @param ratio 0 to 1 */
	constructor(ratio: number, options: HeadSamplerOptions = {}) {
		const { count = new TraceCount(), random = Math.random } = options;
		this.count = count;
		this.#ratio = ratio;
		this.#random = random;
		this.#passOver = this.#draw();
	}

	/** From the next on. */
	set ratio(ratio: number) {
		this.#ratio = ratio;
		this.#passOver = this.#draw();
	}

	takesNext(): boolean {
		if (this.#passOver > 0) {
			this.#passOver--;
			return false;
		}
		this.#passOver = this.#draw();
		return this.count.take();
	}

	/** Geometric: each is taken with the same chance, whatever came before. */
	#draw(): number {
		if (this.#ratio >= 1) return 0;
		if (this.#ratio <= 0) return Number.POSITIVE_INFINITY;
		return Math.floor(Math.log(1 - this.#random()) / Math.log(1 - this.#ratio));
	}
}
