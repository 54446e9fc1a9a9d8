// What a vehicle does about what its LiDAR and its camera see. Places and velocities are the LiDAR's; a track that the newest
// picture shows, too, is believed with its first sweep where it is known how such a thing moves.
import {
	CAMERA_CAPACITY,
	CAMERA_CLASSES,
	CAMERA_HEIGHTS_M,
	CAMERA_INPUT_SHAPE,
	CAMERA_LEAST_SCORE,
	CAMERA_STRIDE_PX,
} from "@saccade/perception";
import { LIDAR } from "./lidar.ts";

const [HEIGHT, WIDTH] = CAMERA_INPUT_SHAPE;
/** Three pictures: one may be lost, and the next be late. */
const MOST_APART_MS = 100;

export const DRIVE = {
	summary: "what a vehicle does about what its LiDAR and its camera see",
	sensors: {
		...LIDAR.sensors,
		/** Its pictures end when their boxes are found; the next sweep is seen beside the newest. */
		camera: { payload: "image", calibration: "required" },
	},
	nodes: {
		...LIDAR.nodes,
		pixels: {
			step: "raw-picture",
			with: { width: WIDTH, height: HEIGHT },
			in: { image: "camera" },
		},
		look: { model: "camera_detector", in: { image: "pixels" } },
		found: {
			step: "centre-box",
			with: {
				classCount: CAMERA_CLASSES.length,
				rows: HEIGHT / CAMERA_STRIDE_PX,
				columns: WIDTH / CAMERA_STRIDE_PX,
				stridePx: CAMERA_STRIDE_PX,
				threshold: CAMERA_LEAST_SCORE,
				capacity: CAMERA_CAPACITY,
			},
			in: { heatmap: "look.heatmap", edges: "look.edges" },
		},
		sights: { step: "sights", in: { boxes: "found" } },
		both: {
			join: { kind: "latest", maxAgeMs: MOST_APART_MS },
			in: { boxes: "boxes", sights: "sights" },
		},
		tracks: {
			...LIDAR.nodes.tracks,
			with: { ...LIDAR.nodes.tracks.with, heightsM: CAMERA_HEIGHTS_M },
			in: { boxes: "both.boxes", sights: "both.sights", motion: "motion" },
		},
	},
	result: {
		decision: "act",
		outputs: { tracks: "tracks", found: "found" },
	},
} as const;
