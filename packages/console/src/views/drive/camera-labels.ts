// Which boxes of a picture have their label: one that would cover that of a larger box is left out, since two texts on
// each other tell less than one.
import type { BoxEntry } from "@saccade/protocol/console";

/** What a label takes, of the picture's width: some 65 by 16 px in a panel of 330. */
const LABEL_WIDTH = 0.2;
const LABEL_HEIGHT = 0.05;

/** @param width of the picture, in the unit of the boxes */
export function labelledBoxes(
	boxes: readonly BoxEntry[],
	width: number,
): ReadonlySet<BoxEntry> {
	const labelled: BoxEntry[] = [];
	for (const box of [...boxes].sort((a, b) => areaOf(b) - areaOf(a)))
		if (!labelled.some((other) => isCovered(box, other, width)))
			labelled.push(box);
	return new Set(labelled);
}

function areaOf([x1, y1, x2, y2]: BoxEntry): number {
	return (x2 - x1) * (y2 - y1);
}

/** Labels stand at the upper left corner of their boxes, or the upper right one where the picture ends behind it. */
export function isAtEdge([x1]: BoxEntry, width: number): boolean {
	return x1 > (1 - LABEL_WIDTH) * width;
}

function isCovered(box: BoxEntry, other: BoxEntry, width: number): boolean {
	const apart = labelX(box, width) - labelX(other, width);
	return (
		Math.abs(apart) < LABEL_WIDTH * width &&
		Math.abs(box[1] - other[1]) < LABEL_HEIGHT * width
	);
}

function labelX(box: BoxEntry, width: number): number {
	if (!isAtEdge(box, width)) return box[0];
	return Math.min(box[2], width) - LABEL_WIDTH * width;
}
