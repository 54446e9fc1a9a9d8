import assert from "node:assert/strict";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { systemClock } from "../common/clock.ts";
import { cpuOnly } from "../devices/testing/cpu-only.ts";
import { ModelLoader } from "../models/model-loader.ts";
import { ModelRegistry } from "../models/model-registry.ts";
import { ModelSwapper } from "../models/swap/swapper.ts";
import { FAKE_MODEL } from "../models/testing/fake-model.ts";
import { namespacedNaming } from "../repository/naming.ts";
import { Inspector } from "../repository/watch/inspector.ts";
import { FakeRuntime } from "../runtime/fake/fake-runtime.ts";
import { DiskRepositoryService } from "./repository-service.ts";

// A directory for temporary files that no other process uses: what stays behind can be counted.
const temporary = mkdtempSync(join(tmpdir(), "saccade-tmp-"));
process.env["TMPDIR"] = temporary;
after(() => rmSync(temporary, { recursive: true }));

const MODEL = JSON.stringify(FAKE_MODEL);
const CONFIG = 'backend: "fake" max_batch_size: 2';

interface Given {
	/** Models by repository. */
	readonly repositories: readonly (readonly string[])[];
	readonly isExplicit?: boolean;
	readonly maxOverrideBytes?: number;
	readonly isNamespaced?: boolean;
	readonly configName?: string;
	/** Looks into files before they are loaded. @default nobody does */
	readonly inspector?: Inspector;
}

function setUp(t: TestContext, given: Given) {
	const root = mkdtempSync(join(tmpdir(), "saccade-repositories-"));
	const repositories = given.repositories.map((models, index) => {
		const repository = join(root, String(index));
		mkdirSync(repository);
		for (const model of models) writeModel(repository, model);
		return repository;
	});
	const registry = new ModelRegistry({
		versionReady: () => {},
		versionGone: () => {},
		loadFailed: () => {},
	});
	const runtime = new FakeRuntime(systemClock);
	const loader = new ModelLoader({
		runtimes: new Map([["fake", runtime]]),
		clock: systemClock,
		autoComplete: true,
		defaultMaxBatchSize: 4,
		devices: cpuOnly(1),
		policy: "deadline",
		warn: () => {},
	});
	const { isExplicit = true, maxOverrideBytes, configName = "" } = given;
	const service = new DiskRepositoryService(
		{
			repositories,
			isExplicit,
			configName,
			...(given.isNamespaced === true && {
				naming: namespacedNaming(repositories),
			}),
			...(maxOverrideBytes !== undefined && { maxOverrideBytes }),
			...(given.inspector && { inspector: given.inspector }),
		},
		registry,
		new ModelSwapper({ registry, loader, clock: systemClock }),
	);
	t.after(async () => {
		await registry.close();
		await service.close();
		assert.equal(runtime.openSessionCount, 0);
		rmSync(root, { recursive: true });
	});
	const load = (
		modelName: string,
		config: string | null = null,
		files: Readonly<Record<string, string>> = {},
	) =>
		service.load({
			modelName,
			config,
			files: new Map(
				Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]),
			),
		});
	return { service, registry, repositories, load };
}

function writeModel(repository: string, name: string): void {
	mkdirSync(join(repository, name, "1"), { recursive: true });
	writeFileSync(join(repository, name, "config.pbtxt"), CONFIG);
	writeFileSync(join(repository, name, "1", "model.json"), MODEL);
}

const failed = (message: RegExp) => ({ code: "LOAD_FAILED", message });

describe("control mode explicit", () => {
	test("loads what is asked for, from any of several repositories", async (t) => {
		const { service, load } = setUp(t, { repositories: [["a"], ["b", "c"]] });
		await service.refresh();
		assert.deepEqual(service.index(false), [
			{ name: "a" },
			{ name: "b" },
			{ name: "c" },
		]);
		await load("b");
		const ready = { name: "b", version: "1", state: "READY", reason: "" };
		assert.deepEqual(service.index(false), [
			{ name: "a" },
			ready,
			{ name: "c" },
		]);
		assert.deepEqual(service.index(true), [ready]);
	});

	test("finds models that came after the start", async (t) => {
		const { service, repositories, load } = setUp(t, { repositories: [[]] });
		await service.refresh();
		await assert.rejects(load("late"), failed(/^failed to load 'late', /));
		writeModel(repositories[0] ?? "", "late");
		await load("late");
		assert.equal(service.index(true).length, 1);
	});

	test("unloads, and shows it", async (t) => {
		const { service, load } = setUp(t, { repositories: [["a", "b"]] });
		await load("a");
		await service.unload("a", false);
		await new Promise(setImmediate);
		assert.deepEqual(service.index(false)[0], {
			name: "a",
			version: "1",
			state: "UNAVAILABLE",
			reason: "unloaded",
		});
		await service.unload("b", false);
		await assert.rejects(service.unload("x", false), {
			code: "INVALID_ARGUMENT",
			message: /'x'.*not in the model repository/,
		});
	});

	test("serves a model of the same name in two repositories from neither", async (t) => {
		const { service, load } = setUp(t, { repositories: [["a", "b"], ["a"]] });
		await assert.rejects(
			load("a"),
			failed(/^failed to load 'a', it is in 2 repositories .*keep one$/),
		);
		assert.deepEqual(service.index(true), []);
		assert.match(service.index(false)[0]?.reason ?? "", /2 repositories/);
		await load("b");
	});

	test("never looks outside its repositories", async (t) => {
		const { load } = setUp(t, { repositories: [["a"]] });
		for (const name of ["../0/a", "..", ".", "", "a\0"])
			await assert.rejects(load(name), failed(/^failed to load /));
	});
});

