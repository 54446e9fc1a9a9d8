// The kernels on the ground plane: heads, boxes and suppression at the sizes of a LiDAR detector.
import {
	CentrePointDecoder,
	createRotatedDetections,
	cropImage,
	type GroundGrid,
	hwcToChw,
	RotatedSuppression,
	rotatedIntersectionOverUnion,
} from "@saccade/perception";
import { mulberry32 } from "../lib/stats.ts";
import { type AnyCase, defineCase } from "./case.ts";

export const GRID: GroundGrid = {
	minXM: -12.8,
	minYM: -32,
	cellM: 0.4,
	rows: 160,
	columns: 160,
};

/** A kernel of no budget row: `make` builds everything once and returns the step. */
export function kernelCase(name: string, make: () => () => unknown): AnyCase {
	return defineCase({
		name: `perception/${name}`,
		budget: null,
		setup: make,
		run: (step) => step(),
	});
}

export const groundCases: readonly AnyCase[] = [
	kernelCase("crop/640x640-of-1280x720", () => {
		const source = new Uint8Array(1280 * 720 * 3);
		const target = new Uint8Array(640 * 640 * 3);
		const geometry = {
			sourceWidth: 1280,
			sourceHeight: 720,
			x: 320,
			y: 40,
			width: 640,
			height: 640,
		};
		return () => cropImage(source, target, geometry);
	}),
	kernelCase("layout/nhwc-to-nchw-4x352", () => {
		const source = new Float32Array(4 * 352 * 352 * 3);
		const target = new Float32Array(source.length);
		const size = { batch: 4, width: 352, height: 352, channels: 3 };
		return () => hwcToChw(source, target, size);
	}),
	kernelCase("decode/centre-point-160x160x3", () => {
		const random = mulberry32(4);
		const plane = GRID.rows * GRID.columns;
		const maps = new Float32Array(9 * plane);
		// Cubed: about one cell in ten passes, far more than of a trained network.
		for (let i = 0; i < 3 * plane; i++) maps[i] = 0.55 * random() ** 3;
		for (let i = 3 * plane; i < maps.length; i++) maps[i] = random();
		const output = {
			heatmap: maps.subarray(0, 3 * plane),
			offset: maps.subarray(3 * plane, 5 * plane),
			size: maps.subarray(5 * plane, 7 * plane),
			yaw: maps.subarray(7 * plane),
		};
		const decoder = new CentrePointDecoder({
			grid: GRID,
			classCount: 3,
			yawHarmonic: 2,
		});
		const found = createRotatedDetections(256);
		return () => decoder.decode(output, 0.5, found);
	}),
	kernelCase("boxes/rotated-iou", () => {
		const boxes = rotatedScene(256).rotatedBoxes;
		let at = 0;
		return () => {
			at = (at + 5) % 1270;
			return rotatedIntersectionOverUnion(boxes, at, boxes, at + 5);
		};
	}),
	kernelCase("nms/rotated-256", () => {
		const candidates = rotatedScene(256);
		const kept = createRotatedDetections(256);
		const suppression = new RotatedSuppression(256);
		return () => suppression.run(candidates, kept);
	}),
];

/** Cars within 30 m, several candidates for each. */
function rotatedScene(count: number) {
	const random = mulberry32(5);
	const scene = createRotatedDetections(count);
	scene.count = count;
	for (let i = 0; i < count; i += 4) {
		const x = 30 * random();
		const y = 30 * random() - 15;
		const yaw = 6 * random();
		for (let j = i; j < Math.min(i + 4, count); j++) {
			const box = [x + random() / 2, y + random() / 2, 4.2, 1.8, yaw];
			scene.rotatedBoxes.set(box, 5 * j);
			scene.scores[j] = random();
			scene.classIds[j] = i % 3;
		}
	}
	return scene;
}
