import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createDetections } from "../boxes/detections.ts";
import { createImage, type ImageU8 } from "../image/image.ts";
import { drawDetections } from "./draw-detections.ts";
import { fillRectangle, outlineRectangle } from "./shapes.ts";
import { drawText, measureText } from "./text.ts";

const WHITE = [255, 255, 255] as const;

function blank(width: number, height: number): ImageU8 {
	return createImage(new Uint8Array(width * height * 3), width, height);
}

/** One line per row, `#` where there is any colour. */
function sketch(image: ImageU8): string[] {
	return Array.from({ length: image.height }, (_, y) =>
		Array.from({ length: image.width }, (_, x) =>
			image.data[(y * image.width + x) * 3] === 0 ? "." : "#",
		).join(""),
	);
}

test("an outline is drawn inwards", () => {
	const image = blank(7, 5);
	const area = { x: 1, y: 1, width: 5, height: 3 };
	outlineRectangle(image, area, { colour: WHITE, thickness: 1 });
	assert.deepEqual(sketch(image), [
		".......",
		".#####.",
		".#...#.",
		".#####.",
		".......",
	]);
});

test("whatever lies outside is left out, and rows never run into each other", () => {
	const coordinate = fc.integer({ min: -20, max: 20 });
	fc.assert(
		fc.property(
			coordinate,
			coordinate,
			coordinate,
			coordinate,
			(x, y, width, height) => {
				const image = blank(8, 6);
				fillRectangle(image, { x, y, width, height }, WHITE);
				const expected = Array.from({ length: 6 }, (_, py) =>
					Array.from({ length: 8 }, (_, px) =>
						px >= x && px < x + width && py >= y && py < y + height ? "#" : ".",
					).join(""),
				);
				assert.deepEqual(sketch(image), expected);
			},
		),
		{ seed: 8, numRuns: 200 },
	);
});

test("text is legible, and as large as measured", () => {
	const { width, height } = measureText("a1.");
	const image = blank(width, height);
	drawText(image, "a1.", { x: 0, y: 0 }, { colour: WHITE });
	assert.deepEqual(sketch(image), [
		".###....#........",
		"#...#..##........",
		"#...#...#........",
		"#####...#........",
		"#...#...#........",
		"#...#...#....##..",
		"#...#..###...##..",
	]);
});

test("a character that the font lacks is a box, not a gap", () => {
	const image = blank(5, 7);
	drawText(image, "é", { x: 0, y: 0 }, { colour: WHITE });
	assert.equal(sketch(image)[0], "#####");
});

test("scaled text is the same letters, larger", () => {
	const image = blank(10, 14);
	drawText(image, "T", { x: 0, y: 0 }, { colour: WHITE, scale: 2 });
	assert.deepEqual(sketch(image).slice(1, 4), [
		"##########",
		"....##....",
		"....##....",
	]);
});

test("a detection gets its outline and a label on a ground of the same colour", () => {
	const image = blank(60, 40);
	const found = createDetections(2);
	found.count = 2;
	found.boxes.set([5, 20, 50, 35, -30, -9, 400, 400]);
	found.classIds.set([0, 7]);
	drawDetections(image, found, ["cat"]);
	const colourAt = (x: number, y: number) => [
		...image.data.subarray((y * 60 + x) * 3, (y * 60 + x) * 3 + 3),
	];
	assert.deepEqual(colourAt(5, 30), [255, 214, 10]);
	assert.deepEqual(colourAt(5, 19), [255, 214, 10]);
	// The second box leaves the image on all sides: only its label shows, inside.
	assert.deepEqual(colourAt(0, 0), [240, 240, 240]);
	assert.deepEqual(colourAt(59, 39), [0, 0, 0]);
});
