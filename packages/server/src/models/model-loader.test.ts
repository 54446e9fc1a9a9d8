import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "../common/clock.ts";
import { cpuOnly } from "../devices/testing/cpu-only.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import { readModelDirectory } from "../repository/model-directory.ts";
import { FakeRuntime } from "../runtime/fake/fake-runtime.ts";
import type { LoadOptions, ModelSource } from "../runtime/runtime.ts";
import { ModelEntry } from "./entry.ts";
import type {
	LoadRequest,
	ModelLoaderOptions,
} from "./loading/load-request.ts";
import { ModelLoader } from "./model-loader.ts";
import type { ModelVersion } from "./model-version.ts";
import { FAKE_MODEL } from "./testing/fake-model.ts";

/** Remembers how it was asked to load. */
class WatchedRuntime extends FakeRuntime {
	readonly loads: LoadOptions[] = [];

	override load(source: ModelSource, options: LoadOptions) {
		this.loads.push(options);
		return super.load(source, options);
	}
}

const MODEL = JSON.stringify(FAKE_MODEL);
const BACKEND = 'backend: "fake"\n';

async function setUp(
	t: TestContext,
	files: Readonly<Record<string, string>>,
	coreCount = 4,
	hooks: Pick<ModelLoaderOptions, "open" | "admit"> = {},
) {
	const root = mkdtempSync(join(tmpdir(), "saccade-loader-"));
	t.after(() => rmSync(root, { recursive: true }));
	for (const [name, content] of Object.entries(files)) {
		mkdirSync(dirname(join(root, "m", name)), { recursive: true });
		writeFileSync(join(root, "m", name), content);
	}
	const runtime = new WatchedRuntime(systemClock);
	const warnings: string[] = [];
	const loader = new ModelLoader({
		runtimes: new Map([["fake", runtime]]),
		clock: systemClock,
		autoComplete: true,
		defaultMaxBatchSize: 4,
		devices: cpuOnly(coreCount),
		policy: "deadline",
		warn: (text) => warnings.push(text),
		...hooks,
	});
	const directory = await readModelDirectory(root, "m");
	assert.ok(directory !== null);
	const load = async (
		override: string | null = null,
		hooks: Pick<LoadRequest, "phase" | "validate" | "successorOf"> = {},
	) => {
		const begun: number[][] = [];
		const loaded = await loader.load({
			directory,
			overrideJson: override,
			begun: (versions) => begun.push([...versions]),
			...hooks,
		});
		const models: ModelVersion[] = [];
		const errors: string[] = [];
		for (const entry of loaded)
			if (entry.ok) models.push(entry.model);
			else errors.push(`${entry.version}: ${entry.error.message}`);
		t.after(() => Promise.all(models.map((model) => model.unload())));
		return { begun, models, errors };
	};
	return { load, runtime, warnings };
}

const loadFailed = (message: RegExp) => ({ code: "LOAD_FAILED", message });

