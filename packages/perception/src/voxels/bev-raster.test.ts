import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	arbitraryRows,
	cellsOf,
	GRID,
	HEIGHTS,
	pointsOf,
	type Row,
} from "../testing/grid-scene.ts";
import { type BevChannel, BevRaster } from "./bev-raster.ts";

/** Cells are 1 m and begin at whole metres. */
const meanPlace = (metres: readonly number[]) =>
	metres.reduce((sum, m) => sum + 2 * (m - Math.floor(m)) - 1, 0) /
	metres.length;

const MEANING: Readonly<
	Record<BevChannel, (points: readonly Row[]) => number>
> = {
	occupancy: () => 1,
	density: (points) => Math.min(1, Math.log(1 + points.length) / Math.log(64)),
	"max-height": (points) => (Math.max(...points.map((p) => p[2])) + 1) / 4,
	"min-height": (points) => (Math.min(...points.map((p) => p[2])) + 1) / 4,
	"mean-intensity": (points) =>
		points.reduce((sum, p) => sum + p[3], 0) / points.length / 8,
	"max-intensity": (points) => Math.max(...points.map((p) => p[3])) / 8,
	"mean-x": (points) => meanPlace(points.map((p) => p[0])),
	"mean-y": (points) => meanPlace(points.map((p) => p[1])),
};
const CHANNELS = Object.keys(MEANING) as BevChannel[];

test("every plane says of every cell what it promises, and 0 where nothing is, frame after frame", () => {
	fc.assert(
		fc.property(
			fc.shuffledSubarray(CHANNELS, { minLength: 1 }),
			fc.array(arbitraryRows, { minLength: 1, maxLength: 3 }),
			(channels, frames) => {
				const raster = new BevRaster({
					grid: GRID,
					...HEIGHTS,
					channels,
					intensityScale: 1 / 8,
				});
				const tensor = new Float32Array(raster.elementCount).fill(9);
				for (const rows of frames) {
					const cells = cellsOf(rows);
					const inside = [...cells.values()].flat().length;
					assert.equal(raster.draw(pointsOf(rows), tensor), inside);
					for (const [plane, channel] of channels.entries())
						for (let cell = 0; cell < 20; cell++) {
							const points = cells.get(cell);
							const expected =
								points === undefined ? 0 : MEANING[channel](points);
							const actual = tensor[20 * plane + cell] ?? Number.NaN;
							assert.ok(
								Math.abs(actual - expected) < 1e-6,
								`${channel} of cell ${cell} is ${actual}, not ${expected}`,
							);
						}
				}
			},
		),
		{ seed: 121, numRuns: 300 },
	);
});

test("a cell of a thousand points is full, not more", () => {
	const raster = new BevRaster({
		grid: GRID,
		...HEIGHTS,
		channels: ["density"],
	});
	const tensor = new Float32Array(20);
	raster.draw(
		pointsOf(Array.from({ length: 1000 }, () => [0, 0, 0, 0])),
		tensor,
	);
	assert.equal(Math.max(...tensor), 1);
});

test("a tensor of another size, and heights upside down, are refused", () => {
	const options = { grid: GRID, ...HEIGHTS, channels: ["occupancy"] } as const;
	assert.throws(
		() => new BevRaster(options).draw(pointsOf([]), new Float32Array(21)),
		/tensor has 21 elements where 20/,
	);
	assert.throws(() => new BevRaster({ ...options, minZM: 3 }), /from 3 to 3 m/);
});
