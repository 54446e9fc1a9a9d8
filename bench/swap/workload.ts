// The two models under load: one that is swapped between two versions, and one that nobody touches. Same network, so
// that what one notices can be set beside what the other does.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphBuilder } from "../../scripts/fixtures/graph-builder.ts";
import { encodeOnnxModel } from "../../scripts/fixtures/onnx-writer.ts";
import type { WorkloadModel } from "../load/workload.ts";
import { expectedAnswers } from "../serve/expected.ts";
import type { LoadSetup } from "./load-process.ts";
import type { RigModel } from "./rig.ts";

export const SWAPPED = "swapped";
export const BYSTANDER = "bystander";

const SIDE = 16;

/** Weights of the versions, by seed. */
const VERSIONS = [101, 102] as const;

function modelOf(name: string): WorkloadModel {
	return {
		name,
		input: "input",
		inputShape: [1, 1, SIDE, SIDE],
		output: "output",
		outputShape: [1, 10],
	};
}

/** 1 KB in, some 2 ms on one core: what is measured is the server and not the sockets. */
function version(seed: number): Uint8Array {
	const graph = new GraphBuilder("convolutions", seed);
	let value = graph.input("input", "FP32", ["N", 1, SIDE, SIDE]);
	let channels = 1;
	for (const filters of [64, 64, 64]) {
		const weights = graph.weights([filters, channels, 3, 3], channels * 9);
		const convolved = graph.node("Conv", [value, weights], {
			kernel_shape: { kind: "ints", value: [3, 3] },
			pads: { kind: "ints", value: [1, 1, 1, 1] },
		});
		value = graph.node("Relu", [convolved]);
		channels = filters;
	}
	const pooled = graph.node("Flatten", [
		graph.node("GlobalAveragePool", [value]),
	]);
	graph.output({ name: "output", dtype: "FP32", shape: ["N", 10] }, "MatMul", [
		pooled,
		graph.weights([channels, 10], channels, 1),
	]);
	return encodeOnnxModel(graph.build());
}

function configOf(name: string): string {
	return `name: "${name}"
backend: "onnxruntime"
max_batch_size: 16
input [ { name: "input" data_type: TYPE_FP32 dims: [ 1, ${SIDE}, ${SIDE} ] } ]
output [ { name: "output" data_type: TYPE_FP32 dims: [ 10 ] } ]
dynamic_batching { }
`;
}

/** Made before anything is measured. */
const FILES: readonly Uint8Array[] = VERSIONS.map(version);

/** Of version `index`, modulo how many there are. */
export function versionFile(index: number): Uint8Array {
	return FILES[index % FILES.length]!;
}

export function rigModels(): RigModel[] {
	return [SWAPPED, BYSTANDER].map((name) => ({
		name,
		file: versionFile(0),
		config: configOf(name),
	}));
}

export async function loadSetup(): Promise<LoadSetup> {
	const folder = mkdtempSync(join(tmpdir(), "saccade-swap-expected-"));
	try {
		const expected: string[][] = [];
		for (const seed of VERSIONS) {
			const path = join(folder, `${seed}.onnx`);
			writeFileSync(path, version(seed));
			expected.push(await expectedAnswers(path, modelOf(SWAPPED)));
		}
		return {
			models: [
				{ model: modelOf(SWAPPED), expected },
				{ model: modelOf(BYSTANDER), expected: expected.slice(0, 1) },
			],
		};
	} finally {
		rmSync(folder, { recursive: true });
	}
}
