// Versions of one model that differ: each multiplies its numbers by a factor of its own, so that every answer tells
// which version gave it. Real ONNX files; some are faulty in ways that show only later.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GraphBuilder } from "../../scripts/fixtures/graph-builder.ts";
import { encodeOnnxModel } from "../../scripts/fixtures/onnx-writer.ts";

export interface Scaling {
	readonly factor: number;
	/** Numbers a row. @default 4 */
	readonly width?: number;
	/** It loads, and fails whenever it runs. @default false */
	readonly failsAtRun?: boolean;
	/** It runs, and fails on numbers from this one on. @default it does not */
	readonly failsFrom?: number;
	/** Products of large matrices that each run computes beside: some milliseconds each. @default 0 */
	readonly detours?: number;
}

const DETOUR_SIZE = 512;

export function scalingModel({
	factor,
	width = 4,
	failsAtRun = false,
	failsFrom = 0,
	detours = 0,
}: Scaling): Uint8Array {
	const graph = new GraphBuilder("scaling");
	const shape = ["N", width];
	let value = graph.input("input", "FP32", shape);
	if (failsAtRun) value = stumble(graph, value);
	if (failsFrom > 0) value = lookUp(graph, value, failsFrom);
	for (let i = 0; i < detours; i++) value = detour(graph, value, width);
	const scale = graph.float32([1], Float32Array.of(factor));
	graph.output({ name: "output", dtype: "FP32", shape }, "Mul", [value, scale]);
	return encodeOnnxModel(graph.build());
}

/** Adds rows that there are not: which ones is computed, so that only a run can tell. */
function stumble(graph: GraphBuilder, value: string): string {
	const beyond = graph.node("Add", [
		graph.node("Shape", [value]),
		graph.int64([1], [1000]),
	]);
	const rows = graph.node("Gather", [value, beyond], {
		axis: { kind: "int", value: 0 },
	});
	const largest = graph.node("ReduceMax", [rows], {
		axes: { kind: "ints", value: [0] },
		keepdims: { kind: "int", value: 1 },
	});
	return graph.node("Add", [value, largest]);
}

/** Adds an entry of a table of zeros, which ends before the largest numbers. */
function lookUp(graph: GraphBuilder, value: string, size: number): string {
	const largest = graph.node("ReduceMax", [value], {
		axes: { kind: "ints", value: [0, 1] },
		keepdims: { kind: "int", value: 0 },
	});
	const INT64 = 7;
	const index = graph.node("Cast", [largest], {
		to: { kind: "int", value: INT64 },
	});
	const zeros = graph.float32([size], new Float32Array(size));
	return graph.node("Add", [value, graph.node("Gather", [zeros, index])]);
}

/** Widens the rows, multiplies them by a large matrix many times over, and adds nothing of it to them. */
function detour(graph: GraphBuilder, value: string, width: number): string {
	const size = DETOUR_SIZE;
	const wide = graph.node("MatMul", [
		value,
		graph.float32([width, size], new Float32Array(width * size)),
	]);
	const grown = graph.node("Unsqueeze", [wide, graph.int64([1], [1])]);
	const tall = graph.node("Expand", [grown, graph.int64([3], [1, size, 1])]);
	const product = graph.node("MatMul", [
		tall,
		graph.weights([size, size], size),
	]);
	const back = graph.node("MatMul", [
		graph.node("ReduceMax", [product], {
			axes: { kind: "ints", value: [1] },
			keepdims: { kind: "int", value: 0 },
		}),
		graph.float32([size, width], new Float32Array(size * width)),
	]);
	return graph.node("Add", [value, back]);
}

/** Written beside its place and renamed, as `path` of the model's directory. */
export function putFile(
	repository: string,
	path: string,
	content: Uint8Array | string,
): void {
	const target = join(repository, path);
	mkdirSync(dirname(target), { recursive: true });
	writeFileSync(`${target}.tmp`, content);
	renameSync(`${target}.tmp`, target);
}

export function scalingConfig(
	settings: Readonly<Record<string, string>> = {},
	more = "",
): string {
	const parameters = Object.entries(settings).map(
		([key, value]) =>
			`parameters { key: "saccade.${key}" value { string_value: "${value}" } }`,
	);
	return `backend: "onnxruntime"
max_batch_size: 8
dynamic_batching { }
input [ { name: "input" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "output" data_type: TYPE_FP32 dims: [ 4 ] } ]
${parameters.join("\n")}
${more}
`;
}
