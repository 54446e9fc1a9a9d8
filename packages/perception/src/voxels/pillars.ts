// Pillars as PointPillars takes them: points grouped by cell of the ground, a bounded number of each.
// https://arxiv.org/abs/1812.05784 (section 2.1)

import { POINT_STRIDE, type Points } from "../clouds/points.ts";
import { assertGroundGrid, type GroundGrid } from "../grid/ground-grid.ts";
import { assertSize } from "../image/image.ts";

export interface PillarOptions {
	readonly grid: GroundGrid;
	/** Points outside are left out. */
	readonly minZM: number;
	readonly maxZM: number;
	/** Further pillars are left out, those met last. @default 12000, the paper's P */
	readonly maxPillars?: number;
	/** Further points of a pillar are left out, those met last. @default 32; the paper has 100 */
	readonly maxPointsPerPillar?: number;
	/**
	 * `raw`: x, y, z, intensity, for networks that add the rest themselves. `decorated`: the paper's nine, with the
	 * distances to the mean of the pillar's points (x, y, z) and to its centre (x, y). @default "decorated"
	 */
	readonly features?: "raw" | "decorated";
}

/** What `fill` writes: the caller's arrays, often views on an input tensor. Empty places are 0. */
export interface PillarTensors {
	/** [maxPillars, maxPointsPerPillar, featureCount]. */
	readonly features: Float32Array;
	/** [maxPillars, 4]: batch (always 0), z (always 0), row, column. */
	readonly coordinates: Int32Array;
	/** [maxPillars]: points of each. */
	readonly pointCounts: Int32Array;
}

const RAW_FEATURES = 4;
const DECORATED_FEATURES = 9;
const COORDINATES = 4;
const NONE = -1;

/** Scratch for one grid; `fill` allocates nothing. Points are taken in their order, so equal clouds give equal pillars. */
export class Pillars {
	readonly maxPillars: number;
	readonly maxPointsPerPillar: number;
	readonly featureCount: number;
	readonly #options: PillarOptions;
	/** Pillar of each cell. */
	readonly #pillarOfCell: Int32Array;
	readonly #means: Float64Array = new Float64Array(3);

	/** @throws RangeError when the grid is not one. */
	constructor(options: PillarOptions) {
		assertGroundGrid(options.grid);
		this.#options = options;
		this.maxPillars = options.maxPillars ?? 12_000;
		this.maxPointsPerPillar = options.maxPointsPerPillar ?? 32;
		this.featureCount =
			options.features === "raw" ? RAW_FEATURES : DECORATED_FEATURES;
		const { rows, columns } = options.grid;
		this.#pillarOfCell = new Int32Array(rows * columns).fill(NONE);
	}

	/** Tensors of the right sizes, for callers that have none. */
	createTensors(): PillarTensors {
		return {
			features: new Float32Array(this.#featureLength),
			coordinates: new Int32Array(COORDINATES * this.maxPillars),
			pointCounts: new Int32Array(this.maxPillars),
		};
	}

	/**
	 * @returns how many pillars were filled
	 * @throws RangeError when a tensor has the wrong size.
	 */
	fill(points: Points, into: PillarTensors): number {
		const { features, coordinates, pointCounts } = into;
		assertSize("features", features.length, this.#featureLength);
		assertSize("coordinates", coordinates.length, 4 * this.maxPillars);
		assertSize("pointCounts", pointCounts.length, this.maxPillars);
		features.fill(0);
		coordinates.fill(0);
		pointCounts.fill(0);
		const pillarCount = this.#group(points, into);
		const { columns } = this.#options.grid;
		for (let pillar = 0; pillar < pillarCount; pillar++) {
			const row = coordinates[COORDINATES * pillar + 2]!;
			const column = coordinates[COORDINATES * pillar + 3]!;
			this.#pillarOfCell[row * columns + column] = NONE;
			if (this.featureCount === DECORATED_FEATURES)
				this.#decorate(into, pillar, row, column);
		}
		return pillarCount;
	}

	get #featureLength(): number {
		return this.maxPillars * this.maxPointsPerPillar * this.featureCount;
	}

	#group(
		{ count, xyzi }: Points,
		{ features, coordinates, pointCounts }: PillarTensors,
	): number {
		const { grid, minZM, maxZM } = this.#options;
		const { minXM, minYM, rows, columns } = grid;
		const scale = 1 / grid.cellM;
		const pillarOfCell = this.#pillarOfCell;
		let pillarCount = 0;
		for (let i = 0; i < count; i++) {
			const at = POINT_STRIDE * i;
			const u = (xyzi[at]! - minXM) * scale;
			const v = (xyzi[at + 1]! - minYM) * scale;
			const z = xyzi[at + 2]!;
			const isInside =
				u >= 0 && u < columns && v >= 0 && v < rows && z >= minZM && z < maxZM;
			if (!isInside) continue;
			const column = u | 0;
			const row = v | 0;
			const cell = row * columns + column;
			let pillar = pillarOfCell[cell]!;
			if (pillar === NONE) {
				if (pillarCount === this.maxPillars) continue;
				pillar = pillarCount++;
				pillarOfCell[cell] = pillar;
				coordinates[COORDINATES * pillar + 2] = row;
				coordinates[COORDINATES * pillar + 3] = column;
			}
			const place = pointCounts[pillar]!;
			if (place === this.maxPointsPerPillar) continue;
			pointCounts[pillar] = place + 1;
			const to = (pillar * this.maxPointsPerPillar + place) * this.featureCount;
			features[to] = xyzi[at]!;
			features[to + 1] = xyzi[at + 1]!;
			features[to + 2] = z;
			features[to + 3] = xyzi[at + 3]!;
		}
		return pillarCount;
	}

	#decorate(
		{ features, pointCounts }: PillarTensors,
		pillar: number,
		row: number,
		column: number,
	): void {
		const { minXM, minYM, cellM } = this.#options.grid;
		const centreX = minXM + (column + 0.5) * cellM;
		const centreY = minYM + (row + 0.5) * cellM;
		const means = this.#means;
		const first = pillar * this.maxPointsPerPillar * DECORATED_FEATURES;
		const pointCount = pointCounts[pillar]!;
		const end = first + pointCount * DECORATED_FEATURES;
		means.fill(0);
		for (let at = first; at < end; at += DECORATED_FEATURES)
			for (let axis = 0; axis < 3; axis++)
				means[axis] = means[axis]! + features[at + axis]! / pointCount;
		for (let at = first; at < end; at += DECORATED_FEATURES) {
			features[at + 4] = features[at]! - means[0]!;
			features[at + 5] = features[at + 1]! - means[1]!;
			features[at + 6] = features[at + 2]! - means[2]!;
			features[at + 7] = features[at]! - centreX;
			features[at + 8] = features[at + 1]! - centreY;
		}
	}
}
