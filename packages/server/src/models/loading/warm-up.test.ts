import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { systemClock } from "../../common/clock.ts";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import { type FakeModelOptions, makeFakeModel } from "../testing/fake-model.ts";
import { readWarmupFile, type WarmUpOptions, warmUp } from "./warm-up.ts";

async function warm(
	options: FakeModelOptions,
	readFile: (name: string) => Promise<Uint8Array> = () =>
		assert.fail("no file was asked for"),
	how: Partial<WarmUpOptions> = {},
) {
	const { model } = await makeFakeModel({ ...options, clock: systemClock });
	model.setState({ kind: "warming" });
	const batches: number[] = [];
	model.observers.listener = {
		batchFinished: (_count, rows) => batches.push(rows),
		runLost: () => {},
		inputsPadded: () => {},
		requestFinished: () => {},
	};
	let error: SaccadeError | null = null;
	try {
		await warmUp(model, { clock: systemClock, readFile, ...how });
	} catch (thrown) {
		error = thrown as SaccadeError;
	}
	const counted = model.statistics.executionCount;
	model.setState({ kind: "ready" });
	const afterReady = model.statistics.executionCount;
	await model.unload();
	return { batches, error, counted, afterReady };
}

const BATCHED = 'backend: "fake" max_batch_size: 4 dynamic_batching { }';
const sample = (input: string, more = "") =>
	`model_warmup { name: "w" ${more} inputs { key: "input" value { data_type: TYPE_FP32 dims: 1 ${input} } } }`;

describe("warming a model up", () => {
	test("runs batch 1 and the largest batch, and is not service", async () => {
		const { batches, error, counted, afterReady } = await warm({
			config: BATCHED,
		});
		assert.equal(error, null);
		assert.deepEqual([...new Set(batches)], [1, 4]);
		assert.equal(counted, batches.length);
		assert.equal(afterReady, 0, "statistics start when it is ready");
	});

	test("runs the largest batch of a next version that holds the cores for a moment, and a smaller one where it would for long", async () => {
		/** @param lookUs that pass from one look at the clock to the next, of which there are a few in a run */
		const batchesAt = async (lookUs: number) => {
			let nowUs = 0;
			const clock = { ...systemClock, nowUs: () => (nowUs += lookUs) };
			const config = BATCHED.replace("4", "16");
			const how = { isBrief: true, clock };
			const { batches } = await warm({ config }, undefined, how);
			return batches;
		};
		assert.deepEqual(await batchesAt(100), [1, 1, 1, 16]);
		const between = (await batchesAt(400)).at(-1) ?? 0;
		assert.ok(between > 2 && between < 16, `${between} rows`);
		assert.deepEqual(await batchesAt(30_000), [1, 1, 1, 2]);
	});

	test("runs the configured samples first, as often and as large as they say", async () => {
		const config =
			BATCHED + sample("random_data: true", "batch_size: 3 count: 2");
		const { batches, error } = await warm({ config });
		assert.equal(error, null);
		assert.deepEqual(batches.slice(0, 3), [3, 3, 1]);
	});

	test("reads a sample from its file", async () => {
		const read: string[] = [];
		const { error } = await warm(
			{ config: BATCHED + sample('input_data_file: "x"', "batch_size: 2") },
			async (name) => {
				read.push(name);
				return new Uint8Array(4);
			},
		);
		assert.equal(error, null);
		assert.deepEqual(read, ["x"]);
	});

	test("fails the load when a file has the wrong size, or is not there", async () => {
		const config = BATCHED + sample('input_data_file: "x"', "batch_size: 1");
		const short = await warm({ config }, async () => new Uint8Array(3));
		assert.match(
			short.error?.message ?? "",
			/'x' of input 'input' has 3 bytes, which are not 1 elements of FP32/,
		);
		const gone = await warm({ config }, () =>
			Promise.reject(new Error("gone")),
		);
		assert.notEqual(gone.error, null);
	});

	test("fails the load when a run fails", async () => {
		const { error } = await warm({ config: BATCHED, failsFromRows: 4 });
		assert.equal(error?.code, "EXECUTION_FAILED");
	});

	test("names the input that a sample lacks", async () => {
		const config = `${BATCHED} model_warmup { name: "w" batch_size: 1 }`;
		const { error } = await warm({ config });
		assert.match(error?.message ?? "", /'w' has no input 'input'/);
	});

	test("does not make a batch that memory could not hold", async () => {
		const { batches, error } = await warm({
			config: BATCHED.replace("4", "2000000000"),
		});
		assert.equal(error, null);
		assert.deepEqual([...new Set(batches)], [1]);
	});
});

test("a sample's file is read from the model's warmup directory, and from nowhere else", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "saccade-warmup-"));
	t.after(() => rmSync(directory, { recursive: true }));
	mkdirSync(join(directory, "warmup"));
	writeFileSync(join(directory, "warmup", "a"), "inside");
	writeFileSync(join(directory, "secret"), "outside");
	const bytes = await readWarmupFile(directory, "a");
	assert.equal(Buffer.from(bytes).toString(), "inside");
	await assert.rejects(readWarmupFile(directory, "../secret"), {
		code: "LOAD_FAILED",
	});
	await assert.rejects(readWarmupFile(directory, "b"), {
		code: "LOAD_FAILED",
		message: /'b'/,
	});
});
