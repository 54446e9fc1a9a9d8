import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { SaccadeError } from "../errors/saccade-error.ts";
import { ModelRegistry } from "../models/model-registry.ts";
import {
	type FakeModelOptions,
	makeReadyModel,
} from "../models/testing/fake-model.ts";
import { decodeBytesElements } from "../tensor/bytes-elements.ts";
import type { InferRequest } from "./inference.ts";
import { SchedulingInferenceService } from "./inference-service.ts";

const CONFIG = `backend: "fake" max_batch_size: 4
	dynamic_batching { priority_levels: 2 default_priority_level: 2 default_queue_policy { max_queue_size: 2 } }
	parameters { key: "saccade.run_mode" value { string_value: "offload" } }`;

async function setUp(t: TestContext, options: FakeModelOptions = {}) {
	const registry = new ModelRegistry({
		versionReady: () => {},
		versionGone: () => {},
		loadFailed: () => {},
	});
	const made = await makeReadyModel({
		config: CONFIG,
		curveMs: { 1: 10 },
		...options,
	});
	const { model, clock, nextTurn } = made;
	await registry.load("fake", async () => [{ ok: true, version: 1, model }]);
	t.after(async () => {
		const closed = registry.close();
		while (model.state.kind !== "unloaded") {
			await nextTurn();
			clock.advance(10_000);
		}
		await closed;
	});
	const service = new SchedulingInferenceService(registry, clock);
	const log: string[] = [];
	let releasedCount = 0;
	const infer = (
		id: string,
		value: number,
		changes: Partial<InferRequest> = {},
	) => {
		const data = new Uint8Array(Float32Array.of(value).buffer);
		const name = id === "" ? "(no id)" : id;
		return service.infer(
			{
				modelName: "fake",
				modelVersion: "",
				id,
				inputs: [
					{
						name: "input",
						dtype: "FP32",
						shape: [1, 1],
						data,
						parameters: null,
					},
				],
				outputs: null,
				parameters: null,
				priority: 0,
				timeoutUs: 0,
				sequence: null,
				deadlineUs: Number.POSITIVE_INFINITY,
				receivedUs: clock.nowUs(),
				lease: { release: () => releasedCount++ },
				...changes,
			},
			{
				response: ({ outputs, id: echoed, modelVersion }) => {
					assert.equal(echoed, id, "the id is echoed");
					assert.equal(modelVersion, "1");
					const texts = outputs.map((output) =>
						output.dtype === "BYTES"
							? decodeBytesElements(output.data).map((bytes) =>
									Buffer.from(bytes).toString(),
								)
							: [...new Float32Array(output.data.slice().buffer)],
					);
					log.push(`${name} = ${texts.flat().join(" ")}`);
				},
				error: (error) => log.push(`${name}: ${error.code} ${error.message}`),
			},
		);
	};
	/** The batch that waits runs to its end. */
	const runBatch = async () => {
		await nextTurn();
		clock.advance(10_000);
	};
	return {
		...made,
		service,
		infer,
		runBatch,
		log,
		released: () => releasedCount,
	};
}

