// `saccade models prepare`, and a server that has nothing but what it made.
import assert from "node:assert/strict";
import {
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeDenseModel } from "../../packages/server/src/runtime/onnx/prepared/testing/dense-model.ts";
import { saccade, serve } from "./support/command.ts";

const CONFIG = `parameters { key: "saccade.weights" value { string_value: "mapped" } }`;

test("models are prepared before they are served, and a server that may not write serves from what is there, whatever becomes of the repository's files", {
	timeout: 120_000,
}, async (t) => {
	const root = mkdtempSync(join(tmpdir(), "saccade-prepare-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const repository = join(root, "models");
	const file = join(repository, "dense", "1", "model.onnx");
	mkdirSync(join(repository, "dense", "1"), { recursive: true });
	writeDenseModel(file);
	writeFileSync(join(repository, "dense", "config.pbtxt"), CONFIG);
	mkdirSync(join(repository, "tiny", "1"), { recursive: true });
	copyFileSync(file, join(repository, "tiny", "1", "model.onnx"));
	const cache = join(root, "prepared");
	const args = ["--model-repository", repository, "--prepared-dir", cache];
	const first = await saccade(["models", "prepare", "--json", ...args]);
	assert.equal(first.code, 0, first.stderr);
	assert.match(first.stderr, /dense version 1: optimising/);
	const [dense, tiny] = JSON.parse(first.stdout);
	assert.equal(dense.state, "made");
	assert.ok(dense.cachedBytes >= 2 ** 21, "all weights are in the cache");
	assert.ok(dense.loadMs.prepared > 0 && dense.loadMs.asItIs > 0);
	assert.deepEqual([tiny.model, tiny.state], ["tiny", "skipped"]);
	const again = await saccade(["models", "prepare", "dense", ...args]);
	assert.match(again.stdout, /dense +1 +found +(mapped|prepacked)/);
	const absent = await saccade(["models", "prepare", "absent", ...args]);
	assert.equal(absent.code, 1);
	assert.match(absent.stderr, /no model 'absent'/);

	const server = await serve(t, [...args, "--prepared-models", "read-only"]);
	const ask = async () => {
		const inputs = [
			{
				name: "input",
				shape: [1, 256],
				datatype: "FP32",
				data: Array.from({ length: 256 }, (_, at) => at / 256),
			},
		];
		const answer = await fetch(`http://${server.http}/v2/models/dense/infer`, {
			method: "POST",
			body: JSON.stringify({ inputs }),
		});
		assert.equal(answer.status, 200);
		return (await answer.json()) as object;
	};
	const before = await ask();
	// As `cp` and a build that fails do.
	const other = readFileSync(file).fill(0xff, 1000);
	writeFileSync(file, other);
	truncateSync(file, 100);
	assert.deepEqual(await ask(), before);
});
