// A model by ONNX Runtime's own binding, one thread, outputs by name: for judging models outside of the server.
import { InferenceSession, Tensor } from "onnxruntime-node";

export type Outputs = Readonly<Record<string, Float32Array>>;

export interface OnnxModel {
	run(
		data: Float32Array | Uint8Array,
		shape: readonly number[],
	): Promise<Outputs>;
}

export async function openModel(
	file: string,
	inputName: string,
): Promise<OnnxModel> {
	const session = await InferenceSession.create(file, {
		intraOpNumThreads: 1,
		interOpNumThreads: 1,
		graphOptimizationLevel: "all",
	});
	return {
		run: async (data, shape) => {
			const type = data instanceof Float32Array ? "float32" : "uint8";
			const input = new Tensor(type, data, [...shape]);
			const outputs = await session.run({ [inputName]: input });
			const named: Record<string, Float32Array> = {};
			for (const [name, tensor] of Object.entries(outputs)) {
				if (!(tensor.data instanceof Float32Array))
					throw new TypeError(`output ${name} is ${tensor.type}, not float32`);
				named[name] = tensor.data;
			}
			return named;
		},
	};
}
