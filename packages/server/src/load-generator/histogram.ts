// Latency histogram with bounded relative error: 64 sub-buckets per power of two (≤ 1.6 %), in µs,
// after the idea of HdrHistogram (http://hdrhistogram.org). Recording allocates nothing.

const SUB_BITS = 6;
const SUB_COUNT = 1 << SUB_BITS;
const BUCKETS = 32 * SUB_COUNT;

export class LatencyHistogram {
	readonly #counts = new Float64Array(BUCKETS);
	#count = 0;
	#maxUs = 0;

	record(valueUs: number): void {
		this.#counts[bucketOf(valueUs)]! += 1;
		this.#count++;
		if (valueUs > this.#maxUs) this.#maxUs = valueUs;
	}

	get count(): number {
		return this.#count;
	}

	get maxUs(): number {
		return this.#maxUs;
	}

	/** Upper edge of the bucket that holds the `share` quantile (0…1), in µs. */
	quantileUs(share: number): number {
		const rank = Math.ceil(this.#count * share);
		let seen = 0;
		for (let i = 0; i < BUCKETS; i++) {
			seen += this.#counts[i]!;
			if (seen >= rank && seen > 0) return Math.min(upperEdge(i), this.#maxUs);
		}
		return this.#maxUs;
	}
}

function bucketOf(valueUs: number): number {
	const value = valueUs < 0 ? 0 : Math.min(Math.floor(valueUs), 0x7fff_ffff);
	if (value < SUB_COUNT) return value;
	const exponent = 31 - Math.clz32(value) - SUB_BITS + 1;
	return exponent * (SUB_COUNT / 2) + (value >> exponent);
}

function upperEdge(bucket: number): number {
	if (bucket < SUB_COUNT) return bucket + 1;
	const exponent = Math.floor(bucket / (SUB_COUNT / 2)) - 1;
	const sub = bucket - exponent * (SUB_COUNT / 2);
	return (sub + 1) * 2 ** exponent;
}
