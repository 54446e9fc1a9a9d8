import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BoxEntry } from "@saccade/protocol/console";
import { isAtEdge, labelledBoxes } from "./camera-labels.ts";

const WIDTH = 320;

function boxAt(x: number, y: number, size: number): BoxEntry {
	return [x, y, x + size, y + size, 0.9, 0];
}

describe("labels of boxes", () => {
	test("are all there where they have room", () => {
		const boxes = [boxAt(0, 0, 20), boxAt(100, 0, 20), boxAt(0, 40, 20)];
		assert.deepEqual([...labelledBoxes(boxes, WIDTH)], boxes);
	});

	test("are left out where they would cover that of a larger box", () => {
		const small = boxAt(12, 5, 20);
		const large = boxAt(10, 4, 60);
		assert.deepEqual([...labelledBoxes([small, large], WIDTH)], [large]);
	});

	test("stand at the right of boxes that end with the picture, and are compared there", () => {
		const atEdge = boxAt(290, 0, 30);
		const left = boxAt(240, 0, 25);
		assert.ok(isAtEdge(atEdge, WIDTH));
		assert.ok(!isAtEdge(left, WIDTH));
		assert.deepEqual([...labelledBoxes([left, atEdge], WIDTH)], [atEdge]);
	});

	test("may stand in the place of one that is left out itself", () => {
		const [large, middle, small] = [
			boxAt(0, 0, 60),
			boxAt(50, 0, 40),
			boxAt(100, 0, 20),
		];
		const labelled = labelledBoxes([small, middle, large], WIDTH);
		assert.deepEqual([...labelled], [large, small]);
	});
});
