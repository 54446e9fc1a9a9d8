// From the three indices of a voxel to a number that counts voxels in the order in which they were first met.
// Open addressing with linear probing. Clearing is one increment: an entry of an older generation is free.

/** Twice as many places as voxels keep the probes short. */
const PLACES_PER_VOXEL = 2;

export class VoxelTable {
	/** Voxels since `clear`. */
	count = 0;
	/** Whether the last call of `indexOf` met its voxel for the first time. */
	isNew = false;
	readonly #mask: number;
	/** i, j, k of each voxel. */
	readonly #keys: Int32Array;
	/** Per place: the voxel's number and the generation that put it there. */
	readonly #voxels: Int32Array;
	readonly #generations: Uint32Array;
	#generation = 1;

	/** @throws RangeError unless the capacity is a positive integer. */
	constructor(capacity: number) {
		if (!(Number.isSafeInteger(capacity) && capacity > 0))
			throw new RangeError(
				`a capacity of ${capacity}: it must be a positive integer`,
			);
		let places = 1;
		while (places < PLACES_PER_VOXEL * capacity) places *= 2;
		this.#mask = places - 1;
		this.#keys = new Int32Array(3 * capacity);
		this.#voxels = new Int32Array(places);
		this.#generations = new Uint32Array(places);
	}

	clear(): void {
		this.count = 0;
		this.#generation++;
		if (this.#generation > 0xffff_ffff) {
			this.#generations.fill(0);
			this.#generation = 1;
		}
	}

	/** The caller sees to it that there are never more voxels than capacity. Indices are taken as 32-bit integers. */
	indexOf(i: number, j: number, k: number): number {
		const a = i | 0;
		const b = j | 0;
		const c = k | 0;
		const keys = this.#keys;
		let place = hash(a, b, c) & this.#mask;
		while (this.#generations[place] === this.#generation) {
			const voxel = this.#voxels[place]!;
			const at = 3 * voxel;
			if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c) {
				this.isNew = false;
				return voxel;
			}
			place = (place + 1) & this.#mask;
		}
		const voxel = this.count++;
		this.#generations[place] = this.#generation;
		this.#voxels[place] = voxel;
		keys[3 * voxel] = a;
		keys[3 * voxel + 1] = b;
		keys[3 * voxel + 2] = c;
		this.isNew = true;
		return voxel;
	}
}

/** Three odd factors and the mixing step of MurmurHash3, since neighbours must not share places. */
function hash(i: number, j: number, k: number): number {
	let h =
		Math.imul(i, 0x9e37_79b1) ^
		Math.imul(j, 0x85eb_ca77) ^
		Math.imul(k, 0xc2b2_ae3d);
	h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
	h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
	return h ^ (h >>> 16);
}
