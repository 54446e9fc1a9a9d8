// What a vehicle does about what its LiDAR sees, as it is written in a configuration file. Grid, channels and head are
// those that `bev_detector` was trained with, so they are not written twice.
import {
	BEV_CAPACITY,
	BEV_CHANNELS,
	BEV_CLASSES,
	BEV_GRID,
	BEV_HEIGHTS,
	BEV_LEAST_SCORE,
	BEV_MOTIONS,
	BEV_OUTPUT_GRID,
} from "@saccade/perception";

const SWEEP_S = 0.1;
/** Of the bundled street's vehicle, from the middle of its rear axle. */
const VEHICLE = { frontM: 3.7, rearM: 0.9, widthM: 1.85 };
/** Three sweeps: one may be lost, and the next be late. */
const VALID_FOR_MS = 300;

export const LIDAR = {
	summary: "what a vehicle does about what its LiDAR sees",
	sensors: {
		/** A sweep, stamped at its end, with the time of each point. */
		lidar: { payload: "cloud" },
		imu: { payload: "imu" },
		/** Their speed. */
		wheels: { payload: "reading" },
		/** Where the vehicle means to go, if anybody says so. */
		planner: { payload: "tensors" },
	},
	nodes: {
		motion: { step: "odometry", in: { imu: "imu", speed: "wheels" } },
		plan: {
			step: "planned-path",
			in: {
				points: "planner.path",
				stepM: "planner.path_step_m",
				motion: "motion",
			},
		},
		points: {
			step: "cloud-points",
			with: { timeField: "time" },
			in: { cloud: "lidar" },
		},
		placed: {
			step: "to-frame",
			with: { target: "base_link" },
			in: { points: "points" },
		},
		still: {
			step: "deskew",
			with: { stamped: "end", periodS: SWEEP_S, referenceS: SWEEP_S / 2 },
			in: { points: "placed", motion: "motion" },
		},
		raster: {
			step: "bev-raster",
			with: { ...BEV_GRID, ...BEV_HEIGHTS, channels: BEV_CHANNELS },
			in: { points: "still" },
		},
		net: { model: "bev_detector", in: { bev: "raster" } },
		boxes: {
			step: "centre-point",
			with: {
				...BEV_OUTPUT_GRID,
				classCount: BEV_CLASSES.length,
				scores: "logits",
				doubleYaw: true,
				threshold: BEV_LEAST_SCORE,
				capacity: BEV_CAPACITY,
			},
			in: {
				heatmap: "net.heatmap",
				offset: "net.offset",
				size: "net.size",
				yaw: "net.yaw",
			},
		},
		tracks: {
			step: "track",
			with: { classes: BEV_MOTIONS, offsetS: -SWEEP_S / 2 },
			in: { boxes: "boxes", motion: "motion" },
		},
		act: {
			step: "decide",
			with: { ...VEHICLE, validForMs: VALID_FOR_MS },
			in: { tracks: "tracks", motion: "motion", path: "plan" },
		},
	},
	result: { decision: "act", outputs: { tracks: "tracks" } },
} as const;
