import { fileURLToPath } from "node:url";
import { FakeRuntime } from "../../packages/server/src/runtime/fake/fake-runtime.ts";
import { createOnnxRuntime } from "../../packages/server/src/runtime/onnx/onnx-runtime.ts";
import type { ModelSource } from "../../packages/server/src/runtime/runtime.ts";
import { testRuntime } from "./suite.ts";

testRuntime({
	name: "onnx",
	create: () => createOnnxRuntime({ poolThreads: 4, intraOpThreadCount: 1 }),
	double: onnx("no_batch"),
	slow: onnx("mlp"),
	slowRows: 65_536,
	noModel: { kind: "bytes", bytes: Buffer.from("no model") },
});

testRuntime({
	name: "fake",
	create: () => new FakeRuntime(),
	double: fake([3, 4], {}),
	slow: fake([-1, 64], { "1": 1, "2": 60_000 }),
	slowRows: 2,
	noModel: { kind: "bytes", bytes: Buffer.from('{"inputs":[]}') },
});

function onnx(name: string): ModelSource {
	const url = new URL(
		`../../models/repository/${name}/1/model.onnx`,
		import.meta.url,
	);
	return { kind: "file", path: fileURLToPath(url) };
}

function fake(shape: number[], curveMs: Record<string, number>): ModelSource {
	const tensor = (name: string) => ({ name, dtype: "FP32", shape });
	const model = {
		inputs: [tensor("input")],
		outputs: [tensor("output")],
		compute: "double",
		...(Object.keys(curveMs).length > 0 && { curveMs }),
	};
	return { kind: "bytes", bytes: Buffer.from(JSON.stringify(model)) };
}
