import assert from "node:assert/strict";
import { test } from "node:test";
import { warmUp } from "../loading/warm-up.ts";
import { makeFakeModel, makeReadyModel } from "../testing/fake-model.ts";

const config = (buckets: string) => `backend: "fake" max_batch_size: 4
	dynamic_batching { }
	parameters { key: "saccade.run_mode" value { string_value: "inline" } }
	parameters { key: "saccade.shape_buckets" value { string_value: "length = ${buckets}" } }`;

const noFiles = { readFile: () => assert.fail("no file is asked for") };

test("a request that is padded is never run where its bytes lie, however large it is", async () => {
	const { model, submit, log, nextTurn } = await makeReadyModel({
		config: config("8000 @ input[0] output[0]"),
		isDynamic: true,
	});
	for (const [value, length] of [
		[3, 5000],
		[4, 8000],
		[5, 4999],
	] as const) {
		submit(String(value), { value, length });
		await nextTurn();
	}
	// The length, and the values that are there.
	const answers = log.map((line) => {
		const numbers = line.split(" = ")[1]?.split(" ") ?? [];
		return [numbers.length, ...new Set(numbers)].join(" ");
	});
	assert.deepEqual(answers, ["5000 6", "8000 8", "4999 10"]);
	await model.unload();
});

test("warm-up runs the smallest and the largest bucket", async () => {
	const { model, clock } = await makeFakeModel({
		config: config("4, 16, 64 @ input[0] output[0]"),
		isDynamic: true,
	});
	const used = new Set<number>();
	model.observers.listener = {
		batchFinished: () => {},
		runLost: () => {},
		inputsPadded: (elements, padding) => used.add(elements + padding),
		requestFinished: () => {},
	};
	model.setState({ kind: "warming" });
	await warmUp(model, { clock, ...noFiles });
	assert.deepEqual(used, new Set([4, 64, 4 * 64]));
	model.setState({ kind: "ready" });
	await model.unload();
});

test("a declaration that a run contradicts fails the warm-up, with the numbers", async () => {
	const { model, clock } = await makeFakeModel({
		config: config("4, 16 @ input[0] output[0]/2"),
		isDynamic: true,
	});
	model.setState({ kind: "warming" });
	await assert.rejects(warmUp(model, { clock, ...noFiles }), {
		code: "EXECUTION_FAILED",
		message: /'output'.* has 4 in dimension 1 at 4 of 'length'.* says 2/,
	});
});