describe("loading a model", () => {
	test("tells the phases of each version, those of who opens it among them", async (t) => {
		const { load } = await setUp(
			t,
			{
				"config.pbtxt": `${BACKEND} version_policy { all { } }`,
				"1/model.json": MODEL,
				"2/model.json": MODEL,
			},
			4,
			{
				open: ({ runtime, files, options, phase }) => {
					phase("preparing");
					return runtime.load({ kind: "file", path: files.path }, options);
				},
			},
		);
		const phases: string[] = [];
		await load(null, {
			phase: (phase, version) => phases.push(`${version} ${phase}`),
		});
		const each = ["loading", "preparing", "validating", "warming"];
		assert.deepEqual(
			phases,
			[1, 2].flatMap((version) => each.map((phase) => `${version} ${phase}`)),
		);
	});

	test("opens no file of a version that is not admitted, and warms none whose configuration is refused", async (t) => {
		const refuse = new SaccadeError("LOAD_FAILED", "not this one");
		const files = { "config.pbtxt": BACKEND, "1/model.json": MODEL };
		const asked: string[] = [];
		const guarded = await setUp(t, files, 4, {
			admit: async ({ model, version, path, bytes }) => {
				asked.push(`${model} ${version} ${basename(path)} ${bytes}`);
				throw refuse;
			},
		});
		assert.deepEqual((await guarded.load()).errors, ["1: not this one"]);
		assert.deepEqual(asked, [`m 1 model.json ${MODEL.length}`]);
		assert.deepEqual(guarded.runtime.loads, []);
		const checked = await setUp(t, files);
		const phases: string[] = [];
		const { errors } = await checked.load(null, {
			phase: (phase) => phases.push(phase),
			validate: () => {
				throw refuse;
			},
		});
		assert.deepEqual(errors, ["1: not this one"]);
		assert.deepEqual(phases, ["loading", "validating"]);
		assert.equal(checked.runtime.openSessionCount, 0);
	});

	test("opens and reads the files that it was told to in place of those on disk, and lets go of them", async (t) => {
		const elsewhere = mkdtempSync(join(tmpdir(), "saccade-admitted-"));
		t.after(() => rmSync(elsewhere, { recursive: true }));
		const copy = join(elsewhere, "model.json");
		writeFileSync(copy, MODEL);
		const asked: unknown[] = [];
		let releaseCount = 0;
		const { load } = await setUp(
			t,
			{ "config.pbtxt": BACKEND, "1/model.json": "not the one to load" },
			4,
			{
				admit: async ({ configTexts, isOverridden }) => {
					asked.push([configTexts, isOverridden]);
					return {
						directory: elsewhere,
						path: copy,
						bytes: MODEL.length,
						release: async () => {
							releaseCount++;
						},
					};
				},
			},
		);
		const { models } = await load();
		assert.equal(models.length, 1);
		assert.equal(releaseCount, 1);
		await load('{"backend":"fake","max_batch_size":"no"}').catch(() => {});
		await load('{"backend":"fake"}');
		assert.deepEqual(asked, [
			[[BACKEND], false],
			[[], true],
		]);
		assert.equal(releaseCount, 2);
	});

	test("gives each version what its own configuration says, unless a request's stands for both", async (t) => {
		const { load } = await setUp(t, {
			"config.pbtxt": `${BACKEND} max_batch_size: 8 version_policy { all { } }`,
			"1/model.json": MODEL,
			"2/model.json": MODEL,
			"2/config.pbtxt": "max_batch_size: 4",
		});
		const sizes = (models: readonly ModelVersion[]) =>
			models.map(({ config }) => config.maxBatchSize);
		assert.deepEqual(sizes((await load()).models), [8, 4]);
		const override = '{"backend":"fake","max_batch_size":2}';
		assert.deepEqual(sizes((await load(override)).models), [2]);
	});

	test("refuses a version whose own configuration is wrong, and says whose", async (t) => {
		const { load } = await setUp(t, {
			"config.pbtxt": `${BACKEND} version_policy { all { } }`,
			"1/model.json": MODEL,
			"2/model.json": MODEL,
			"2/config.pbtxt": "max_batch_size: many",
		});
		const { models, errors } = await load();
		assert.equal(models.length, 1);
		assert.match(errors.join(), /^2: .*model 'm' version 2/);
	});

	test("brings every version that its policy serves to ready, and tells them first", async (t) => {
		const { load } = await setUp(t, {
			"config.pbtxt": `${BACKEND} version_policy { specific { versions: [ 1, 3 ] } }`,
			"1/model.json": MODEL,
			"2/model.json": MODEL,
			"3/model.json": MODEL,
		});
		const { models, begun } = await load();
		assert.deepEqual(begun, [[1, 3]]);
		assert.deepEqual(
			models.map(({ version, state }) => [version, state.kind]),
			[
				[1, "ready"],
				[3, "ready"],
			],
		);
	});

	test("reports a version that fails beside those that do not, and frees it", async (t) => {
		const { load, runtime } = await setUp(t, {
			"config.pbtxt": `${BACKEND} version_policy { all { } }`,
			"1/model.json": MODEL,
			"2/model.json": "{",
			"3/other": "",
		});
		const { models, errors } = await load();
		assert.equal(models.length, 1);
		assert.deepEqual(errors, [
			"2: a fake model is a JSON file",
			"3: model 'm' version 3 has no file model.json; put it in the version's directory, or name it in default_model_filename",
		]);
		assert.equal(runtime.openSessionCount, 1);
	});

	for (const [what, config, message] of [
		[
			"labels that are not there",
			`${BACKEND} output { name: "output" data_type: TYPE_FP32 dims: 1 label_filename: "gone.txt" } max_batch_size: 2`,
			/gone\.txt/,
		],
		[
			"a warm-up that fails",
			`${BACKEND} max_batch_size: 2 model_warmup { name: "w" batch_size: 1 }`,
			/no input 'input'/,
		],
		[
			"a configuration that contradicts the file",
			`${BACKEND} max_batch_size: 2 input { name: "input" data_type: TYPE_INT8 dims: 1 }`,
			/TYPE_INT8/,
		],
	] as const)
		test(`with ${what} fails and frees the session`, async (t) => {
			const { load, runtime } = await setUp(t, {
				"config.pbtxt": config,
				"1/model.json": MODEL,
			});
			const { errors } = await load();
			assert.match(errors.join(), message);
			assert.equal(runtime.openSessionCount, 0);
		});

	test("with a provider that the runtime lacks says which one", async (t) => {
		const { load } = await setUp(t, {
			"config.pbtxt": `${BACKEND} optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }`,
			"1/model.json": MODEL,
		});
		const { errors } = await load();
		assert.match(errors.join(), /no provider 'openvino'/);
	});

	test("fails as a whole for a configuration that cannot be read or is another's", async (t) => {
		for (const [config, message] of [
			["input {", /the configuration of model 'm'/],
			[`${BACKEND} name: "n"`, /names the model 'n'/],
			['backend: "tensorflow"', /backend 'tensorflow'/],
			[
				`${BACKEND} version_policy { specific { versions: 7 } }`,
				/at least one version/,
			],
			[
				`${BACKEND} parameters { key: "saccade.lane" value { string_value: "1" } }`,
				/'saccade\.lane'/,
			],
		] as const) {
			const { load } = await setUp(t, {
				"config.pbtxt": config,
				"1/model.json": MODEL,
			});
			await assert.rejects(load(), loadFailed(message));
		}
	});

	test("takes an override instead of the file, not beside it", async (t) => {
		const { load } = await setUp(t, {
			"config.pbtxt": `${BACKEND} max_batch_size: 2`,
			"1/model.json": MODEL,
		});
		const { models } = await load('{"backend":"fake","max_batch_size":"16"}');
		assert.equal(models[0]?.config.maxBatchSize, 16);
	});
});

