import { BUILTIN_STEPS } from "../../packages/server/src/pipelines/steps/builtin-steps.ts";
import { half } from "../../packages/server/src/pipelines/testing/plug-ins/count.ts";
import { testStep } from "./suite.ts";

const GRID = { minXM: -10, minYM: -10, cellM: 0.5, rows: 40, columns: 40 };
const HEIGHTS = { minZM: -1, maxZM: 3 };

/** Of steps that have settings without a default. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
	"voxel-grid": { voxelM: 0.2 },
	"remove-ground": { sensorHeightM: 1.7 },
	"bev-raster": { ...GRID, ...HEIGHTS, channels: ["occupancy", "density"] },
	pillars: { ...GRID, ...HEIGHTS, maxPillars: 100 },
	"picture-tensor": { width: 64, height: 48 },
	"raw-picture": { width: 64, height: 48 },
	"detector-boxes": {
		...{ head: "anchor-free-grid", classCount: 3, strideOrCount: 16 },
		...{ width: 64, height: 64 },
	},
	"centre-point": { ...GRID, classCount: 3 },
	"centre-box": { classCount: 3, rows: 48, columns: 80, stridePx: 4 },
};

for (const [name, step] of BUILTIN_STEPS)
	testStep({ step, settings: SETTINGS[name] ?? {} });
testStep({ step: half, settings: {} });
