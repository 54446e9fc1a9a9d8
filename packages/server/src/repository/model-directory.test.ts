import assert from "node:assert/strict";
import {
	mkdirSync,
	mkdtempSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { MAX_CONFIG_BYTES } from "./config-text.ts";
import {
	configTextsOf,
	findModelFile,
	listModels,
	readLabels,
	readModelDirectory,
	resolveInside,
	selectVersions,
} from "./model-directory.ts";

/** Paths below a temporary repository; those that end in `/` are directories. */
function makeRepository(
	context: TestContext,
	files: Readonly<Record<string, string>>,
): string {
	const root = mkdtempSync(join(tmpdir(), "saccade-repository-"));
	context.after(() => rmSync(root, { recursive: true, force: true }));
	for (const [path, content] of Object.entries(files)) {
		const target = join(root, path);
		mkdirSync(path.endsWith("/") ? target : dirname(target), {
			recursive: true,
		});
		if (!path.endsWith("/")) writeFileSync(target, content);
	}
	return root;
}

async function modelOf(context: TestContext, files: Record<string, string>) {
	const root = makeRepository(context, files);
	return (await readModelDirectory(root, "m")) ?? assert.fail("no model m");
}

const LOAD_FAILED = { code: "LOAD_FAILED" };

describe("a repository", () => {
	test("lists its directories by name, without hidden ones and files", async (t) => {
		const root = makeRepository(t, { "b/": "", "a/": "", ".git/": "", f: "" });
		assert.deepEqual(await listModels(root), ["a", "b"]);
	});

	test("that is absent is an error which names the option", async (t) => {
		const root = makeRepository(t, {});
		await assert.rejects(listModels(join(root, "gone")), {
			...LOAD_FAILED,
			message: /--model-repository/,
		});
	});
});

describe("a model's directory", () => {
	test("has its versions in numeric order", async (t) => {
		const model = await modelOf(t, { "m/10/": "", "m/9/": "", "m/1/": "" });
		assert.deepEqual(model.versions, [1, 9, 10]);
		assert.equal(model.configText, null);
	});

	test("warns of version directories with leading zeros and serves the others", async (t) => {
		const model = await modelOf(t, { "m/01/": "", "m/2/": "", "m/x/": "" });
		assert.deepEqual(model.versions, [2]);
		assert.equal(model.warnings.length, 1);
		assert.match(model.warnings[0] ?? "", /'01' of model 'm'/);
	});

	test("does not take a file for a version", async (t) => {
		const model = await modelOf(t, { "m/1": "", "m/2/": "" });
		assert.deepEqual(model.versions, [2]);
	});

	test("gives the text of config.pbtxt, and refuses one that is too large", async (t) => {
		const model = await modelOf(t, { "m/config.pbtxt": "max_batch_size: 1" });
		assert.equal(model.configText, "max_batch_size: 1");
		const large = { "m/config.pbtxt": "#".repeat(MAX_CONFIG_BYTES + 1) };
		await assert.rejects(modelOf(t, large), {
			...LOAD_FAILED,
			message: /1048577 bytes/,
		});
	});

	test("has the configuration of the name that was asked for, and else the usual one", async (t) => {
		const root = makeRepository(t, {
			"m/config.pbtxt": "the usual one",
			"m/configs/edge.pbtxt": "for the edge",
		});
		const textOf = async (name: string) =>
			(await readModelDirectory(root, "m", name))?.configText;
		assert.equal(await textOf(""), "the usual one");
		assert.equal(await textOf("edge"), "for the edge");
		assert.equal(await textOf("cloud"), "the usual one");
	});

	test("tells which versions have a configuration of their own", async (t) => {
		const model = await modelOf(t, {
			"m/config.pbtxt": "model",
			"m/1/model.onnx": "",
			"m/2/config.pbtxt": "two",
		});
		assert.deepEqual([...model.versionConfigs], [[2, "two"]]);
		assert.deepEqual(configTextsOf(model, 1), ["model"]);
		assert.deepEqual(configTextsOf(model, 2), ["model", "two"]);
	});

	test("whose configuration is a link to nowhere is not taken for one without", async (t) => {
		const root = makeRepository(t, { "m/1/": "" });
		symlinkSync(join(root, "gone"), join(root, "m", "config.pbtxt"));
		await assert.rejects(readModelDirectory(root, "m"), {
			...LOAD_FAILED,
			message: /config\.pbtxt cannot be read \(ENOENT\)/,
		});
	});

	test("that does not exist is null", async (t) => {
		assert.equal(await readModelDirectory(makeRepository(t, {}), "m"), null);
	});

	for (const name of ["..", ".", "", "a/b", "a\\b", "a\0b", "x".repeat(256)])
		test(`is never looked for as ${JSON.stringify(name)}`, async (t) => {
			const root = makeRepository(t, {});
			await assert.rejects(readModelDirectory(root, name), LOAD_FAILED);
		});
});

describe("version policies", () => {
	const available = [1, 3, 7];

	test("latest takes the highest", () => {
		const policy = { kind: "latest", count: 2 } as const;
		assert.deepEqual(selectVersions(available, policy, "m"), [3, 7]);
	});

	test("all takes everything", () => {
		assert.deepEqual(
			selectVersions(available, { kind: "all" }, "m"),
			[1, 3, 7],
		);
	});

	test("specific takes those that exist", () => {
		const policy = { kind: "specific", versions: [7, 8] } as const;
		assert.deepEqual(selectVersions(available, policy, "m"), [7]);
	});

	test("that leave nothing are an error in Triton's words", () => {
		const policy = { kind: "specific", versions: [8] } as const;
		assert.throws(() => selectVersions(available, policy, "m"), {
			...LOAD_FAILED,
			message:
				"at least one version must be available under the version policy of model 'm'",
		});
	});
});

describe("the model's file", () => {
	test("is model.onnx, or a directory of that name with the file in it", async (t) => {
		const model = await modelOf(t, {
			"m/1/model.onnx": "x",
			"m/2/model.onnx/model.onnx": "x",
		});
		assert.equal(
			await findModelFile(model, 1, "model.onnx"),
			join(model.path, "1", "model.onnx"),
		);
		assert.equal(
			await findModelFile(model, 2, "model.onnx"),
			join(model.path, "2", "model.onnx", "model.onnx"),
		);
	});

	test("that is absent is an error which names model, version and file", async (t) => {
		const model = await modelOf(t, { "m/1/": "" });
		await assert.rejects(findModelFile(model, 1, "net.onnx"), {
			...LOAD_FAILED,
			message: /'m' version 1 has no file net\.onnx/,
		});
	});

	test("cannot lead out of the version's directory", async (t) => {
		const model = await modelOf(t, { "m/1/": "", "m/secret": "x" });
		await assert.rejects(findModelFile(model, 1, "../secret"), LOAD_FAILED);
	});
});

describe("labels", () => {
	test("are lines, with or without a last line break, of either kind", async (t) => {
		const model = await modelOf(t, { "m/a": "x\ny\n", "m/b": "x\r\n\r\ny" });
		assert.deepEqual(await readLabels(model, "a"), ["x", "y"]);
		assert.deepEqual(await readLabels(model, "b"), ["x", "", "y"]);
	});

	test("from a file that is absent or outside are an error", async (t) => {
		const model = await modelOf(t, { "m/1/": "", outside: "x" });
		await assert.rejects(readLabels(model, "gone"), LOAD_FAILED);
		await assert.rejects(readLabels(model, "../outside"), LOAD_FAILED);
	});
});

test("a path below a directory may hold dots in names, and nothing that leads out", () => {
	assert.equal(resolveInside("/base", "a/..b"), "/base/a/..b");
	for (const path of ["..", "../x", "a/../../x", "/etc/passwd"])
		assert.throws(() => resolveInside("/base", path), LOAD_FAILED);
});
