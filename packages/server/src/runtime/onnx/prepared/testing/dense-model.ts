// Models whose weights fill files of their own: two layers of 512 KiB and one of 1 MiB, so that preparing takes little.
import { writeFileSync } from "node:fs";
import { GraphBuilder } from "../../../../../../../scripts/fixtures/graph-builder.ts";
import { encodeOnnxModel } from "../../../../../../../scripts/fixtures/onnx-writer.ts";
import type { Session } from "../../../runtime.ts";

const DENSE_WIDTH = 256;
const HIDDEN = 512;
export const DENSE_TENSOR_COUNT = 3;

/**
 * Writes a model of one FP32 input of shape [1, 256] and an output like it.
 * @param lastSeed of the weights of the last layer; the others are the same in all models
 */
export function writeDenseModel(path: string, lastSeed = 1): void {
	const graph = new GraphBuilder("dense", 1);
	let value = graph.input("input", "FP32", [1, DENSE_WIDTH]);
	for (const [from, to] of [
		[DENSE_WIDTH, HIDDEN],
		[HIDDEN, HIDDEN],
	] as const)
		value = graph.node("Relu", [
			graph.node("MatMul", [value, graph.weights([from, to], from)]),
		]);
	graph.output(
		{ name: "output", dtype: "FP32", shape: [1, DENSE_WIDTH] },
		"MatMul",
		[value, graph.float32([HIDDEN, DENSE_WIDTH], lastWeights(lastSeed))],
	);
	writeFileSync(path, encodeOnnxModel(graph.build()));
}

function lastWeights(seed: number): Float32Array {
	return Float32Array.from(
		{ length: HIDDEN * DENSE_WIDTH },
		(_, at) => Math.sin(at * seed) / HIDDEN,
	);
}

/** What the model answers to one fixed input. */
export function answerOf(session: Session): number[] {
	const shape = [1, DENSE_WIDTH];
	const binding = session.bind({ inputShapes: [shape], outputShapes: [shape] });
	const input = Float32Array.from({ length: DENSE_WIDTH }, (_, at) =>
		Math.cos(at),
	);
	binding.inputs[0]?.set(new Uint8Array(input.buffer));
	binding.run("inline", (error) => {
		if (error !== null) throw error;
	});
	const { data } = binding.output(0);
	const answer = [...new Float32Array(data.slice().buffer)];
	binding.close();
	return answer;
}
