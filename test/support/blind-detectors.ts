// Stand-ins for the bundled detectors, with their inputs and outputs, that see nothing: real ONNX files, made by hand.
import { BEV_INPUT_SHAPE, CAMERA_INPUT_SHAPE } from "@saccade/perception";
import { MODEL_FILE } from "../../scripts/fixtures/fixture.ts";
import { GraphBuilder } from "../../scripts/fixtures/graph-builder.ts";
import { encodeOnnxModel } from "../../scripts/fixtures/onnx-writer.ts";
import { writeFixture } from "../../scripts/fixtures/write-fixture.ts";

/** Of a heat map: as good as no object anywhere. */
const NOTHING = -20;

const BEV = [
	["heatmap", [1, 3, 80, 80]],
	["offset", [1, 2, 80, 80]],
	["size", [1, 2, 80, 80]],
	["yaw", [1, 2, 80, 80]],
] as const;
const CAMERA = [
	["heatmap", [1, 3, 48, 80]],
	["edges", [1, 4, 48, 80]],
] as const;

export function addBlindDetectors(repository: string): void {
	add(repository, "bev_detector", BEV, (graph) =>
		graph.input("bev", "FP32", [1, ...BEV_INPUT_SHAPE]),
	);
	add(repository, "camera_detector", CAMERA, (graph) =>
		graph.input("image", "UINT8", [1, ...CAMERA_INPUT_SHAPE]),
	);
}

function add(
	repository: string,
	name: string,
	outputs: typeof BEV | typeof CAMERA,
	addInput: (graph: GraphBuilder) => void,
): void {
	const graph = new GraphBuilder(name);
	addInput(graph);
	for (const [output, shape] of outputs)
		graph.output({ name: output, dtype: "FP32", shape: [...shape] }, "Expand", [
			graph.float32([1], Float32Array.of(output === "heatmap" ? NOTHING : 0)),
			graph.int64([shape.length], shape),
		]);
	const model = encodeOnnxModel(graph.build());
	const config = `name: "${name}"\nbackend: "onnxruntime"\nmax_batch_size: 0\n`;
	writeFixture(repository, {
		name,
		purpose: "sees nothing",
		files: () => ({ [MODEL_FILE]: model, "config.pbtxt": config }),
	});
}
