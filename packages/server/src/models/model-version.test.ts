import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome } from "@saccade/protocol";
import { SaccadeError } from "../errors/saccade-error.ts";
import { makeFakeModel, makeReadyModel } from "./testing/fake-model.ts";
import type { ModelState } from "./version/model-state.ts";

const OFFLOAD = `backend: "fake"
parameters { key: "saccade.run_mode" value { string_value: "offload" } }
max_batch_size: 4
dynamic_batching { }`;
const slow = { config: OFFLOAD, curveMs: { 1: 100 } };

describe("a deadline during a run", () => {
	test("is told at its instant, and the run that nobody waits for is stopped", async () => {
		const { model, submit, clock, log, released, nextTurn } =
			await makeReadyModel(slow);
		const entry = submit("a", { deadlineUs: 11_000 });
		await nextTurn();
		clock.advance(9_999);
		assert.deepEqual(log, []);
		clock.advance(1);
		assert.deepEqual(log, ["a: DEADLINE_EXCEEDED"]);
		assert.equal(entry.endedAs, "EXPIRED");
		// Terminated: the lane is free again at once, not after 100 ms.
		assert.equal(model.queueStats().runningBatches, 0);
		assert.deepEqual(released, ["a"]);
		submit("b");
		await nextTurn();
		clock.advance(100_000);
		assert.deepEqual(log, ["a: DEADLINE_EXCEEDED", "b = 2"]);
		await model.unload();
		assert.equal(clock.pendingCount, 0);
	});

	test("of one does not stop a batch that others wait for, and each ends once", async () => {
		const { model, submit, clock, log, nextTurn } = await makeReadyModel(slow);
		const outcomes: Outcome[] = [];
		model.observers.listener = {
			batchFinished: () => {},
			runLost: () => {},
			inputsPadded: () => {},
			requestFinished: (outcome) => outcomes.push(outcome),
		};
		submit("early", { deadlineUs: 21_000 });
		submit("later", { deadlineUs: 41_000 });
		submit("patient", { value: 5 });
		await nextTurn();
		clock.advance(30_000);
		assert.deepEqual(log, ["early: DEADLINE_EXCEEDED"]);
		clock.advance(20_000);
		clock.advance(50_000);
		assert.deepEqual(log, [
			"early: DEADLINE_EXCEEDED",
			"later: DEADLINE_EXCEEDED",
			"patient = 10",
		]);
		assert.deepEqual(outcomes, ["EXPIRED", "EXPIRED", "RESULT"]);
		assert.deepEqual(
			[model.statistics.success.count, model.statistics.fail.count],
			[1, 2],
		);
		await model.unload();
	});
});

describe("cancelling", () => {
	test("what waits never runs; what runs alone is stopped; both are told once", async () => {
		const { model, submit, clock, log, released, nextTurn } =
			await makeReadyModel({ ...slow, config: OFFLOAD.replace("4", "1") });
		const running = submit("running");
		const waiting = submit("waiting");
		await nextTurn();
		model.cancel(waiting);
		model.cancel(waiting);
		assert.deepEqual(log, ["waiting: CANCELLED"]);
		// The bytes of what runs were gathered, those of what waited are dropped: both are free.
		assert.deepEqual(released, ["running", "waiting"]);
		model.cancel(running);
		model.cancel(running);
		clock.advance(0);
		assert.deepEqual(log, ["waiting: CANCELLED", "running: CANCELLED"]);
		assert.deepEqual(released, ["running", "waiting"]);
		assert.equal(model.statistics.executionCount, 0);
		await model.unload();
	});

	test("one of a batch leaves the others their answers", async () => {
		const { model, submit, clock, log, nextTurn } = await makeReadyModel(slow);
		const [, second] = [1, 2, 3].map((value) =>
			submit(String(value), { value }),
		);
		await nextTurn();
		model.cancel(second!);
		clock.advance(100_000);
		assert.deepEqual(log, ["2: CANCELLED", "1 = 2", "3 = 6"]);
		await model.unload();
	});
});

describe("a batch", () => {
	test("gives each request its own rows, whatever their number", async () => {
		const { model, submit, clock, log, nextTurn } = await makeReadyModel(slow);
		submit("a", { value: 1, rows: 2 });
		submit("b", { value: 7 });
		await nextTurn();
		clock.advance(100_000);
		assert.deepEqual(log, ["a = 2 2", "b = 14"]);
		assert.equal(model.statistics.inferenceCount, 3);
		assert.equal(model.statistics.executionCount, 1);
		assert.equal(model.statistics.success.count, 2);
		await model.unload();
	});

	test("that fails fails each of its requests, and the next one runs", async () => {
		const { model, submit, clock, log, nextTurn } = await makeReadyModel({
			...slow,
			failsFromRows: 2,
		});
		submit("a");
		submit("b");
		await nextTurn();
		clock.advance(100_000);
		submit("c");
		await nextTurn();
		clock.advance(100_000);
		assert.deepEqual(log, [
			"a: EXECUTION_FAILED",
			"b: EXECUTION_FAILED",
			"c = 2",
		]);
		await model.unload();
	});
});

describe("the life of a version", () => {
	test("goes only along its diagram", async () => {
		const { model, runtime } = await makeFakeModel();
		const error = new SaccadeError("LOAD_FAILED", "x");
		const refused = (...states: ModelState[]) => {
			for (const state of states)
				assert.throws(
					() => model.setState(state),
					new RegExp(`from ${model.state.kind} to ${state.kind}`),
				);
		};
		refused({ kind: "ready" }, { kind: "draining" }, { kind: "unloaded" });
		model.setState({ kind: "warming" });
		refused({ kind: "loading" }, { kind: "draining" }, { kind: "warming" });
		model.setState({ kind: "ready" });
		refused({ kind: "warming" }, { kind: "failed", error });
		await model.unload();
		refused({ kind: "ready" }, { kind: "draining" }, { kind: "failed", error });
		await assert.rejects(model.unload(), /from unloaded to draining/);
		assert.equal(runtime.openSessionCount, 0);
	});

	test("unloading lets accepted work finish, refuses new work, then frees the session", async () => {
		const { model, submit, clock, log, runtime, nextTurn } =
			await makeReadyModel({ ...slow, config: OFFLOAD.replace("4", "1") });
		submit("running");
		submit("waiting");
		await nextTurn();
		const unloaded = model.unload();
		assert.equal(model.state.kind, "draining");
		submit("late");
		assert.deepEqual(log, ["late: UNAVAILABLE"]);
		clock.advance(100_000);
		assert.equal(runtime.openSessionCount, 1);
		await nextTurn();
		clock.advance(100_000);
		await unloaded;
		assert.deepEqual(log, ["late: UNAVAILABLE", "running = 2", "waiting = 2"]);
		assert.equal(model.state.kind, "unloaded");
		assert.equal(runtime.openSessionCount, 0);
	});

	test("a version that fails before it is ready frees its session", async () => {
		const { model, runtime } = await makeFakeModel();
		model.setState({ kind: "warming" });
		model.fail(new SaccadeError("LOAD_FAILED", "warm-up failed"));
		assert.equal(model.state.kind, "failed");
		assert.equal(runtime.openSessionCount, 0);
	});
});