describe("with namespaces", () => {
	const twice = { repositories: [["a", "b"], ["a"]], isNamespaced: true };

	test("models of one name serve side by side, and a short name is that of the only one", async (t) => {
		const { service, registry, load } = setUp(t, twice);
		await service.refresh();
		assert.deepEqual(
			service.index(false).map(({ name }) => name),
			["0::a", "0::b", "1::a"],
		);
		await load("0::a");
		await load("1::a");
		await load("b");
		const names = service.index(true).map(({ name }) => name);
		assert.deepEqual(names, ["0::a", "0::b", "1::a"]);
		assert.notEqual(registry.resolve("0::a", ""), registry.resolve("1::a", ""));
		assert.equal(registry.resolve("b", ""), registry.resolve("0::b", ""));
		assert.equal(registry.resolve("0::a", "").config.name, "0::a");
		await service.unload("b", false);
		assert.equal(service.index(true).length, 2);
	});

	test("a short name of several says which there are, to whoever asks, loads or unloads", async (t) => {
		const { service, registry, load } = setUp(t, twice);
		const text =
			/There are 2 identifiers of model 'a' in global map.*'0::a' or '1::a'/;
		await assert.rejects(load("a"), failed(text));
		await assert.rejects(service.unload("a", false), { message: text });
		await load("0::a");
		assert.equal(registry.resolve("a", "").config.name, "0::a");
		await load("1::a");
		const ambiguous = { code: "INVALID_ARGUMENT", message: text };
		for (const ask of [
			() => registry.resolve("a", ""),
			() => registry.route("a", "", null),
			() => registry.versionsOf("a"),
		])
			assert.throws(ask, ambiguous);
		await assert.rejects(service.unload("a", false), ambiguous);
	});

	test("a repository that is none, and a name that leads out of it, have no model", async (t) => {
		const { load } = setUp(t, twice);
		for (const name of ["2::a", "0::../1/a", "::a", "0::"])
			await assert.rejects(load(name), failed(/^failed to load/));
	});

	test("a configuration may name the model as its directory, and as the server does", async (t) => {
		const { registry, repositories, load } = setUp(t, twice);
		const file = join(repositories[1] ?? "", "a", "config.pbtxt");
		for (const name of ["a", "1::a"]) {
			writeFileSync(file, `name: "${name}" ${CONFIG}`);
			await load("1::a");
			assert.equal(registry.resolve("1::a", "").config.name, "1::a");
		}
		writeFileSync(file, `name: "0::a" ${CONFIG}`);
		await assert.rejects(load("1::a"), failed(/names the model '0::a'/));
	});

	test("files of a request may stand for a model of a repository", async (t) => {
		const { registry, load } = setUp(t, twice);
		await load("1::a", '{"backend":"fake","max_batch_size":"7"}', {
			"5/model.json": MODEL,
		});
		assert.equal(registry.resolve("1::a", "").version, 5);
	});
});

test("a configuration of the name that the server was started for stands in place of the usual one", async (t) => {
	const { registry, repositories, load } = setUp(t, {
		repositories: [["a", "b"]],
		configName: "edge",
	});
	const folder = join(repositories[0] ?? "", "a", "configs");
	mkdirSync(folder);
	writeFileSync(
		join(folder, "edge.pbtxt"),
		'backend: "fake" max_batch_size: 5',
	);
	await load("a");
	await load("b");
	const sizes = ["a", "b"].map(
		(name) => registry.resolve(name, "").config.maxBatchSize,
	);
	assert.deepEqual(sizes, [5, 2]);
});

