import assert from "node:assert/strict";
import {
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { GraphBuilder } from "../../../../../../scripts/fixtures/graph-builder.ts";
import { encodeOnnxModel } from "../../../../../../scripts/fixtures/onnx-writer.ts";
import type { ModelSource } from "../../runtime.ts";
import { createOnnxRuntime } from "../onnx-runtime.ts";
import { cachePaths, makeCacheFolders } from "./cache-files.ts";
import { preparedOptions } from "./load-prepared.ts";
import { listExternalData } from "./onnx-messages.ts";
import { splitTensors } from "./split-tensors.ts";

const LAYERS = 6;
const WIDTH = 64;
const LAST_WIDTH = 4096;

/** Six layers of 16 KiB, then one of 1 MiB. */
function writeModel(path: string): void {
	const graph = new GraphBuilder("layers", 1);
	let value = graph.input("input", "FP32", [1, WIDTH]);
	for (let layer = 0; layer < LAYERS; layer++)
		value = graph.node("Relu", [
			graph.node("MatMul", [value, graph.weights([WIDTH, WIDTH], WIDTH)]),
		]);
	graph.output(
		{ name: "output", dtype: "FP32", shape: [1, LAST_WIDTH] },
		"MatMul",
		[value, graph.weights([WIDTH, LAST_WIDTH], WIDTH)],
	);
	writeFileSync(path, encodeOnnxModel(graph.build()));
}

async function setUp(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), "saccade-split-"));
	const runtime = createOnnxRuntime({ poolThreads: 4, intraOpThreadCount: 1 });
	t.after(async () => {
		runtime.close();
		await runtime.released();
		rmSync(root, { recursive: true });
	});
	const paths = cachePaths(join(root, "cache"));
	await makeCacheFolders(paths);
	const model = join(root, "model.onnx");
	writeModel(model);
	const optimised = join(root, "optimised.onnx");
	const target = { path: optimised, tensorsName: "all", minTensorBytes: 1024 };
	await runtime.saveOptimized({ kind: "file", path: model }, {}, target);
	const tensorsFile = join(root, "all");
	const split = (keepPrepacked: boolean) =>
		splitTensors({
			paths,
			graph: readFileSync(optimised),
			tensorsFile,
			keepPrepacked,
			beside: join(paths.new, "tensor"),
		});
	const answerOf = async (source: ModelSource, options: object) => {
		const session = await runtime.load(source, options);
		const binding = session.bind({
			inputShapes: [[1, WIDTH]],
			outputShapes: [[1, LAST_WIDTH]],
		});
		const input = Float32Array.from({ length: WIDTH }, (_, at) => Math.cos(at));
		binding.inputs[0]?.set(new Uint8Array(input.buffer));
		binding.run("inline", (error) => {
			if (error !== null) throw error;
		});
		const answer = [...new Float32Array(binding.output(0).data.slice().buffer)];
		session.close();
		return answer;
	};
	return { paths, model, split, answerOf, tensorsFile };
}

describe("tensors of an optimised model", { timeout: 60_000 }, () => {
	for (const weights of ["mapped", "prepacked"] as const)
		test(`that are small share a file and answer as before, ${weights}`, async (t) => {
			const { paths, model, split, answerOf } = await setUp(t);
			const { graph, tensors } = split(weights === "prepacked");
			const locations = listExternalData(graph).map((data) =>
				Object.fromEntries(data),
			);
			assert.equal(locations.length, LAYERS + 1);
			assert.equal(tensors.length, 2, "the small ones together, the large one");
			assert.deepEqual(
				readdirSync(paths.tensors).sort(),
				tensors.map(({ sha256 }) => sha256).sort(),
			);
			for (const { sha256, bytes } of tensors)
				assert.equal(statSync(join(paths.tensors, sha256)).size, bytes);
			// Mappings begin at a page.
			for (const { offset } of locations)
				assert.equal(Number(offset) % 4096, 0);
			if (weights === "prepacked")
				assert.ok(
					locations.some((location) => "prepacked_0" in location),
					"there is something that kernels packed",
				);
			const expected = await answerOf({ kind: "file", path: model }, {});
			const answer = await answerOf(
				{ kind: "bytes", bytes: graph },
				preparedOptions({}, weights, paths.tensors),
			);
			for (const [at, value] of answer.entries())
				assert.ok(Math.abs(value - expected[at]!) < 1e-4, `element ${at}`);
		});

	test("are the same files when they are taken apart again", async (t) => {
		const { paths, split } = await setUp(t);
		const first = split(false);
		const inodes = () =>
			readdirSync(paths.tensors).map(
				(name) => statSync(join(paths.tensors, name)).ino,
			);
		const before = inodes();
		assert.deepEqual(split(false), first);
		assert.deepEqual(inodes(), before);
	});

	test("that are not all there are told, and none is left half written", async (t) => {
		const { paths, split, tensorsFile } = await setUp(t);
		truncateSync(tensorsFile, 50_000);
		assert.throws(() => split(false), {
			code: "LOAD_FAILED",
			message: /not written whole/,
		});
		assert.deepEqual(readdirSync(paths.tensors), []);
	});
});
