import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { systemClock } from "../../common/clock.ts";
import { cpuOnly } from "../../devices/testing/cpu-only.ts";
import { readModelDirectory } from "../../repository/model-directory.ts";
import { FakeRuntime } from "../../runtime/fake/fake-runtime.ts";
import type { Session } from "../../runtime/runtime.ts";
import { type EntryReply, ModelEntry } from "../entry.ts";
import { ModelLoader } from "../model-loader.ts";
import { ModelRegistry } from "../model-registry.ts";
import type { ModelVersion } from "../model-version.ts";
import type { SwapEvent, SwapOutcome } from "../swap-events.ts";
import { FAKE_MODEL } from "../testing/fake-model.ts";
import type { FoundContent } from "./swap-run.ts";
import { ModelSwapper } from "./swapper.ts";

const CONFIG = 'backend: "fake" max_batch_size: 4';

interface Given {
	/** `config.pbtxt`. @default batches of up to 4 */
	readonly config?: string;
	/** Settings of the model, by key without `saccade.` */
	readonly settings?: Readonly<Record<string, string>>;
}

/** A model `m` in a repository of its own; each version doubles one number a row unless told otherwise. */
function setUp(t: TestContext, given: Given = {}) {
	const root = mkdtempSync(join(tmpdir(), "saccade-swapper-"));
	const log: string[] = [];
	const registry = new ModelRegistry({
		versionReady: ({ version }) => log.push(`ready ${version}`),
		versionGone: ({ version }) => log.push(`gone ${version}`),
		loadFailed: () => {},
	});
	const runtime = new FakeRuntime(systemClock);
	/** By session, the oldest first. */
	const runCounts: number[] = [];
	const loader = new ModelLoader({
		onDevice: (session) => withRunsCounted(session, runCounts),
		runtimes: new Map([["fake", runtime]]),
		clock: systemClock,
		autoComplete: true,
		defaultMaxBatchSize: 4,
		devices: cpuOnly(1),
		policy: "deadline",
		warn: () => {},
	});
	const swapper = new ModelSwapper({ registry, loader, clock: systemClock });
	const events: SwapEvent[] = [];
	swapper.subscribe((event) => events.push(event));
	t.after(async () => {
		await registry.close();
		assert.equal(runtime.openSessionCount, 0);
		rmSync(root, { recursive: true });
	});
	const write = (name: string, text: string) => {
		mkdirSync(dirname(join(root, "m", name)), { recursive: true });
		writeFileSync(join(root, "m", name), text);
	};
	// Runs of the fake are timers: on a busy machine one may take several times as long as another.
	const settings = { "swap.max_slowdown": "0", ...given.settings };
	const parameters = Object.entries(settings).map(
		([key, value]) =>
			`parameters { key: "saccade.${key}" value { string_value: "${value}" } }`,
	);
	write("config.pbtxt", [given.config ?? CONFIG, ...parameters].join("\n"));
	const addVersion = (version: number, changes: object = {}) =>
		write(
			`${version}/model.json`,
			JSON.stringify({ ...FAKE_MODEL, ...changes }),
		);
	/** What the last swap came to. */
	const swap = async (content: FoundContent | null = null) => {
		const find = async () => {
			const directory = await readModelDirectory(root, "m");
			assert.ok(directory !== null);
			return { directory, content };
		};
		await swapper.swap({ model: "m", cause: "watch", find }).catch(() => {});
		return outcomeOf(events);
	};
	const serving = () => registry.records("m")?.serving ?? [];
	const infer = (value: number, key?: string) =>
		inferWith(
			registry.route(
				"m",
				"",
				key === undefined ? null : { id: key, start: false, end: false },
			),
			value,
		);
	return {
		registry,
		swapper,
		events,
		log,
		runCounts,
		write,
		addVersion,
		swap,
		serving,
		infer,
	};
}

