import assert from "node:assert/strict";
import { test } from "node:test";
import {
	PointRaster,
	type RasterCloud,
	type RasterView,
	rampTable,
} from "./point-raster.ts";

const WIDTH = 40;
const HEIGHT = 20;
/** Looks along z: a place is where it is on the screen, once it is divided by its distance. */
const TO_CLIP = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0];
const VIEW: RasterView = {
	toClip: TO_CLIP,
	toRamp: [0, 0, 0, 0],
	nearM: 1,
	pixelsAt1M: 0,
	leastPixels: 1,
	mostPixels: 1,
};
/** Red says how high, green how it shines. */
const TABLE = rampTable((share, shine) => [share, shine, 0]);

type Point = readonly [x: number, y: number, z: number, shine?: number];

function cloudOf(...points: readonly Point[]): RasterCloud {
	return {
		places: Int16Array.from(points.flatMap(([x, y, z]) => [x, y, z])),
		shine: Uint8Array.from(points.map(([, , , shine = 0]) => shine)),
		count: points.length,
	};
}

/** Pixels that are drawn: column, row from below, red, green. */
function drawn(cloud: RasterCloud, view: Partial<RasterView> = {}) {
	const raster = new PointRaster(WIDTH, HEIGHT);
	raster.draw(cloud, { ...VIEW, ...view }, TABLE);
	return pixelsOf(raster);
}

function pixelsOf({ picture }: PointRaster) {
	const pixels: number[][] = [];
	for (let at = 0; at < WIDTH * HEIGHT; at++) {
		const [red = 0, green = 0, , alpha] = picture.subarray(4 * at, 4 * at + 4);
		if (alpha === 255)
			pixels.push([at % WIDTH, Math.floor(at / WIDTH), red, green]);
		else assert.equal(alpha, 0);
	}
	return pixels;
}

test("a point is drawn where it is seen, rows counted from below", () => {
	// A quarter to the right and half way up of what is seen at a distance of 100.
	assert.deepEqual(drawn(cloudOf([25, 50, 100])), [[25, 15, 0, 0]]);
});

test("the nearer of two points that fall on each other is seen, whichever comes first", () => {
	const near: Point = [10, 10, 100, 255];
	const far: Point = [20, 20, 200, 0];
	for (const cloud of [cloudOf(near, far), cloudOf(far, near)])
		assert.deepEqual(drawn(cloud), [[22, 11, 0, 255]]);
});

test("what is behind, too near or beside the picture is not drawn", () => {
	const places: Point[] = [
		[0, 0, -100],
		[0, 0, 0],
		[0, 0, 9],
		[-101, 0, 100],
		[101, 0, 100],
		[0, -105, 100],
		[0, 105, 100],
	];
	assert.deepEqual(drawn(cloudOf(...places), { nearM: 10 }), []);
});

test("a near point is a larger square, within bounds", () => {
	const sides = [5, 50, 100, 1000].map(
		(z) =>
			drawn(cloudOf([0, 0, z]), {
				pixelsAt1M: 200,
				leastPixels: 1,
				mostPixels: 3,
			}).length,
	);
	assert.deepEqual(sides, [9, 9, 4, 1]);
});

test("colours follow height and shine, and end where the ramp does", () => {
	const toRamp = [0, 0.01, 0, 0.5] as const;
	const reds = [-60, -50, 0, 50, 60].map(
		(y) => drawn(cloudOf([0, y, 100]), { toRamp })[0]?.[2] ?? Number.NaN,
	);
	const wanted = [0, 0, 127.5, 255, 255];
	// As near as 64 steps are.
	for (const [i, red] of reds.entries())
		assert.ok(Math.abs(red - wanted[i]!) <= 255 / 63, `${reds}`);
	const greens = [0, 128, 255].map(
		(shine) => drawn(cloudOf([0, 0, 100, shine]))[0]?.[3],
	);
	assert.deepEqual(greens, [0, 136, 255]);
});

test("nothing of the picture before is left", () => {
	const raster = new PointRaster(WIDTH, HEIGHT);
	raster.draw(cloudOf([0, 0, 10]), VIEW, TABLE);
	raster.draw(cloudOf([50, 0, 100]), VIEW, TABLE);
	assert.deepEqual(
		pixelsOf(raster).map(([column]) => column),
		[30],
	);
	// What was nearer before hides nothing now.
	raster.draw(cloudOf([0, 0, 20_000]), VIEW, TABLE);
	assert.equal(pixelsOf(raster).length, 1);
});
