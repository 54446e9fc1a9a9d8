// The LiDAR detector as a driver takes it.
import type { BevNetwork } from "@saccade/drive";
import { BEV_INPUT_SHAPE } from "@saccade/perception";
import { openModel } from "./onnx.ts";

export async function openBevNetwork(file: string): Promise<BevNetwork> {
	const model = await openModel(file, "bev");
	return async (tensor) => {
		const { heatmap, offset, size, yaw } = await model.run(tensor, [
			1,
			...BEV_INPUT_SHAPE,
		]);
		if (!(heatmap && offset && size && yaw))
			throw new Error(`${file}: heatmap, offset, size and yaw are needed`);
		return { heatmap, offset, size, yaw };
	};
}