function withRunsCounted(session: Session, counts: number[]): Session {
	const at = counts.push(0) - 1;
	const { inputs, outputs } = session;
	return {
		inputs,
		outputs,
		bind: (request) => {
			const binding = session.bind(request);
			const run = binding.run.bind(binding);
			binding.run = (mode, done) => {
				counts[at]!++;
				run(mode, done);
			};
			return binding;
		},
		close: () => session.close(),
	};
}

function outcomeOf(events: readonly SwapEvent[]): SwapOutcome {
	const ended = events.findLast(({ kind }) => kind === "ended");
	assert.ok(ended?.kind === "ended");
	return ended.outcome;
}

function failureOf(outcome: SwapOutcome) {
	assert.ok(outcome.kind === "failed", `it ${outcome.kind}`);
	return outcome.failure;
}

/** The answer, or the code of the error, and who gave it. */
function inferWith(model: ModelVersion, value: number): Promise<string> {
	return new Promise((resolve) => {
		const reply: EntryReply = {
			completed: (_entry, outputs) =>
				resolve(
					`${model.version}: ${new Float32Array(outputs.data(0).slice().buffer)[0]}`,
				),
			failed: (_entry, { code }) => resolve(`${model.version}: ${code}`),
		};
		const data = new Uint8Array(Float32Array.of(value).buffer);
		const request = {
			deadlineUs: Number.POSITIVE_INFINITY,
			priority: 0,
			timeoutUs: 0,
			receivedUs: systemClock.nowUs(),
			lease: null,
		};
		model.submit(new ModelEntry(1, request, "", [[1, 1]], [data], reply));
	});
}

/** Sends one request after another until the promise is settled. */
async function underLoad<T>(
	infer: (value: number) => Promise<string>,
	until: Promise<T>,
): Promise<{ readonly result: T; readonly answers: readonly string[] }> {
	const answers: string[] = [];
	let isOver = false;
	const over = until.finally(() => {
		isOver = true;
	});
	for (let value = 0; !isOver; value++) {
		answers.push(await infer(value));
		await new Promise(setImmediate);
	}
	return { result: await over, answers };
}

const KEEP_SAMPLES = { "shadow.samples": "4" };

describe("a swap", () => {
	test("loads the new version beside the old one, switches, and frees the old one, in events", async (t) => {
		const { addVersion, swap, events, serving, log } = setUp(t);
		addVersion(1);
		await swap();
		events.length = 0;
		addVersion(2);
		const outcome = await swap();
		assert.ok(outcome.kind === "switched");
		assert.deepEqual(
			serving().map(({ version }) => version),
			[2],
		);
		await new Promise(setImmediate);
		assert.deepEqual(
			events.map((event) =>
				event.kind === "phase" ? event.phase : event.kind,
			),
			[
				"begun",
				"waiting",
				"loading",
				"loading",
				"validating",
				"warming",
				"switching",
				"ended",
				"released",
			],
		);
		assert.deepEqual(log, ["ready 1", "ready 2", "gone 1"]);
		const [begun] = events;
		assert.deepEqual(begun?.swap.from, [{ version: 1, digest: null }]);
		assert.deepEqual(outcome.to, [{ version: 2, digest: null }]);
		const times = events.map(({ atUs }) => atUs);
		assert.deepEqual(
			times,
			[...times].sort((a, b) => a - b),
		);
	});

	test("answers every request meanwhile, each from one version", async (t) => {
		const { addVersion, swap, infer } = setUp(t);
		addVersion(1);
		await swap();
		addVersion(2, { compute: "identity" });
		const { answers } = await underLoad(infer, swap());
		const expected = answers.map((answer, value) =>
			answer.startsWith("1: ") ? `1: ${2 * value}` : `2: ${value}`,
		);
		assert.deepEqual(answers, expected);
		assert.equal(await infer(7), "2: 7");
	});

	test("leaves alone what serves under the same digest, and does nothing when that is all", async (t) => {
		const content = (...digests: (readonly [number, string])[]) => ({
			digests: new Map(digests),
			isUnchanged: async () => true,
		});
		const all = `${CONFIG} version_policy { all { } }`;
		const { addVersion, swap, serving, log } = setUp(t, { config: all });
		addVersion(1);
		await swap(content([1, "sha256:a"]));
		const [kept] = serving();
		assert.equal((await swap(content([1, "sha256:a"]))).kind, "unchanged");
		addVersion(2);
		const added = await swap(content([1, "sha256:a"], [2, "sha256:b"]));
		assert.equal(added.kind, "switched");
		assert.equal(serving()[0], kept);
		assert.equal(
			(await swap(content([1, "sha256:c"], [2, "sha256:b"]))).kind,
			"switched",
		);
		assert.notEqual(serving()[0], kept);
		assert.deepEqual(log, ["ready 1", "ready 2", "ready 1", "gone 1"]);
	});

	test("keeps a sequence on the version that it began on, and that version until it ends", async (t) => {
		const { addVersion, swap, infer, log, registry } = setUp(t);
		addVersion(1);
		await swap();
		assert.equal(await infer(1, "drive"), "1: 2");
		addVersion(2);
		await swap();
		assert.equal(await infer(2, "drive"), "1: 4");
		assert.equal(await infer(2), "2: 4");
		assert.equal(await infer(2, "other"), "2: 4");
		assert.deepEqual(log, ["ready 1", "ready 2"]);
		const last = registry.route("m", "", {
			id: "drive",
			start: false,
			end: true,
		});
		assert.equal(await inferWith(last, 3), "1: 6");
		await new Promise(setImmediate);
		assert.deepEqual(log, ["ready 1", "ready 2", "gone 1"]);
	});
});

