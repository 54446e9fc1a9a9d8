import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BilinearResizer } from "./bilinear-resizer.ts";

const size = fc.integer({ min: 1, max: 17 });
const geometry = fc.record({
	sourceWidth: size,
	sourceHeight: size,
	width: size,
	height: size,
	channels: fc.constantFrom(1, 3, 4),
});

function noise(length: number): Uint8Array {
	return Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 24);
}

/** The definition, pixel by pixel, in floating point. */
function bilinear(
	source: Uint8Array,
	g: { sourceWidth: number; sourceHeight: number; channels: number },
	at: { x: number; y: number; channel: number },
): number {
	const clampX = Math.min(Math.max(at.x, 0), g.sourceWidth - 1);
	const clampY = Math.min(Math.max(at.y, 0), g.sourceHeight - 1);
	const x = Math.floor(clampX);
	const y = Math.floor(clampY);
	const pixel = (px: number, py: number) =>
		source[
			(Math.min(py, g.sourceHeight - 1) * g.sourceWidth +
				Math.min(px, g.sourceWidth - 1)) *
				g.channels +
				at.channel
		] ?? Number.NaN;
	const upper = pixel(x, y) * (1 - clampX + x) + pixel(x + 1, y) * (clampX - x);
	const lower =
		pixel(x, y + 1) * (1 - clampX + x) + pixel(x + 1, y + 1) * (clampX - x);
	return upper * (1 - clampY + y) + lower * (clampY - y);
}

test("every value is the bilinear one, to within a rounding step", () => {
	fc.assert(
		fc.property(geometry, (g) => {
			const source = noise(g.sourceWidth * g.sourceHeight * g.channels);
			const target = new Uint8Array(g.width * g.height * g.channels);
			new BilinearResizer(g).resize(source, target);
			for (const [i, value] of target.entries()) {
				const channel = i % g.channels;
				const pixel = Math.floor(i / g.channels);
				const x = (((pixel % g.width) + 0.5) * g.sourceWidth) / g.width - 0.5;
				const row = Math.floor(pixel / g.width);
				const y = ((row + 0.5) * g.sourceHeight) / g.height - 0.5;
				const expected = bilinear(source, g, { x, y, channel });
				// Half a level of rounding and what 11-bit weights lose.
				assert.ok(
					Math.abs(value - expected) < 0.7,
					`${value}, not ${expected}`,
				);
			}
		}),
		{ seed: 2, numRuns: 300 },
	);
});

test("the same size gives the same image", () => {
	const source = noise(5 * 4 * 3);
	const target = new Uint8Array(source.length);
	const same = { sourceWidth: 5, sourceHeight: 4, width: 5, height: 4 };
	new BilinearResizer(same).resize(source, target);
	assert.deepEqual(target, source);
});

test("a plain colour stays exactly that colour, white included", () => {
	const target = new Uint8Array(13 * 11 * 3);
	new BilinearResizer({
		sourceWidth: 7,
		sourceHeight: 3,
		width: 13,
		height: 11,
	}).resize(new Uint8Array(7 * 3 * 3).fill(255), target);
	assert.ok(target.every((value) => value === 255));
});

test("a resizer remembers nothing of the image before", () => {
	const g = { sourceWidth: 6, sourceHeight: 5, width: 9, height: 4 };
	const reused = new BilinearResizer(g);
	const first = new Uint8Array(9 * 4 * 3);
	reused.resize(new Uint8Array(6 * 5 * 3).fill(77), first);
	reused.resize(noise(6 * 5 * 3), first);
	const fresh = new Uint8Array(9 * 4 * 3);
	new BilinearResizer(g).resize(noise(6 * 5 * 3), fresh);
	assert.deepEqual(first, fresh);
});

test("placed inside a larger image, it leaves the rest alone", () => {
	const target = new Uint8Array(6 * 4 * 1).fill(9);
	new BilinearResizer({
		sourceWidth: 1,
		sourceHeight: 1,
		width: 2,
		height: 2,
		channels: 1,
	}).resize(Uint8Array.of(200), target, { offset: 6 + 1, stride: 6 });
	const inside = new Set([7, 8, 13, 14]);
	for (const [i, value] of target.entries())
		assert.equal(value, inside.has(i) ? 200 : 9, `byte ${i}`);
});

test("buffers that do not fit and sizes that are none are refused with their numbers", () => {
	const g = { sourceWidth: 2, sourceHeight: 2, width: 2, height: 2 };
	const resizer = new BilinearResizer(g);
	const image = new Uint8Array(12);
	assert.throws(
		() => resizer.resize(new Uint8Array(11), image),
		/source image has 11 elements where 12 are needed/,
	);
	assert.throws(
		() => resizer.resize(image, new Uint8Array(11)),
		/needs bytes 0 to 12, 6 a row; the target has 11/,
	);
	assert.throws(
		() => resizer.resize(image, image, { offset: 0, stride: 5 }),
		RangeError,
	);
	assert.throws(() => new BilinearResizer({ ...g, width: 0 }), /2x2 to 0x2/);
});
