// Thins a cloud: all points of one voxel become their mean, in the order in which voxels were first met.
// As VoxelGrid of the Point Cloud Library does it, with a hash table in place of a sort.
import {
	assertPointRoom,
	POINT_STRIDE,
	type Points,
} from "../clouds/points.ts";
import { VoxelTable } from "./voxel-table.ts";

export interface VoxelGridOptions {
	/** Edge of a voxel, in metres. */
	readonly voxelM: number;
	/** Most points of one cloud. */
	readonly capacity: number;
}

/** Scratch for one capacity; `thin` allocates nothing. */
export class VoxelGrid {
	readonly #voxelM: number;
	readonly #capacity: number;
	readonly #table: VoxelTable;
	/** x, y, z, intensity summed, per voxel. */
	readonly #sums: Float64Array;
	readonly #counts: Uint32Array;

	/** @throws RangeError unless voxel and capacity are larger than 0. */
	constructor({ voxelM, capacity }: VoxelGridOptions) {
		if (!(voxelM > 0 && Number.isFinite(voxelM)))
			throw new RangeError(`a voxel of ${voxelM} m: it must be larger than 0`);
		this.#voxelM = voxelM;
		this.#capacity = capacity;
		this.#table = new VoxelTable(capacity);
		this.#sums = new Float64Array(POINT_STRIDE * capacity);
		this.#counts = new Uint32Array(capacity);
	}

	/**
	 * Replaces `into`, which may be `points` itself, with one point per voxel: the mean of position and intensity.
	 * Times are those of the first point.
	 * @returns how many points went into each other
	 * @throws RangeError when there are more points than capacity; PointCloudError `no-room` when `into` cannot take
	 * one for each.
	 */
	thin(points: Points, into: Points): number {
		const { count, xyzi, timesS } = points;
		if (count > this.#capacity)
			throw new RangeError(
				`${count} points, but a capacity of ${this.#capacity}`,
			);
		assertPointRoom(into, count);
		const scale = 1 / this.#voxelM;
		const sums = this.#sums;
		const counts = this.#counts;
		this.#table.clear();
		for (let i = 0; i < count; i++) {
			const at = POINT_STRIDE * i;
			const voxel = this.#table.indexOf(
				Math.floor(xyzi[at]! * scale),
				Math.floor(xyzi[at + 1]! * scale),
				Math.floor(xyzi[at + 2]! * scale),
			);
			const to = POINT_STRIDE * voxel;
			if (this.#table.isNew) {
				counts[voxel] = 0;
				sums.fill(0, to, to + POINT_STRIDE);
				if (into.timesS !== null) into.timesS[voxel] = timesS?.[i] ?? 0;
			}
			counts[voxel]!++;
			for (let axis = 0; axis < POINT_STRIDE; axis++)
				sums[to + axis] = sums[to + axis]! + xyzi[at + axis]!;
		}
		const voxelCount = this.#table.count;
		for (let i = 0; i < POINT_STRIDE * voxelCount; i++)
			into.xyzi[i] = sums[i]! / counts[i >> 2]!;
		into.count = voxelCount;
		return count - voxelCount;
	}
}
