import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapBoxes } from "../boxes/box-mapping.ts";
import { createDetections } from "../boxes/detections.ts";
import { Letterbox } from "./letterbox.ts";

test("a wide image gets bars above and below, and keeps its shape", () => {
	const letterbox = new Letterbox({
		sourceWidth: 8,
		sourceHeight: 4,
		width: 4,
		height: 4,
		channels: 1,
	});
	const target = new Uint8Array(16);
	letterbox.apply(new Uint8Array(32).fill(200), target);
	const rows = [0, 4, 8, 12].map((at) => target[at]);
	assert.deepEqual(rows, [114, 200, 200, 114]);
	assert.equal(letterbox.mapping.offsetY, -2);
});

test("bars of an earlier frame do not show through, whatever the target held", () => {
	const letterbox = new Letterbox({
		sourceWidth: 2,
		sourceHeight: 6,
		width: 6,
		height: 6,
		background: 1,
	});
	const clean = new Uint8Array(108);
	const dirty = new Uint8Array(108).fill(250);
	const source = new Uint8Array(36).fill(30);
	letterbox.apply(source, clean);
	letterbox.apply(source, dirty);
	assert.deepEqual(dirty, clean);
	assert.equal(clean[0], 1);
});

test("the inner picture's corners map to the source's corners", () => {
	const size = fc.integer({ min: 8, max: 2000 });
	fc.assert(
		fc.property(
			size,
			size,
			size,
			size,
			(sourceWidth, sourceHeight, width, height) => {
				const { mapping } = new Letterbox({
					sourceWidth,
					sourceHeight,
					width,
					height,
				});
				const left = -mapping.offsetX / mapping.scaleX;
				const top = -mapping.offsetY / mapping.scaleY;
				const inner = [
					left,
					top,
					left + sourceWidth / mapping.scaleX,
					top + sourceHeight / mapping.scaleY,
				];
				assert.ok(
					inner.every((edge) => Math.abs(edge - Math.round(edge)) < 1e-6),
				);
				const found = createDetections(1);
				found.count = 1;
				found.boxes.set(inner);
				mapBoxes(found, mapping);
				const corners = [0, 0, sourceWidth, sourceHeight];
				for (const [i, edge] of corners.entries())
					assert.ok(Math.abs((found.boxes[i] ?? Number.NaN) - edge) < 0.01);
			},
		),
		{ seed: 3, numRuns: 200 },
	);
});

test("a target of the wrong size is refused", () => {
	const g = { sourceWidth: 2, sourceHeight: 2, width: 4, height: 4 };
	assert.throws(
		() => new Letterbox(g).apply(new Uint8Array(12), new Uint8Array(47)),
		/letterboxed image has 47 elements where 48 are needed/,
	);
});
