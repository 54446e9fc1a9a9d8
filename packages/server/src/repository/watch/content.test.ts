import assert from "node:assert/strict";
import {
	appendFileSync,
	chmodSync,
	cpSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { ContentReader } from "./content.ts";
import { whatIsMissing } from "./onnx-completeness.ts";
import { scanModel, scanRepository } from "./scan.ts";

const MODEL = join(
	import.meta.dirname,
	"../../../../../models/repository/simple/1/model.onnx",
);

/** A user without rights. */
const NOBODY = 65_534;

function setUp(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), "saccade-content-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const model = join(root, "m");
	for (const version of ["1", "2"]) {
		mkdirSync(join(model, version), { recursive: true });
		writeFileSync(join(model, version, "model.onnx"), readFileSync(MODEL));
	}
	writeFileSync(join(model, "config.pbtxt"), 'name: "m"');
	const reader = new ContentReader();
	const read = () => {
		const content = reader.read(model);
		assert.ok(content !== null);
		return content;
	};
	return { root, model, read };
}

describe("the content of a model", () => {
	test("is named by version: a version's own files change it alone, shared ones change all", (t) => {
		const { model, read } = setUp(t);
		const before = read();
		assert.deepEqual([...before.digests.keys()], [1, 2]);
		appendFileSync(join(model, "2", "weights.bin"), "more");
		const own = read();
		assert.equal(own.digests.get(1), before.digests.get(1));
		assert.notEqual(own.digests.get(2), before.digests.get(2));
		writeFileSync(join(model, "labels.txt"), "cat\n");
		const shared = read();
		assert.notEqual(shared.digests.get(1), own.digests.get(1));
		assert.notEqual(shared.digests.get(2), own.digests.get(2));
	});

	test("is the same when files are only touched, copied or linked, though it has to be looked at", (t) => {
		const { root, model, read } = setUp(t);
		const before = read();
		utimesSync(join(model, "1", "model.onnx"), 1, 1);
		assert.notEqual(read().signature, before.signature);
		assert.deepEqual(read().digests, before.digests);
		cpSync(model, join(root, "copy"), { recursive: true });
		rmSync(model, { recursive: true });
		symlinkSync("copy", model);
		assert.deepEqual(read().digests, before.digests);
	});

	test("leaves out what copying tools have not finished, and what editors leave behind", (t) => {
		const { model, read } = setUp(t);
		const before = read();
		for (const name of [
			".model.onnx.Xa3f",
			"model.onnx.part",
			"model.onnx.tmp",
			"model.onnx~",
			"README.md",
		])
			writeFileSync(join(model, "1", name), "half");
		assert.equal(read().signature, before.signature);
		assert.deepEqual(read().digests, before.digests);
	});

	test("is not there without a directory, and a file is none", (t) => {
		const { root } = setUp(t);
		writeFileSync(join(root, "file"), "");
		assert.equal(scanModel(join(root, "file")), null);
		assert.equal(scanModel(join(root, "nothing")), null);
		assert.deepEqual(
			scanRepository(root).models.map(({ name }) => name),
			["m"],
		);
	});
});

describe("links", () => {
	test("that go in circles are told, and end nothing", (t) => {
		const { model, read } = setUp(t);
		symlinkSync("b", join(model, "a"));
		symlinkSync("a", join(model, "b"));
		symlinkSync("..", join(model, "1", "up"));
		symlinkSync("nowhere", join(model, "dangling"));
		const { problems, digests } = read();
		assert.deepEqual(problems, [
			"'1/up' is a link to a directory above it",
			"'a' is a loop of links",
			"'b' is a loop of links",
		]);
		assert.equal(digests.size, 2);
	});

	test("are followed, and every directory that holds one on the way is told: a new target shows there", (t) => {
		const { root } = setUp(t);
		// As Kubernetes mounts volumes: model → ..data/model, ..data → a directory with a date.
		mkdirSync(join(root, "volume/..2026_01/m"), { recursive: true });
		renameSync(join(root, "m"), join(root, "volume/..2026_01/m"));
		symlinkSync("..2026_01", join(root, "volume/..data"));
		symlinkSync("..data/m", join(root, "volume/m"));
		const scan = scanModel(join(root, "volume/m"));
		const paths = scan?.directories.map(({ path }) => path.slice(root.length));
		assert.deepEqual(paths?.sort(), [
			"/volume",
			"/volume/..2026_01/m",
			"/volume/..2026_01/m/1",
			"/volume/..2026_01/m/2",
		]);
	});

	test("that lead to other links are followed, too", (t) => {
		const { root, model } = setUp(t);
		renameSync(join(model, "2"), join(root, "release-2"));
		mkdirSync(join(root, "channels"));
		symlinkSync("../release-2", join(root, "channels/current"));
		symlinkSync("../channels/current", join(model, "2"));
		const scan = scanModel(model);
		const paths = scan?.directories.map(({ path }) => path.slice(root.length));
		assert.deepEqual(paths?.sort(), ["/channels", "/m", "/m/1", "/release-2"]);
	});
});

describe("a file that cannot be read", () => {
	test("is told by its name", (t) => {
		const { root, model, read } = setUp(t);
		chmodSync(root, 0o755);
		chmodSync(join(model, "1", "model.onnx"), 0o000);
		chmodSync(join(model, "2"), 0o000);
		const isRoot = process.geteuid?.() === 0;
		// Root may read everything.
		if (isRoot) process.seteuid?.(NOBODY);
		try {
			assert.deepEqual(read().problems, [
				"'2' cannot be read (EACCES)",
				"'1/model.onnx' cannot be read (EACCES)",
			]);
		} finally {
			if (isRoot) process.seteuid?.(0);
			chmodSync(join(model, "2"), 0o755);
		}
	});

	test("is whole only when it is all there, wherever the copy stopped", (t) => {
		const { model } = setUp(t);
		const path = join(model, "1", "model.onnx");
		const whole = readFileSync(path);
		assert.equal(whatIsMissing(path), null);
		for (let size = 0; size < whole.length; size++) {
			writeFileSync(path, whole.subarray(0, size));
			assert.notEqual(whatIsMissing(path), null, `at ${size}`);
		}
		truncateSync(path, 0);
		assert.equal(whatIsMissing(path), "it is empty");
	});

	test("that is no ONNX file is the backend's to judge", (t) => {
		const { model } = setUp(t);
		const path = join(model, "1", "model.onnx");
		writeFileSync(path, "\x07 this is no message");
		assert.equal(whatIsMissing(path), null);
	});
});
