import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../common/clock.ts";
import { declare, openingOf, PLUG_INS } from "./testing/declare.ts";
import { contextOf, frameOf } from "./testing/frames.ts";
import { FAULTS } from "./testing/plug-ins/faulty.ts";

// What `faulty` answers cannot be sent to a client: `half` makes something that can.
const YAML = `
pipelines:
  faulty:
    sensors: { thermometer: { payload: reading } }
    nodes:
      bad: { step: faulty, runs: worker, timeoutMs: 500, in: { reading: thermometer } }
      value: { step: half, in: { reading: thermometer } }
    result: { outputs: { half: value } }
  healthy:
    sensors: { thermometer: { payload: reading } }
    nodes:
      value: { step: half, runs: worker, in: { reading: thermometer } }
    result: { outputs: { half: value } }
`;
const stepFiles = ["faulty.ts", "count.ts"].map((name) => join(PLUG_INS, name));

test("a step that goes wrong costs its own frame, with a reason, and no other", {
	timeout: 60_000,
}, async (t) => {
	const declared = await declare(YAML, { stepFiles });
	t.after(() => declared.all.close());
	const faulty = declared.pipeline("faulty").open(openingOf(), systemClock);
	const healthy = declared.pipeline("healthy").open(openingOf(), systemClock);
	const run = async (value: number) =>
		faulty.process(frameOf({ value }), contextOf());
	const cases = [
		[FAULTS.throw, /step 'bad': Error: the lens is dirty/],
		[FAULTS.reject, /step 'bad': Error: nobody answered/],
		[
			FAULTS.hang,
			/step bad did not answer within 500 ms; its thread was replaced/,
		],
		[
			FAULTS.never,
			/step bad did not answer within 500 ms; its thread was replaced/,
		],
		[FAULTS.exit, /step bad ended its thread with code 3; it was replaced/],
		[FAULTS.heap, /step bad .*(?:ended its thread|did not answer)/],
	] as const;
	for (const [fault, message] of cases)
		await t.test(`fault ${fault}: ${message}`, async () => {
			const beside = healthy.process(frameOf({ value: 8 }), contextOf());
			await assert.rejects(run(fault), { code: "EXECUTION_FAILED", message });
			const { outputs } = await beside;
			const values = new Float32Array(outputs[0]!.data.slice().buffer);
			assert.equal(values[0], 4);
			// The next frame has a thread again.
			assert.equal((await run(0)).outputs.length, 1);
		});
	await t.test("what it says of the input is told as such", () =>
		assert.rejects(run(FAULTS.badInput), {
			code: "INVALID_ARGUMENT",
			message: "step 'bad': a reading of 7",
		}),
	);
	faulty.close();
	healthy.close();
	assert.ok(declared.warnings.length >= 3, declared.warnings.join("\n"));
});

test("frames that wait behind one that hangs go to the thread that replaces its", {
	timeout: 60_000,
}, async (t) => {
	const declared = await declare(YAML, { stepFiles });
	t.after(() => declared.all.close());
	const processor = declared.pipeline("faulty").open(openingOf(4), systemClock);
	const run = async (value: number) =>
		processor.process(frameOf({ value }), contextOf());
	const answers = await Promise.allSettled([run(FAULTS.hang), run(0), run(0)]);
	assert.deepEqual(
		answers.map(({ status }) => status),
		["rejected", "fulfilled", "fulfilled"],
	);
	processor.close();
});

test("a step that holds on to memory loses its thread", {
	timeout: 120_000,
}, async (t) => {
	const declared = await declare(YAML, { stepFiles });
	t.after(() => declared.all.close());
	const processor = declared.pipeline("faulty").open(openingOf(), systemClock);
	let failure: unknown = null;
	for (let i = 0; i < 200 && failure === null; i++)
		try {
			await processor.process(frameOf({ value: FAULTS.leak }), contextOf());
		} catch (error) {
			failure = error;
		}
	assert.match(
		String(failure),
		/step bad holds \d+ MiB, more than the 512 MiB/,
	);
	const { outputs } = await processor.process(frameOf(), contextOf());
	assert.equal(outputs.length, 1);
	processor.close();
});
