// From points to what a network reads: a sweep of 32,768 points on the grid of a LiDAR detector.
import {
	BevRaster,
	createGroundPlane,
	createPoints,
	GroundRemover,
	Pillars,
	VoxelGrid,
} from "@saccade/perception";
import type { AnyCase } from "./case.ts";
import { sweep } from "./perception-clouds.ts";
import { GRID, kernelCase } from "./perception-ground.ts";

const POINT_COUNT = 32_768;
const HEIGHTS = { minZM: -3, maxZM: 2 };

export const gridCases: readonly AnyCase[] = [
	kernelCase("grids/voxels-0.2m-32k", () => {
		const points = sweep(POINT_COUNT);
		const into = createPoints(POINT_COUNT);
		const grid = new VoxelGrid({ voxelM: 0.2, capacity: POINT_COUNT });
		return () => grid.thin(points, into);
	}),
	kernelCase("grids/pillars-32k", () => {
		const points = sweep(POINT_COUNT);
		const pillars = new Pillars({ grid: GRID, ...HEIGHTS });
		const tensors = pillars.createTensors();
		return () => pillars.fill(points, tensors);
	}),
	kernelCase("grids/bev-4-channels-32k", () => {
		const points = sweep(POINT_COUNT);
		const raster = new BevRaster({
			grid: GRID,
			...HEIGHTS,
			channels: ["occupancy", "density", "max-height", "mean-intensity"],
		});
		const tensor = new Float32Array(raster.elementCount);
		return () => raster.draw(points, tensor);
	}),
	kernelCase("grids/ground-find-32k", () => {
		const points = sweep(POINT_COUNT);
		const remover = new GroundRemover({ sensorHeightM: 1.8 });
		const plane = createGroundPlane();
		return () => remover.find(points, plane);
	}),
	kernelCase("grids/ground-remove-32k", () => {
		const source = sweep(POINT_COUNT);
		const points = createPoints(POINT_COUNT);
		const remover = new GroundRemover({ sensorHeightM: 1.8 });
		const plane = createGroundPlane();
		remover.find(source, plane);
		return () => {
			points.xyzi.set(source.xyzi);
			points.count = POINT_COUNT;
			return remover.remove(points, plane);
		};
	}),
];
