// The bundled detectors as the judge and the drivers of packages/drive take them, run by a server in this process.
import type { BevNetwork, CameraNetwork } from "@saccade/drive";
import {
	BEV_INPUT_SHAPE,
	BEV_OUTPUT_SIZES,
	CAMERA_INPUT_SHAPE,
	CAMERA_OUTPUT_SIZES,
} from "@saccade/perception";
import { bytesOf, float32Output } from "../pipelines/model-tensors.ts";
import type { Tensor } from "../tensor/tensor.ts";

export const BUNDLED_MODELS = {
	bev: "bev_detector",
	camera: "camera_detector",
} as const;

export type RunModel = (
	model: string,
	input: Tensor,
) => Promise<readonly Tensor[]>;

export function bundledNetworks(run: RunModel): {
	readonly bev: BevNetwork;
	readonly camera: CameraNetwork;
} {
	const { bev, camera } = BUNDLED_MODELS;
	return {
		bev: async (values) => {
			const outputs = await run(bev, {
				name: "bev",
				dtype: "FP32",
				shape: [1, ...BEV_INPUT_SHAPE],
				data: bytesOf(values),
			});
			const output = (name: keyof typeof BEV_OUTPUT_SIZES) =>
				float32Output(bev, outputs, name, BEV_OUTPUT_SIZES[name]);
			return {
				heatmap: output("heatmap"),
				offset: output("offset"),
				size: output("size"),
				yaw: output("yaw"),
			};
		},
		camera: async ({ data }) => {
			const outputs = await run(camera, {
				name: "image",
				dtype: "UINT8",
				shape: [1, ...CAMERA_INPUT_SHAPE],
				data,
			});
			const output = (name: keyof typeof CAMERA_OUTPUT_SIZES) =>
				float32Output(camera, outputs, name, CAMERA_OUTPUT_SIZES[name]);
			return { heatmap: output("heatmap"), edges: output("edges") };
		},
	};
}
