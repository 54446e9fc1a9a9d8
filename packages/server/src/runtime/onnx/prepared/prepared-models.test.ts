import assert from "node:assert/strict";
import {
	chmodSync,
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { createOnnxRuntime } from "../onnx-runtime.ts";
import { cachePaths, FILE_MODE } from "./cache-files.ts";
import {
	type OpenPrepared,
	PreparedModels,
	type PreparedModelsOptions,
} from "./prepared-models.ts";
import {
	answerOf,
	DENSE_TENSOR_COUNT,
	writeDenseModel,
} from "./testing/dense-model.ts";

const runtime = createOnnxRuntime({ poolThreads: 4, intraOpThreadCount: 1 });
after(() => {
	assert.equal(runtime.openSessionCount, 0, "sessions that were not closed");
	runtime.close();
});

function setUp(t: TestContext, options: Partial<PreparedModelsOptions> = {}) {
	const root = mkdtempSync(join(tmpdir(), "saccade-prepared-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const folder = join(root, "cache");
	const warnings: string[] = [];
	const create = (more: Partial<PreparedModelsOptions> = {}) => {
		const models = new PreparedModels({
			mode: "on",
			folder,
			maxBytes: 2 ** 30,
			runtime,
			libraryPath: null,
			warn: (text) => warnings.push(text),
			...options,
			...more,
		});
		t.after(() => models.close());
		return models;
	};
	const modelFile = (name: string, lastSeed = 1) => {
		mkdirSync(join(root, name));
		const path = join(root, name, "model.onnx");
		writeDenseModel(path, lastSeed);
		makeOld(path);
		return path;
	};
	const tensors = () => readdirSync(cachePaths(folder).tensors);
	return { root, folder, warnings, create, modelFile, tensors };
}

/** Files of a repository were written some time ago. */
function makeOld(path: string): void {
	const then = new Date(Date.now() - 60_000);
	utimesSync(path, then, then);
}

async function openWith(
	models: PreparedModels,
	path: string,
	more: Partial<OpenPrepared> = {},
) {
	const phases: string[] = [];
	const session = await models.open({
		path,
		bytes: statSync(path).size,
		options: {},
		weights: "mapped",
		phase: (phase) => phases.push(phase),
		...more,
	});
	return { session, phases };
}

/** Nothing is measured, so that no slow moment of the machine changes what is written. */
const UNMEASURED = { weights: "packed", bytes: 2 ** 30 } as const;

/** Opens, asks, closes. */
async function ask(
	models: PreparedModels,
	path: string,
	more: Partial<OpenPrepared> = {},
) {
	const { session, phases } = await openWith(models, path, more);
	const answer = answerOf(session);
	session.close();
	return { answer, phases };
}

async function plainAnswer(path: string): Promise<number[]> {
	const session = await runtime.load({ kind: "file", path }, {});
	const answer = answerOf(session);
	session.close();
	return answer;
}

function assertClose(actual: readonly number[], expected: readonly number[]) {
	assert.equal(actual.length, expected.length);
	for (const [at, value] of actual.entries())
		assert.ok(Math.abs(value - expected[at]!) < 1e-4, `element ${at}`);
}

const mappings = () => readFileSync("/proc/self/maps", "utf8");
const timeout = 120_000;

describe("prepared models", { timeout }, () => {
	test("a model is prepared on first sight, and from then on loaded from the cache with the same answers", async (t) => {
		const { create, modelFile, folder, warnings, tensors } = setUp(t);
		const path = modelFile("m");
		const models = create();
		const expected = await plainAnswer(path);
		const first = await ask(models, path);
		assert.deepEqual(first.phases, ["preparing", "loading"]);
		assertClose(first.answer, expected);
		const { session, phases } = await openWith(models, path);
		assert.deepEqual(phases, ["loading"]);
		assertClose(answerOf(session), expected);
		for (const name of tensors())
			assert.ok(mappings().includes(join(folder, "tensors", name)));
		assert.ok(!mappings().includes(path));
		session.close();
		// Another process that is started later knows it, too.
		assert.deepEqual((await ask(create(), path)).phases, ["loading"]);
		assert.deepEqual(warnings, []);
	});

	test("only the owner may look into the cache, and nobody writes to its files", async (t) => {
		const { create, modelFile, folder } = setUp(t);
		await ask(create(), modelFile("m"));
		const modeOf = (path: string) => statSync(path).mode & 0o777;
		for (const name of readdirSync(folder, { recursive: true }) as string[]) {
			const path = join(folder, name);
			if (name === "lock") continue;
			const expected = statSync(path).isDirectory() ? 0o700 : FILE_MODE;
			assert.equal(modeOf(path), expected, path);
		}
		assert.deepEqual(readdirSync(join(folder, "new")), []);
	});

	test("versions that differ in one layer share the files of the others", async (t) => {
		const { create, modelFile, tensors } = setUp(t);
		const models = create();
		await ask(models, modelFile("1", 1), UNMEASURED);
		assert.equal(tensors().length, DENSE_TENSOR_COUNT);
		await ask(models, modelFile("2", 2), UNMEASURED);
		assert.equal(tensors().length, DENSE_TENSOR_COUNT + 1);
	});

	test("another model in the place of one that is open is prepared anew, and harms nobody who has the old one", async (t) => {
		const { create, modelFile, root } = setUp(t);
		const path = modelFile("m", 1);
		const other = modelFile("other", 2);
		const models = create();
		const [before, after] = [await plainAnswer(path), await plainAnswer(other)];
		const { session } = await openWith(models, path);
		assertClose(answerOf(session), before);
		// As `cp` does: the same file, cut and written again.
		copyFileSync(other, path);
		truncateSync(join(root, "other", "model.onnx"), 10);
		assertClose(answerOf(session), before);
		const next = await ask(models, path);
		assert.deepEqual(next.phases, ["preparing", "loading"]);
		assertClose(next.answer, after);
		session.close();
	});

	test("tensors of a model in files of their own are never mapped where they lie", async (t) => {
		const { create, modelFile, root } = setUp(t);
		const inline = modelFile("inline");
		mkdirSync(join(root, "split"));
		const path = join(root, "split", "model.onnx");
		await runtime.saveOptimized(
			{ kind: "file", path: inline },
			{ graphOptimization: "disabled" },
			{ path, tensorsName: "weights.bin", minTensorBytes: 1024 },
		);
		const weights = join(root, "split", "weights.bin");
		for (const file of [path, weights]) makeOld(file);
		const expected = await plainAnswer(inline);
		for (const mode of ["on", "off"] as const) {
			const { session } = await openWith(create({ mode }), path);
			assert.ok(!mappings().includes(weights), mode);
			assertClose(answerOf(session), expected);
			const content = readFileSync(weights);
			truncateSync(weights, 0);
			assertClose(answerOf(session), expected);
			writeFileSync(weights, content);
			session.close();
		}
	});

	test("a large model that is loaded as it is has its tensors in a file that nobody can cut", async (t) => {
		const { create, modelFile, folder, warnings } = setUp(t);
		const path = modelFile("m");
		const expected = await plainAnswer(path);
		const models = create({ mode: "off" });
		// Nothing is laid out anew, so that tensors stay where they are.
		const { session } = await openWith(models, path, {
			...UNMEASURED,
			options: {
				graphOptimization: "disabled",
				sessionConfig: { "session.disable_prepacking": "1" },
			},
		});
		const { loading } = cachePaths(folder);
		const own = mappings()
			.split("\n")
			.filter((line) => line.includes(loading));
		assert.ok(own.length > 0);
		for (const line of own) assert.match(line, /\(deleted\)$/);
		assert.deepEqual(readdirSync(loading), []);
		truncateSync(path, 0);
		assertClose(answerOf(session), expected);
		session.close();
		assert.deepEqual(warnings, []);
	});

	test("a large model may have some tensors in a file of its own beside those that are taken out", async (t) => {
		const { create, modelFile, root, folder } = setUp(t);
		const inline = modelFile("inline");
		mkdirSync(join(root, "mixed"));
		const path = join(root, "mixed", "model.onnx");
		// One of the layers has so much.
		await runtime.saveOptimized(
			{ kind: "file", path: inline },
			{ graphOptimization: "disabled" },
			{ path, tensorsName: "weights.bin", minTensorBytes: 600 * 1024 },
		);
		assert.ok(statSync(path).size > 2 ** 20);
		assert.ok(statSync(join(root, "mixed", "weights.bin")).size >= 2 ** 20);
		const models = create({ mode: "off" });
		const { answer } = await ask(models, path, UNMEASURED);
		assertClose(answer, await plainAnswer(inline));
		assert.deepEqual(readdirSync(cachePaths(folder).loading), []);
	});

	test("a model that is loaded as it is answers the same whether its tensors are taken out or not", async (t) => {
		const { create, modelFile } = setUp(t);
		const path = modelFile("m");
		const models = create({ mode: "off" });
		const { answer } = await ask(models, path, UNMEASURED);
		assert.deepEqual(answer, await plainAnswer(path));
		// A neighbour may be a tensor's file: the model says that it is not.
		writeFileSync(join(path, "..", "labels.txt"), "");
		assert.deepEqual((await ask(models, path, UNMEASURED)).answer, answer);
	});

	for (const [damage, harm] of [
		["cut", (path: string) => truncateSync(path, 5000)],
		[
			"changed",
			(path: string) => {
				const content = readFileSync(path);
				content[1000]! ^= 0xff;
				writeFileSync(path, content);
			},
		],
		["gone", (path: string) => rmSync(path)],
	] as const)
		test(`a file of the cache that is ${damage} is found, and made again`, async (t) => {
			const { create, modelFile, folder, tensors } = setUp(t);
			const path = modelFile("m");
			const { answer } = await ask(create(), path);
			const [victim = ""] = tensors();
			const file = join(folder, "tensors", victim);
			const bytes = statSync(file).size;
			chmodSync(file, 0o644);
			harm(file);
			const again = await ask(create(), path);
			assert.deepEqual(again.phases, ["preparing", "loading"]);
			assert.deepEqual(again.answer, answer);
			assert.equal(statSync(file).size, bytes);
			assert.deepEqual((await ask(create(), path)).phases, ["loading"]);
		});

	test("damage that keeps inode, size and times shows at the next start of the machine", async (t) => {
		const { create, modelFile, folder, tensors } = setUp(t);
		const path = modelFile("m");
		const { answer } = await ask(create(), path);
		const [victim = ""] = tensors();
		const file = join(folder, "tensors", victim);
		chmodSync(file, 0o644);
		const content = readFileSync(file);
		content[1000]! ^= 0xff;
		writeFileSync(file, content);
		const { verified, sources } = cachePaths(folder);
		// Stamps as they are now, from another start.
		for (const name of readdirSync(verified)) {
			const record = JSON.parse(readFileSync(join(verified, name), "utf8"));
			const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, {
				bigint: true,
			});
			record.stamps[file] = [dev, ino, size, mtimeNs, ctimeNs].join(":");
			record.bootId = "another start";
			chmodSync(join(verified, name), 0o644);
			writeFileSync(join(verified, name), JSON.stringify(record));
		}
		assert.equal(readdirSync(sources).length, 1);
		const again = await ask(create(), path);
		assert.deepEqual(again.phases, ["preparing", "loading"]);
		assert.deepEqual(again.answer, answer);
	});

	test("two servers that see a model at once prepare it once", async (t) => {
		const { create, modelFile, warnings } = setUp(t);
		const path = modelFile("m");
		const prepared = await Promise.all(
			[create(), create()].map((models) =>
				models.prepare({ path, bytes: 0, options: {}, weights: "mapped" }),
			),
		);
		assert.deepEqual(prepared.map(({ isNew }) => isNew).sort(), [false, true]);
		assert.deepEqual(prepared[0]?.manifest, prepared[1]?.manifest);
		assert.deepEqual(warnings, []);
	});

	test("a cache that is read-only is used, and what it lacks is loaded as it is", async (t) => {
		const { create, modelFile, folder, warnings } = setUp(t);
		const known = modelFile("known");
		const { answer } = await ask(create(), known);
		const list = () => readdirSync(folder, { recursive: true }).sort();
		const before = list();
		// An image has the entry, but knows nothing of this machine.
		const { verified, sources } = cachePaths(folder);
		for (const state of [verified, sources])
			for (const name of readdirSync(state)) rmSync(join(state, name));
		const models = create({ mode: "read-only" });
		assert.deepEqual((await ask(models, known)).answer, answer);
		assert.deepEqual((await ask(models, known)).phases, ["loading"]);
		assert.deepEqual(warnings, []);
		const unknown = modelFile("unknown", 2);
		const expected = await plainAnswer(unknown);
		assertClose((await ask(models, unknown)).answer, expected);
		assert.match(warnings.join(), /read-only.*saccade models prepare/);
		assert.equal(list().length, before.length - 2);
	});

	test("where no cache can be made the model is loaded as it is, and the log says why", async (t) => {
		const { root, create, modelFile, warnings } = setUp(t);
		writeFileSync(join(root, "file"), "");
		const path = modelFile("m");
		const models = create({ folder: join(root, "file", "cache") });
		const first = await ask(models, path);
		assert.deepEqual(first.answer, await plainAnswer(path));
		assert.match(warnings.join(), /not loaded from the cache.*ENOTDIR/);
		// And is not tried again at every load.
		assert.deepEqual((await ask(models, path)).phases, ["loading"]);
		assert.equal(warnings.length, 1);
	});

	test("a cache to which others may write is not used", async (t) => {
		const { create, modelFile, folder, warnings } = setUp(t);
		const path = modelFile("m");
		await ask(create(), path);
		chmodSync(folder, 0o770);
		const { answer, phases } = await ask(create(), path);
		assert.deepEqual(phases, ["loading"]);
		assert.deepEqual(answer, await plainAnswer(path));
		assert.match(warnings.join(), /writable by others.*--prepared-dir/);
	});

	test("a model that cannot be loaded fails as it would without a cache", async (t) => {
		const { root, create } = setUp(t);
		mkdirSync(join(root, "bad"));
		const path = join(root, "bad", "model.onnx");
		writeFileSync(path, "no model at all");
		await assert.rejects(openWith(create(), path), {
			code: "LOAD_FAILED",
			message: /model cannot be loaded/,
		});
	});

	test("the cache keeps to its size: what was used longest ago goes, what is open stays", async (t) => {
		const { create, modelFile, folder, tensors } = setUp(t);
		const [a, b, c] = [modelFile("a", 1), modelFile("b", 2), modelFile("c", 3)];
		const models = create();
		await ask(models, a, UNMEASURED);
		const { session: open } = await openWith(models, a, UNMEASURED);
		await ask(models, b, UNMEASURED);
		const { entries } = cachePaths(folder);
		assert.equal(readdirSync(entries).length, 2);
		// Room for the layers that all share, and for the last layers of two.
		const shared = 2 ** 19 + 2 ** 20;
		const small = create({ maxBytes: shared + 2 * 2 ** 19 + 2 ** 16 });
		await ask(small, c, UNMEASURED);
		assert.equal(readdirSync(entries).length, 2);
		assert.equal(tensors().length, 4);
		const phasesOf = async (path: string) =>
			(await ask(create(), path, UNMEASURED)).phases;
		assert.deepEqual(await phasesOf(a), ["loading"]);
		assert.deepEqual(await phasesOf(b), ["preparing", "loading"]);
		open.close();
	});

	test("a model that is larger than the whole cache is loaded as it is", async (t) => {
		const { create, modelFile, warnings } = setUp(t);
		const path = modelFile("m");
		const models = create({ maxBytes: 2 ** 20 });
		assert.deepEqual((await ask(models, path)).answer, await plainAnswer(path));
		assert.match(warnings.join(), /--prepared-max-size/);
	});

	test("small models and those of execution providers are not prepared", async (t) => {
		const { create, modelFile, folder } = setUp(t);
		const path = modelFile("m");
		const models = create();
		const small = await ask(models, path, { weights: "auto" });
		assert.deepEqual(small.phases, ["loading"]);
		const options = { providers: [{ name: "cpu", options: {} }] };
		assert.deepEqual((await ask(models, path, { options })).phases, [
			"loading",
		]);
		assert.throws(() => readdirSync(folder), { code: "ENOENT" });
	});
});