test("warns once of what has no effect, what is unknown and what is passed over", async (t) => {
	const { load, warnings } = await setUp(t, {
		"config.pbtxt": `${BACKEND} respond_cache { } metric_tags { key: "a" value: "b" }`,
		"1/model.json": MODEL,
		"01/model.json": MODEL,
	});
	await load();
	assert.deepEqual(warnings, [
		"version directory '01' of model 'm' is ignored: leading zeros are not allowed",
		"the configuration of model 'm' has fields that are not known: respond_cache (line 2)",
		"model 'm': no effect in this version: metric_tags",
	]);
});

describe("lanes and threads", () => {
	const slow = JSON.stringify({ ...FAKE_MODEL, curveMs: { 1: 30 } });
	const OFFLOAD =
		'parameters { key: "saccade.run_mode" value { string_value: "offload" } }';

	/** How many of many requests are under way at once. */
	async function lanesOf(model: ModelVersion): Promise<number> {
		const answers: Promise<void>[] = [];
		for (let i = 0; i < 40; i++)
			answers.push(
				new Promise((resolve) =>
					model.submit(
						new ModelEntry(
							1,
							{
								deadlineUs: Number.POSITIVE_INFINITY,
								priority: 0,
								timeoutUs: 0,
								receivedUs: systemClock.nowUs(),
								lease: null,
							},
							"",
							[[1, 1]],
							[new Uint8Array(4)],
							{ completed: () => resolve(), failed: () => resolve() },
						),
					),
				),
			);
		await nextTurn();
		const { runningBatches } = model.queueStats();
		await Promise.all(answers);
		return runningBatches;
	}

	test("a version takes over those of the one in service, and tries none, unless it is batched and that one was not", async (t) => {
		const batched = "max_batch_size: 8 dynamic_batching { }";
		const { load, runtime } = await setUp(t, {
			"config.pbtxt": `${BACKEND} ${batched}`,
			"1/model.json": MODEL,
		});
		const asked = ({ intraOpThreadCount }: LoadOptions) => intraOpThreadCount;
		const { models } = await load();
		const [old] = models;
		assert.ok(old !== undefined);
		const tried = runtime.loads.splice(0).map(asked);
		await load(null, { successorOf: old });
		assert.deepEqual(runtime.loads.splice(0).map(asked), [tried.at(-1)]);
		await load('{"backend":"fake","max_batch_size":8}', { successorOf: old });
		const unlike = runtime.loads.splice(0).map(asked);
		await load('{"backend":"fake","max_batch_size":8}');
		assert.deepEqual(unlike, runtime.loads.map(asked));
	});

	test("a model whose batches pay has one lane of all cores, and lanes side by side for when work never ends", async (t) => {
		const { load, runtime } = await setUp(t, {
			"config.pbtxt": `${BACKEND} ${OFFLOAD} max_batch_size: 8 dynamic_batching { }`,
			"1/model.json": JSON.stringify({
				...FAKE_MODEL,
				curveMs: { 1: 5, 8: 6 },
			}),
		});
		const [model] = (await load()).models;
		assert.ok(model !== undefined);
		assert.equal(runtime.openSessionCount, 2);
		const threads = runtime.loads.splice(0);
		assert.deepEqual(
			threads.map(({ intraOpThreadCount }) => intraOpThreadCount),
			[2, 4],
		);
		assert.equal(await lanesOf(model), 1);
		await load(null, { successorOf: model });
		assert.equal(runtime.openSessionCount, 4);
		// Both are unloaded by then.
		t.after(() => assert.equal(runtime.openSessionCount, 0));
	});

	for (const [what, config, lanes, threads] of [
		["a model that is not batched shares four cores among two lanes", "", 2, 2],
		[
			"a batched one whose shapes tell nothing gets one lane of all cores",
			"max_batch_size: 1 dynamic_batching { }",
			1,
			4,
		],
		[
			"instances of all groups are lanes",
			"instance_group [ { count: 2 }, { count: 3 } ]",
			5,
			1,
		],
		[
			"saccade.lanes stands above the groups",
			'instance_group { count: 2 } parameters { key: "saccade.lanes" value { string_value: "3" } }',
			3,
			1,
		],
		["lanes divide the cores", "instance_group { count: 2 }", 2, 2],
		[
			"threads are as the configuration says, and lanes fill the cores",
			'parameters { key: "intra_op_thread_count" value { string_value: "1" } }',
			4,
			1,
		],
	] as const)
		test(`${what}, and share one session`, async (t) => {
			const { load, runtime } = await setUp(t, {
				"config.pbtxt": `${BACKEND} ${OFFLOAD} ${config}`,
				"1/model.json": slow,
			});
			const { models } = await load();
			const [model] = models;
			assert.ok(model !== undefined);
			assert.equal(await lanesOf(model), lanes);
			assert.equal(runtime.openSessionCount, 1);
			assert.equal(runtime.loads.at(-1)?.intraOpThreadCount, threads);
		});
});
