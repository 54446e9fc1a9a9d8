// What a perfect detector would say about a picture: around each object the smallest box that holds the pixels in which it
// is seen.
import type { Simulation } from "../simulation.ts";
import { OBJECT_CLASSES } from "../world/shapes.ts";

/** Pixels, from the left and upper edge; the right and lower edge are not inside. */
export interface LabelledPatch {
	readonly classId: number;
	readonly agentIndex: number;
	readonly x1: number;
	readonly y1: number;
	readonly x2: number;
	readonly y2: number;
	/** In which it is seen. */
	readonly pixelCount: number;
}

interface Extent {
	x1: number;
	y1: number;
	x2: number;
	y2: number;
	pixelCount: number;
}

/** Of the picture that was just taken. */
export function labelPicture({ world, camera }: Simulation): LabelledPatch[] {
	const { width, height } = camera.options;
	const extents = new Map<number, Extent>();
	for (let x = 0; x < width; x++)
		for (let y = 0; y < height; y++) {
			const owner = camera.owners[x * height + y]!;
			if (owner >= 0) widen(extents, owner, x, y);
		}
	const labels: LabelledPatch[] = [];
	for (const [agentIndex, extent] of extents) {
		const { kind } = world.agents[agentIndex]!.shape;
		if (kind === "clutter") continue;
		labels.push({
			classId: OBJECT_CLASSES.indexOf(kind),
			agentIndex,
			...extent,
		});
	}
	return labels;
}

function widen(
	extents: Map<number, Extent>,
	owner: number,
	x: number,
	y: number,
): void {
	const extent = extents.get(owner);
	if (extent === undefined) {
		extents.set(owner, { x1: x, y1: y, x2: x + 1, y2: y + 1, pixelCount: 1 });
		return;
	}
	extent.x1 = Math.min(extent.x1, x);
	extent.y1 = Math.min(extent.y1, y);
	extent.x2 = Math.max(extent.x2, x + 1);
	extent.y2 = Math.max(extent.y2, y + 1);
	extent.pixelCount++;
}
