import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cropImage } from "./crop.ts";

test("every pixel of the crop is the source's pixel at that place", () => {
	const size = fc.integer({ min: 1, max: 12 });
	fc.assert(
		fc.property(
			size,
			size,
			fc.integer({ min: 1, max: 4 }),
			fc.nat(),
			(sourceWidth, sourceHeight, channels, seed) => {
				const x = seed % sourceWidth;
				const y = (seed >> 4) % sourceHeight;
				const width = 1 + ((seed >> 8) % (sourceWidth - x));
				const height = 1 + ((seed >> 12) % (sourceHeight - y));
				const source = Uint8Array.from(
					{ length: sourceWidth * sourceHeight * channels },
					(_, i) => i,
				);
				const target = new Uint8Array(width * height * channels);
				const at = { x, y, width, height, channels };
				cropImage(source, target, { sourceWidth, sourceHeight, ...at });
				for (const [i, value] of target.entries()) {
					const channel = i % channels;
					const column = Math.floor(i / channels) % width;
					const row = Math.floor(i / channels / width);
					const from =
						((y + row) * sourceWidth + x + column) * channels + channel;
					assert.equal(value, source[from]);
				}
			},
		),
		{ seed: 31, numRuns: 200 },
	);
});

test("a rectangle that reaches outside, or between pixels, is refused", () => {
	const source = new Uint8Array(4 * 3 * 3);
	const size = { sourceWidth: 4, sourceHeight: 3, width: 2, height: 2 };
	const target = new Uint8Array(2 * 2 * 3);
	for (const [x, y] of [
		[3, 0],
		[0, 2],
		[-1, 0],
		[0.5, 0],
		[Number.NaN, 0],
	] as const)
		assert.throws(
			() => cropImage(source, target, { ...size, x, y }),
			/not inside 4 × 3/,
			`(${x}, ${y})`,
		);
	assert.throws(
		() => cropImage(source, new Uint8Array(11), { ...size, x: 0, y: 0 }),
		/target has 11 elements where 12/,
	);
});
