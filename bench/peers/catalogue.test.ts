import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { choosePeers, PEERS } from "./catalogue.ts";
import { pinnedVersion } from "./python-peer.ts";

const namesOf = (only: string | null, skip: string | null) =>
	choosePeers(only, skip).map(({ name }) => name);

test("all peers run unless some are named", () => {
	assert.equal(namesOf(null, null).length, PEERS.length);
	assert.deepEqual(namesOf("node,ray", null), ["node", "ray"]);
	assert.deepEqual(namesOf("node,ray", "ray"), ["node"]);
	assert.ok(!namesOf(null, "node").includes("node"));
});

test("a name that is no peer's is refused with those that are", () => {
	assert.throws(() => namesOf("nodes", null), /no peer 'nodes'.*furnace/);
	assert.throws(() => namesOf(null, "x"), RangeError);
});

test("every package of a Python environment is pinned, and ONNX Runtime is the same in all", () => {
	const folders = [
		"bentoml",
		"kserve",
		"litserve",
		"mlserver",
		"pytriton",
		"ray",
	];
	for (const folder of folders) {
		const file = join(import.meta.dirname, folder, "requirements.txt");
		const text = readFileSync(file, "utf8");
		for (const line of text.trim().split("\n"))
			assert.match(line, /^[\w.-]+==[\w.+!]+$/, folder);
		assert.equal(pinnedVersion(text, "onnxruntime"), "onnxruntime 1.30.0");
	}
});

test("what is not pinned has no version", () => {
	assert.throws(() => pinnedVersion("a==1", "b"), /b is not pinned/);
});
