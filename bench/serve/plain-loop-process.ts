// The ceiling: the same model through the same C API in a plain loop, nothing else in the process.
//   plain-loop-process.ts MODEL INPUT_SHAPE OUTPUT_SHAPE THREADS LANES SECONDS      shapes: 8,3,96,96
// Prints rows per second. Lanes run side by side, off the loop, as a server would.
import { createOnnxRuntime } from "../../packages/server/src/runtime/onnx/onnx-runtime.ts";

const [
	path = "",
	inputText = "",
	outputText = "",
	threads = "1",
	lanes = "1",
	seconds = "2",
] = process.argv.slice(2);
const inputShape = inputText.split(",").map(Number);
const outputShape = outputText.split(",").map(Number);
const runtime = createOnnxRuntime({
	poolThreads: 8,
	intraOpThreadCount: Number(threads),
});
const session = await runtime.load({ kind: "file", path }, {});
const bindings = Array.from({ length: Number(lanes) }, () => {
	const binding = session.bind({
		inputShapes: [inputShape],
		outputShapes: [outputShape],
	});
	const input = binding.inputs[0];
	if (input != null) new Float32Array(input.buffer).fill(0.5);
	return binding;
});

async function loop(untilMs: number): Promise<number> {
	let runs = 0;
	await Promise.all(
		bindings.map(async (binding) => {
			while (performance.now() < untilMs) {
				await new Promise<void>((resolve, reject) => {
					binding.run("offload", (error) =>
						error === null ? resolve() : reject(error),
					);
				});
				runs++;
			}
		}),
	);
	return runs;
}

await loop(performance.now() + 500);
const startMs = performance.now();
const runs = await loop(startMs + Number(seconds) * 1000);
const elapsedS = (performance.now() - startMs) / 1000;
console.log(String((runs * (inputShape[0] ?? 1)) / elapsedS));
session.close();
runtime.close();