describe("an override", () => {
	const JSON_CONFIG = '{"backend":"fake","max_batch_size":"7"}';

	test("of the configuration stands instead of the file, until the next load", async (t) => {
		const { registry, load } = setUp(t, { repositories: [["a"]] });
		const size = () => registry.resolve("a", "").config.maxBatchSize;
		await load("a", JSON_CONFIG);
		assert.equal(size(), 7);
		await load("a");
		assert.equal(size(), 2);
	});

	test("that is broken leaves what served in service", async (t) => {
		const { registry, load } = setUp(t, { repositories: [["a"]] });
		await load("a");
		const before = registry.resolve("a", "");
		for (const config of ["{", '{"max_batchsize":1}', '{"name":"other"}'])
			await assert.rejects(load("a", config), failed(/^failed to load 'a'/));
		assert.equal(registry.resolve("a", ""), before);
	});

	test("of files needs a configuration, lives beside the repository and goes with the model", async (t) => {
		const { service, registry, load } = setUp(t, { repositories: [[]] });
		await assert.rejects(
			load("new", null, { "1/model.json": MODEL }),
			failed(
				/Load parameter 'config' must be specified for model file override/,
			),
		);
		await load("new", JSON_CONFIG, { "3/model.json": MODEL });
		assert.equal(registry.resolve("new", "").version, 3);
		assert.equal(service.index(false).length, 1);
		const [made = "", ...others] = overrideDirectories();
		assert.equal(existsSync(join(temporary, made)), true);
		assert.equal(others.length, 0);
		await service.unload("new", false);
		assert.equal(existsSync(join(temporary, made)), false);
	});

	test("of files that lead elsewhere, or have no version, or are too large, is refused and leaves nothing", async (t) => {
		const { load, service } = setUp(t, {
			repositories: [[]],
			maxOverrideBytes: 100,
		});
		for (const [path, text, message] of [
			["1/../../../evil", "x", /./],
			["/etc/evil", "x", /'\/etc\/evil' is no file of a version/],
			["model.json", "x", /use '<version>\/<path>'/],
			[`1/${"x".repeat(256)}`, "x", /is no file of a version/],
			["1/model.json", "x".repeat(101), /101 bytes, the limit is 100/],
		] as const)
			await assert.rejects(
				load("n", JSON_CONFIG, { [path]: text }),
				failed(message),
			);
		await service.close();
		assert.deepEqual(overrideDirectories(), []);
	});
});

function overrideDirectories(): string[] {
	return readdirSync(temporary).filter((name) =>
		name.startsWith("saccade-override-"),
	);
}

test("control mode none loads at start, and refuses to load and unload over the API", async (t) => {
	const { service, load } = setUp(t, {
		repositories: [["a"]],
		isExplicit: false,
	});
	assert.deepEqual(await service.refresh(), ["a"]);
	await service.loadFromDisk("a");
	assert.equal(service.index(true).length, 1);
	const refusal = {
		code: "UNAVAILABLE",
		message: /^explicit model load \/ unload is not allowed/,
	};
	await assert.rejects(load("a"), refusal);
	await assert.rejects(service.unload("a", false), refusal);
});

test("a repository that cannot be read is told by its path", async (t) => {
	const { service, repositories } = setUp(t, { repositories: [["a"]] });
	rmSync(repositories[0] ?? "", { recursive: true });
	await assert.rejects(service.refresh(), failed(/--model-repository/));
	mkdirSync(repositories[0] ?? "");
});

describe("files that are followed", () => {
	/** A user without rights. */
	const NOBODY = 65_534;

	async function setUpFollowed(t: TestContext) {
		const inspector = new Inspector();
		t.after(() => inspector.close());
		const made = setUp(t, { repositories: [["a"]], inspector });
		const { service, registry, repositories } = made;
		await service.refresh();
		await service.loadFromDisk("a");
		const [repository = ""] = repositories;
		const file = join(repository, "a", "1", "model.json");
		const served = () => registry.resolve("a", "");
		return { ...made, file, repository, served };
	}

	test("are not loaded again while their content is the same", async (t) => {
		const { service, file, served } = await setUpFollowed(t);
		const first = served();
		assert.match(first.digest ?? "", /^sha256:[0-9a-f]{64}$/);
		const signature = service.readSignature("a");
		writeFileSync(file, MODEL);
		await service.reload("a", "touched", "watch");
		assert.equal(served(), first);
		assert.notEqual(service.readSignature("a"), signature);
		writeFileSync(file, `${MODEL} `);
		await service.reload("a", "changed", "watch");
		assert.notEqual(served(), first);
		assert.notEqual(served().digest, first.digest);
	});

	test("that may not be read any more leave what serves in service, and are tried when they change", async (t) => {
		const { service, repository, file, served } = await setUpFollowed(t);
		const first = served();
		writeFileSync(file, `${MODEL} `);
		for (const path of [dirname(repository), repository, temporary])
			chmodSync(path, 0o755);
		chmodSync(file, 0o000);
		const isRoot = process.geteuid?.() === 0;
		// Root may read everything.
		if (isRoot) process.seteuid?.(NOBODY);
		try {
			await assert.rejects(
				service.reload("a", "unreadable", "watch"),
				failed(/'1\/model\.json' cannot be read \(EACCES\)/),
			);
		} finally {
			if (isRoot) process.seteuid?.(0);
			chmodSync(file, 0o644);
		}
		assert.equal(served(), first);
		const [entry] = service.index(true);
		assert.match(entry?.reason ?? "", /serves on; .* EACCES|EACCES/);
		await service.reload("a", "readable", "watch");
		assert.notEqual(served(), first);
		assert.equal(service.index(true)[0]?.reason, "");
	});

	test("that are gone take the model with them", async (t) => {
		const { service, registry, repository } = await setUpFollowed(t);
		rmSync(join(repository, "a"), { recursive: true });
		await service.remove("a", "watch");
		assert.throws(() => registry.resolve("a", ""), { code: "NOT_FOUND" });
		assert.equal(service.readSignature("a"), null);
	});
});
