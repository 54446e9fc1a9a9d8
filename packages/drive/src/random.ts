// A small, fast, seeded generator (sfc32 by Chris Doty-Humphrey, seeded through splitmix32), so that one number tells a
// whole drive. It passes PractRand; https://pracrand.sourceforge.net/RNG_engines.txt

/** Each stream of one seed is independent of the others, so that a new consumer shifts nobody else's numbers. */
export class Random {
	readonly #seed: number;
	#a = 0;
	#b = 0;
	#c = 0;
	#counter = 1;

	constructor(seed: number, stream = 0) {
		this.#seed = seed;
		let state = (Math.imul(seed, 0x9e3779b1) ^ (stream + 0x85ebca6b)) | 0;
		const next = () => {
			state = (state + 0x9e3779b9) | 0;
			let mixed = state ^ (state >>> 16);
			mixed = Math.imul(mixed, 0x21f0aaad);
			mixed ^= mixed >>> 15;
			mixed = Math.imul(mixed, 0x735a2d97);
			return mixed ^ (mixed >>> 15);
		};
		this.#a = next() ^ Math.floor(seed / 0x1_0000_0000);
		this.#b = next();
		this.#c = next();
		for (let i = 0; i < 12; i++) this.nextUint32();
	}

	/** Another stream of the same seed. */
	stream(index: number): Random {
		return new Random(this.#seed, index);
	}

	nextUint32(): number {
		const sum = (this.#a + this.#b + this.#counter) | 0;
		this.#counter = (this.#counter + 1) | 0;
		this.#a = this.#b ^ (this.#b >>> 9);
		this.#b = (this.#c + (this.#c << 3)) | 0;
		this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
		this.#c |= 0;
		return sum >>> 0;
	}

	/** 0 ≤ number < 1, in steps of 2⁻³². */
	next(): number {
		return this.nextUint32() / 0x1_0000_0000;
	}

	between(min: number, max: number): number {
		return min + (max - min) * this.next();
	}

	/** An integer, 0 ≤ number < `count`. */
	below(count: number): number {
		return Math.floor(this.next() * count);
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	/** Mean 0, deviation 1 (Box and Muller). */
	normal(): number {
		const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
		return radius * Math.cos(2 * Math.PI * this.next());
	}
}

const TABLE_SIZE = 4096;

/** Normal deviates by look-up, for noise on every point of a sweep: a logarithm and a cosine each would cost more than the ray. */
export class NoiseTable {
	readonly #values: Float32Array;

	constructor(random: Random) {
		this.#values = Float32Array.from({ length: TABLE_SIZE }, () =>
			random.normal(),
		);
	}

	/** @param bits of a fresh random integer; 12 are used. */
	at(bits: number): number {
		return this.#values[bits & (TABLE_SIZE - 1)]!;
	}
}
