// Requests for more models than there is memory for, in any order and many at once, through registry, loader and
// scheduler as they are: each is answered or told to come back, comes back and is answered in the end; the budget holds
// at every load and eviction; and no model goes while it has a request.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { systemClock } from "../common/clock.ts";
import { cpuOnly } from "../devices/testing/cpu-only.ts";
import type { SaccadeError } from "../errors/saccade-error.ts";
import { ModelDemand } from "../models/budget/model-demand.ts";
import { ModelMemory } from "../models/budget/model-memory.ts";
import { ModelLoader } from "../models/model-loader.ts";
import { ModelRegistry } from "../models/model-registry.ts";
import { ModelSwapper } from "../models/swap/swapper.ts";
import type { SwapEvent } from "../models/swap-events.ts";
import { FAKE_MODEL } from "../models/testing/fake-model.ts";
import { FakeRuntime } from "../runtime/fake/fake-runtime.ts";
import { SchedulingInferenceService } from "./inference-service.ts";
import { DiskRepositoryService } from "./repository-service.ts";

const MODELS = 5;
const MODEL_BYTES = 1000;
/** Of two models and a half. */
const LIMIT = 2500;
const MAX_TRIES = 2000;

async function setUp(t: Pick<TestContext, "after">) {
	const repository = mkdtempSync(join(tmpdir(), "saccade-demand-"));
	for (let index = 0; index < MODELS; index++) {
		const version = join(repository, `m${index}`, "1");
		mkdirSync(version, { recursive: true });
		writeFileSync(join(version, "..", "config.pbtxt"), 'backend: "fake"');
		const text = JSON.stringify({ ...FAKE_MODEL, curveMs: { 1: 1 } });
		writeFileSync(join(version, "model.json"), text.padEnd(MODEL_BYTES));
	}
	const registry = new ModelRegistry({
		versionReady: () => {},
		versionGone: () => {},
		loadFailed: () => {},
	});
	const runtime = new FakeRuntime(systemClock);
	const memory = new ModelMemory({
		limitOf: () => LIMIT,
		idle: () => registry.idleModels(),
		evict: async (name) => {
			const model = registry.resolve(name, "");
			const isGone = await swapper.evict(name);
			// It finished nothing after it was chosen: it had nothing to finish.
			if (isGone) assert.equal(model.statistics.fail.count, 0);
			return isGone;
		},
	});
	const loader = new ModelLoader({
		runtimes: new Map([["fake", runtime]]),
		clock: systemClock,
		autoComplete: true,
		defaultMaxBatchSize: 4,
		devices: cpuOnly(1),
		policy: "deadline",
		memory,
		warn: () => {},
	});
	const swapper = new ModelSwapper({
		registry,
		loader,
		clock: systemClock,
		loadCount: 2,
	});
	const counts = { evicted: 0, loaded: 0 };
	swapper.subscribe((event: SwapEvent) => {
		assert.ok(
			memory.usedBytes("cpu") <= LIMIT,
			`${memory.usedBytes("cpu")} bytes`,
		);
		if (event.kind !== "ended") return;
		if (event.outcome.kind === "switched") counts.loaded++;
		if (event.outcome.kind === "unloaded") counts.evicted++;
	});
	const repositoryService = new DiskRepositoryService(
		{ repositories: [repository], isExplicit: true },
		registry,
		swapper,
	);
	await repositoryService.refresh();
	const demand = new ModelDemand({
		absent: (name) => repositoryService.absent(name),
		load: (name) => repositoryService.loadFromDisk(name, "demand"),
		clock: systemClock,
	});
	const inference = new SchedulingInferenceService(
		registry,
		systemClock,
		demand,
	);
	t.after(async () => {
		await registry.close();
		assert.equal(runtime.openSessionCount, 0);
		assert.equal(memory.usedBytes("cpu"), 0);
		rmSync(repository, { recursive: true });
	});
	return { inference, repositoryService, counts };
}

/** The answer, or why there is none. */
function ask(
	inference: SchedulingInferenceService,
	modelName: string,
	value: number,
): Promise<number | SaccadeError> {
	return new Promise((resolve) => {
		let answers = 0;
		const answer = (outcome: number | SaccadeError) => {
			assert.equal(++answers, 1, "a request is answered once");
			resolve(outcome);
		};
		inference.infer(
			{
				modelName,
				modelVersion: "",
				id: "",
				inputs: [
					{
						name: "input",
						dtype: "FP32",
						shape: [1, 1],
						data: new Uint8Array(Float32Array.of(value).buffer),
						parameters: null,
					},
				],
				outputs: null,
				parameters: null,
				priority: 0,
				timeoutUs: 0,
				sequence: null,
				deadlineUs: Number.POSITIVE_INFINITY,
				receivedUs: systemClock.nowUs(),
				lease: null,
			},
			{
				response: ({ outputs }) =>
					answer(
						new Float32Array(outputs[0]?.data.slice().buffer ?? [])[0] ?? 0,
					),
				error: answer,
			},
		);
	});
}

const rounds = fc.array(
	fc.array(fc.nat({ max: MODELS - 1 }), { minLength: 1, maxLength: 12 }),
	{ minLength: 1, maxLength: 6 },
);

test("every request for a model that is on disk is answered in the end", {
	timeout: 120_000,
}, async (t) => {
	const { inference, counts } = await setUp(t);
	// A server's own timers keep no process alive.
	const keepAlive = setInterval(() => {}, 60_000);
	t.after(() => clearInterval(keepAlive));
	let refusals = 0;
	const untilAnswered = async (model: number, value: number) => {
		for (let tries = 0; tries < MAX_TRIES; tries++) {
			const outcome = await ask(inference, `m${model}`, value);
			if (typeof outcome === "number") {
				assert.equal(outcome, 2 * value);
				return;
			}
			refusals++;
			assert.equal(outcome.code, "UNAVAILABLE", outcome.message);
			assert.ok(Number(outcome.details?.["retryAfterMs"]) > 0);
			await delay(5);
		}
		assert.fail(`m${model} was never there`);
	};
	await fc.assert(
		fc.asyncProperty(rounds, async (given) => {
			for (const models of given)
				await Promise.all(
					models.map((model, index) => untilAnswered(model, index)),
				);
		}),
		{ numRuns: 15 },
	);
	assert.ok(
		counts.evicted > 5 && refusals > 5,
		JSON.stringify({ ...counts, refusals }),
	);
	t.diagnostic(JSON.stringify({ ...counts, refusals }));
});

test("a model that was unloaded over the API is not loaded by who asks for it", async (t) => {
	const { inference, repositoryService } = await setUp(t);
	await repositoryService.load({
		modelName: "m0",
		config: null,
		files: new Map(),
	});
	assert.equal(await ask(inference, "m0", 1), 2);
	await repositoryService.unload("m0", false);
	const refusal = await ask(inference, "m0", 1);
	assert.ok(typeof refusal !== "number");
	assert.equal(refusal.code, "NOT_FOUND");
	await repositoryService.load({
		modelName: "m0",
		config: null,
		files: new Map(),
	});
	assert.equal(await ask(inference, "m0", 1), 2);
	assert.equal(
		((await ask(inference, "nowhere", 1)) as SaccadeError).code,
		"NOT_FOUND",
	);
});