describe("what must not serve leaves the old version in service, and says why and what to do:", () => {
	const cases: readonly (readonly [
		what: string,
		changes: {
			readonly model?: object;
			readonly config?: string;
			readonly text?: string;
		},
		phase: string,
		why: RegExp,
	])[] = [
		[
			"a file that is no model",
			{ text: "{ half" },
			"loading",
			/a fake model is a JSON file/,
		],
		[
			"a model of other shapes",
			{
				model: {
					inputs: [{ name: "input", dtype: "FP32", shape: [-1, 3] }],
					outputs: [{ name: "output", dtype: "FP32", shape: [-1, 3] }],
				},
			},
			"validating",
			/cannot follow version 1, .*input 'input' was FP32 \[1\], is FP32 \[3\]; output 'output' was/,
		],
		[
			"a configuration that contradicts its model",
			{
				config: `${CONFIG} input [ { name: "picture" data_type: TYPE_FP32 dims: [ 1 ] } ]`,
			},
			"validating",
			/picture/,
		],
		[
			"a model that fails when it is warmed up",
			{ model: { failsFromRows: 1 } },
			"warming",
			/fails from 1 rows/,
		],
		[
			"a model that fails with large batches",
			{ model: { failsFromRows: 4 }, config: `${CONFIG} dynamic_batching { }` },
			"warming",
			/fails from 4 rows/,
		],
		[
			"a model ten times slower",
			{ model: { curveMs: { 1: 40 } } },
			"warming",
			/4\d ms, \d+\.\d times .*max_slowdown is 5/,
		],
		[
			"settings that are wrong",
			{
				config: `${CONFIG} parameters { key: "saccade.canary.weight" value { string_value: "7" } }`,
			},
			"loading",
			/a number from 0 to 1 is needed/,
		],
	];
	for (const [what, { model, config, text }, phase, why] of cases)
		test(what, async (t) => {
			const { addVersion, write, swap, infer, registry } = setUp(t, {
				settings: { "swap.max_slowdown": "5" },
			});
			addVersion(1, { curveMs: { 1: 4 } });
			await swap();
			if (text === undefined) addVersion(2, { curveMs: { 1: 4 }, ...model });
			else write("2/model.json", text);
			if (config !== undefined) write("config.pbtxt", config);
			const failure = failureOf(await swap());
			assert.equal(failure.phase, phase);
			assert.match(failure.text, why);
			assert.notEqual(failure.advice, "");
			assert.equal(await infer(3), "1: 6");
			assert.equal(registry.isSettled, true, "the server is ready");
			const [alarm, ...others] = registry.alarms();
			assert.match(alarm ?? "", why);
			assert.deepEqual(others, []);
			// Mended, it takes over, and the alarm is over.
			write("config.pbtxt", CONFIG);
			addVersion(2, { curveMs: { 1: 4 } });
			assert.equal((await swap()).kind, "switched");
			assert.equal(await infer(3), "2: 6");
			assert.deepEqual(registry.alarms(), []);
		});

	test("only a version that looks slower costs the one in service runs", async (t) => {
		const { addVersion, swap, runCounts } = setUp(t, {
			settings: { "swap.max_slowdown": "10" },
		});
		addVersion(1, { curveMs: { 1: 4 } });
		await swap();
		const [warmed] = runCounts;
		addVersion(2, { curveMs: { 1: 4 } });
		assert.equal((await swap()).kind, "switched");
		assert.equal(runCounts[0], warmed);
		addVersion(3, { curveMs: { 1: 100 } });
		assert.equal((await swap()).kind, "failed");
		assert.ok(runCounts[1]! > warmed!, "both were run, in turns");
	});

	test("files that changed while they were loaded", async (t) => {
		const { addVersion, swap, infer } = setUp(t);
		addVersion(1);
		await swap();
		addVersion(2);
		const failure = failureOf(
			await swap({
				digests: new Map([[2, "sha256:x"]]),
				isUnchanged: async () => false,
			}),
		);
		assert.match(failure.text, /changed while they were loaded/);
		assert.equal(await infer(3), "1: 6");
	});

	test("a repository that has nothing to serve any more", async (t) => {
		const { addVersion, swap, infer, write } = setUp(t);
		addVersion(1);
		await swap();
		write(
			"config.pbtxt",
			`${CONFIG} version_policy { specific { versions: [ 9 ] } }`,
		);
		assert.match(failureOf(await swap()).text, /at least one version/);
		assert.equal(await infer(3), "1: 6");
	});
});

