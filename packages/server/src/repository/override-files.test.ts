import assert from "node:assert/strict";
import {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { writeOverride } from "./override-files.ts";

function setUp(t: TestContext) {
	const around = mkdtempSync(join(tmpdir(), "saccade-override-test-"));
	t.after(() => rmSync(around, { recursive: true, force: true }));
	const parent = mkdtempSync(join(around, "parent-"));
	const write = (
		files: Readonly<Record<string, string>>,
		{ model = "m", maxBytes = 1000, maxFiles = 10 } = {},
	) =>
		writeOverride(
			parent,
			model,
			new Map(
				Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]),
			),
			{ maxBytes, maxFiles },
		);
	return { around, parent, write };
}

const failed = (message: RegExp) => ({ code: "LOAD_FAILED", message });

test("files are laid out as a repository with one model, for us alone", async (t) => {
	const { write } = setUp(t);
	const { root, directory } = await write({
		"1/model.onnx": "one",
		"3/data/more.bin": "more",
		"3/config.pbtxt": "max_batch_size: 2",
	});
	assert.deepEqual(directory.versions, [1, 3]);
	assert.deepEqual([...directory.versionConfigs.keys()], [3]);
	const file = join(root, "m", "3", "data", "more.bin");
	assert.equal(readFileSync(file, "utf8"), "more");
	assert.equal(statSync(root).mode & 0o777, 0o700);
	assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("nothing is written outside, whatever a model or a file is called", async (t) => {
	const { around, parent, write } = setUp(t);
	const part = fc.constantFrom("..", ".", "", "1", "a", "\0", "\\", "etc");
	const name = fc.array(part, { maxLength: 5 }).map((parts) => parts.join("/"));
	await fc.assert(
		fc.asyncProperty(name, name, async (model, path) => {
			const written = await write({ [path]: "x" }, { model }).catch(() => null);
			if (written !== null) rmSync(written.root, { recursive: true });
			assert.deepEqual(readdirSync(parent), []);
			assert.equal(readdirSync(around).length, 1);
		}),
		{ numRuns: 300 },
	);
});

test("a model's name that leads elsewhere is refused before anything is written", async (t) => {
	const { around, parent, write } = setUp(t);
	for (const model of ["../evil", "../../evil", "..", "a/b", "", "a\0"])
		await assert.rejects(
			write({ "1/model.onnx": "x" }, { model }),
			failed(/is no model name/),
		);
	assert.equal(existsSync(join(around, "evil")), false);
	assert.deepEqual(readdirSync(parent), []);
});

test("limits hold before anything is written", async (t) => {
	const { parent, write } = setUp(t);
	await assert.rejects(
		write({ "1/a": "x".repeat(11) }, { maxBytes: 10 }),
		failed(/11 bytes, the limit is 10/),
	);
	await assert.rejects(
		write({ "1/a": "", "1/b": "" }, { maxFiles: 1 }),
		failed(/at most 1 files, got 2/),
	);
	for (const path of ["01/a", "1", "1/", "1//a", "1/./a", "1/../1/a", "x/a"])
		await assert.rejects(write({ [path]: "x" }), failed(/use '<version>/));
	assert.deepEqual(readdirSync(parent), []);
});

test("what cannot be written leaves nothing, and says why and what to do", async (t) => {
	const { parent, write } = setUp(t);
	await assert.rejects(
		write({ "1/a": "a file", "1/a/b": "in it" }),
		failed(/cannot be written: .*TMPDIR/),
	);
	assert.deepEqual(readdirSync(parent), []);
	rmSync(parent, { recursive: true });
	writeFileSync(parent, "in the way");
	await assert.rejects(
		write({ "1/a": "x" }),
		failed(/cannot be written: ENOTDIR/),
	);
});
