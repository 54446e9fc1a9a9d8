// The camera detector as a judge takes it.
import type { CameraNetwork } from "@saccade/drive";
import { CAMERA_INPUT_SHAPE } from "@saccade/perception";
import { openModel } from "./onnx.ts";

export async function openCameraNetwork(file: string): Promise<CameraNetwork> {
	const model = await openModel(file, "image");
	return async ({ data }) => {
		const { heatmap, edges } = await model.run(data, [
			1,
			...CAMERA_INPUT_SHAPE,
		]);
		if (!(heatmap && edges))
			throw new Error(`${file}: heatmap and edges are needed`);
		return { heatmap, edges };
	};
}