describe("the comparison on recent requests", () => {
	test("reports how far the versions are apart, and lets pass what nobody limited", async (t) => {
		const { addVersion, swap, infer, events } = setUp(t, {
			settings: KEEP_SAMPLES,
		});
		addVersion(1);
		await swap();
		await infer(3);
		addVersion(2, { compute: "identity" });
		assert.equal((await swap()).kind, "switched");
		const compared = events.find((event) => event.kind === "compared");
		assert.equal(compared?.version, 2);
		assert.equal(compared?.report.sampleCount, 1);
		assert.deepEqual(compared?.report.outputs, [
			{
				output: "output",
				maxDifference: 0.5,
				meanDifference: 0.5,
				notFiniteCount: 0,
				agreement: null,
				tolerance: null,
				isWithin: true,
			},
		]);
		assert.equal(await infer(3), "2: 3");
	});

	test("keeps out a version that is beyond a tolerance", async (t) => {
		const { addVersion, swap, infer, registry } = setUp(t, {
			settings: { ...KEEP_SAMPLES, "shadow.tolerance": "output = 0.4" },
		});
		addVersion(1);
		await swap();
		await infer(3);
		addVersion(2, { compute: "identity" });
		const failure = failureOf(await swap());
		assert.equal(failure.phase, "shadowing");
		assert.match(failure.text, /'output' differs by up to 0\.500, beyond 0\.4/);
		assert.equal(await infer(3), "1: 6");
		assert.match(registry.alarms()[0] ?? "", /saccade\.shadow\.tolerance/);
	});

	test("costs the requests of the versions nothing: nobody counts its runs", async (t) => {
		const { addVersion, swap, infer, serving } = setUp(t, {
			settings: KEEP_SAMPLES,
		});
		addVersion(1);
		await swap();
		await infer(3);
		const [old] = serving();
		addVersion(2);
		await swap();
		assert.equal(old?.statistics.success.count, 1);
		assert.equal(serving()[0]?.statistics.success.count, 0);
	});
});