describe("inference", () => {
	test("answers each request with its own rows, and lets its bytes go", async (t) => {
		const { infer, runBatch, log, released } = await setUp(t);
		infer("a", 1);
		infer("b", 2);
		await runBatch();
		assert.deepEqual(log, ["a = 2", "b = 4"]);
		assert.equal(released(), 2);
	});

	test("gives the outputs that were asked for, classified where that was asked", async (t) => {
		const { infer, runBatch, log } = await setUp(t);
		const output = { name: "output", classification: 1, parameters: null };
		infer("a", 3, { outputs: [output] });
		await runBatch();
		assert.deepEqual(log, ["a = 6.000000:0"]);
	});

	test("that cannot be classified fails alone, not its batch", async (t) => {
		const { model, infer, runBatch, log } = await setUp(t);
		const outputs = [{ name: "output", classification: 1, parameters: null }];
		Object.defineProperty(model.labels, "get", {
			value: () => {
				throw new Error("secret");
			},
		});
		infer("a", 1, { outputs });
		infer("b", 2);
		await runBatch();
		assert.deepEqual(log, ["a: INTERNAL internal error", "b = 4"]);
	});

	test("refuses outputs that the model lacks, or that are there twice", async (t) => {
		const { infer, log, released } = await setUp(t);
		const output = { name: "output", classification: 0, parameters: null };
		infer("a", 1, { outputs: [{ ...output, name: "x" }] });
		infer("", 1, { outputs: [output, output] });
		assert.deepEqual(log, [
			"a: INVALID_ARGUMENT [request id: a] unexpected inference output 'x' for model 'fake'",
			"(no id): INVALID_ARGUMENT [request id: <id_unknown>] output 'output' already exists in request",
		]);
		assert.equal(released(), 2);
	});

	test("refuses absent models without Triton's prefix, which is for what the model refuses", async (t) => {
		const { infer, log } = await setUp(t);
		infer("a", 1, { modelName: "x" });
		infer("b", 1, { modelVersion: "7" });
		infer("c", 1, { inputs: [] });
		assert.match(log[0] ?? "", /^a: NOT_FOUND Request for unknown model: 'x'/);
		assert.match(log[1] ?? "", /^b: NOT_FOUND .*version 7 is not found$/);
		assert.match(
			log[2] ?? "",
			/^c: INVALID_ARGUMENT \[request id: c\] expected 1/,
		);
	});

	test("serves a higher priority first, and takes one that the model lacks for its default", async (t) => {
		const { infer, runBatch, log, nextTurn } = await setUp(t, {
			config: CONFIG.replace("max_queue_size: 2", "max_queue_size: 9").replace(
				"max_batch_size: 4",
				"max_batch_size: 1",
			),
		});
		infer("busy", 1);
		await nextTurn();
		infer("default", 2);
		infer("none such", 3, { priority: 9 });
		infer("high", 4, { priority: 1 });
		for (let i = 0; i < 4; i++) await runBatch();
		assert.deepEqual(log, [
			"busy = 2",
			"high = 8",
			"default = 4",
			"none such = 6",
		]);
	});
});

describe("refusals", () => {
	test("tell a full queue, with its numbers", async (t) => {
		const { infer, log, nextTurn } = await setUp(t);
		infer("busy", 1);
		await nextTurn();
		for (const id of ["a", "b", "c"]) infer(id, 1);
		assert.deepEqual(log, [
			"c: QUEUE_FULL Exceeds maximum queue size (2 wait, the limit is 2); retry later",
		]);
	});

	test("tell a deadline that passed before, in the queue, and in the run", async (t) => {
		const { infer, log, clock, nextTurn } = await setUp(t);
		infer("before", 1, { deadlineUs: clock.nowUs() });
		infer("run", 1, { deadlineUs: clock.nowUs() + 9000 });
		await nextTurn();
		infer("queue", 1, { deadlineUs: clock.nowUs() + 5000 });
		clock.advance(9000);
		assert.deepEqual(log, [
			"before: DEADLINE_EXCEEDED the deadline passed before the request could be scheduled; the work was not started",
			"queue: DEADLINE_EXCEEDED the deadline passed after 5.0 ms in the queue; the work was not started",
			"run: DEADLINE_EXCEEDED the deadline passed after 9.0 ms, while the model ran",
		]);
	});

	test("hide what an unknown error says", async (t) => {
		const { infer, log } = await setUp(t);
		const inputs = [
			{
				get name(): string {
					throw new Error("/secret/path");
				},
			},
		] as unknown as InferRequest["inputs"];
		infer("a", 1, { inputs });
		assert.deepEqual(log, ["a: INTERNAL internal error"]);
	});
});

describe("cancelling", () => {
	test("answers once, whenever it comes", async (t) => {
		const { infer, runBatch, log, released, nextTurn, clock } = await setUp(t);
		const running = infer("running", 1);
		await nextTurn();
		const waiting = infer("waiting", 1);
		for (const ticket of [waiting, running, waiting, running]) ticket.cancel();
		clock.advance(0);
		const done = infer("done", 5);
		await runBatch();
		done.cancel();
		assert.deepEqual(log, [
			"waiting: CANCELLED the request was cancelled",
			"running: CANCELLED the request was cancelled while it ran",
			"done = 10",
		]);
		assert.equal(released(), 3);
	});

	test("what was refused at once has nothing left to cancel", async (t) => {
		const { infer, log } = await setUp(t);
		infer("a", 1, { modelName: "x" }).cancel();
		assert.equal(log.length, 1);
	});
});

test("admission looks at the deadline and the model, before there is a body", async (t) => {
	const { service, clock } = await setUp(t);
	const later = { deadlineUs: clock.nowUs() + 1, trace: null };
	assert.equal(service.admit("fake", "", later), null);
	assert.equal(
		service.admit("fake", "", { ...later, deadlineUs: clock.nowUs() })?.code,
		"DEADLINE_EXCEEDED",
	);
	assert.equal(service.admit("gone", "", later)?.code, "NOT_FOUND");
	assert.ok(service.admit("fake", "x", later) instanceof SaccadeError);
});