describe("a canary", () => {
	const CANARY = {
		"canary.weight": "0.5",
		"canary.seconds": "0.05",
		"canary.requests": "20",
	};

	test("answers its share of the requests and then takes over", async (t) => {
		const { addVersion, swap, infer, events, log } = setUp(t, {
			settings: { ...CANARY, "canary.max_slowdown": "1000" },
		});
		addVersion(1);
		await swap();
		addVersion(2, { compute: "identity" });
		const { result, answers } = await underLoad(infer, swap());
		assert.equal(result.kind, "switched");
		const judged = events.find((event) => event.kind === "judged");
		const { old, new: next } = judged?.report ?? assert.fail("no report");
		assert.ok(next.requestCount >= 20);
		// One may be under way when it begins, and one when it ends.
		assert.ok(Math.abs(old.requestCount - next.requestCount) <= 2);
		assert.equal(old.errorCount + next.errorCount, 0);
		assert.ok(answers.some((answer) => answer.startsWith("2: ")));
		assert.equal(await infer(7), "2: 7");
		assert.deepEqual(log, ["ready 1", "ready 2", "gone 1"]);
	});

	test("that fails requests is rolled back, and nobody asks it again", async (t) => {
		const { addVersion, swap, infer, log, registry } = setUp(t, {
			config: 'backend: "fake" max_batch_size: 4',
			settings: CANARY,
		});
		addVersion(1);
		await swap();
		addVersion(2);
		const swapped = swap();
		// It passes its warm-up, and fails what comes later.
		const { result } = await underLoad(async (value) => {
			const model = registry.route("m", "", null);
			return model.version === 1
				? inferWith(model, value)
				: inferRows(model, 5);
		}, swapped);
		const failure = failureOf(result);
		assert.equal(failure.phase, "canary");
		assert.match(failure.text, /requests to the new version failed/);
		for (let i = 0; i < 4; i++) assert.equal(await infer(i), `1: ${2 * i}`);
		assert.deepEqual(log, ["ready 1", "ready 2", "gone 2"]);
	});

	test("that is slower is rolled back", async (t) => {
		const { addVersion, swap, infer } = setUp(t, { settings: CANARY });
		addVersion(1);
		await swap();
		addVersion(2, { curveMs: { 1: 30 } });
		const { result } = await underLoad(infer, swap());
		assert.match(
			failureOf(result).text,
			/p95 is \d+\.\d+ ms, .* times the old/,
		);
		assert.equal(await infer(3), "1: 6");
	});

	test("gives way to a newer operation on the model", async (t) => {
		const { addVersion, swap, infer, events, swapper, serving } = setUp(t, {
			settings: { ...CANARY, "canary.seconds": "600" },
		});
		addVersion(1);
		await swap();
		addVersion(2);
		const begun = Promise.withResolvers<void>();
		swapper.subscribe((event) => {
			if (event.kind === "phase" && event.phase === "canary") begun.resolve();
		});
		const first = swap();
		await begun.promise;
		await swapper.unload({ model: "m", cause: "api" });
		await first;
		const ended = events.filter((event) => event.kind === "ended");
		assert.deepEqual(
			ended.map(({ outcome }) => outcome.kind),
			["switched", "failed", "unloaded"],
		);
		assert.deepEqual(serving(), []);
		await assert.rejects(async () => infer(1), { code: "NOT_FOUND" });
	});
});

/** More rows than the model takes: its run fails. */
function inferRows(model: ModelVersion, rows: number): Promise<string> {
	return new Promise((resolve) => {
		const reply: EntryReply = {
			completed: () => resolve("answered"),
			failed: (_entry, { code }) => resolve(`${model.version}: ${code}`),
		};
		const request = {
			deadlineUs: Number.POSITIVE_INFINITY,
			priority: 0,
			timeoutUs: 0,
			receivedUs: systemClock.nowUs(),
			lease: null,
		};
		// The bytes do not fit the shape: the backend refuses them.
		const data = new Uint8Array(4 * rows + 1);
		model.submit(new ModelEntry(1, request, "", [[1, rows]], [data], reply));
	});
}
