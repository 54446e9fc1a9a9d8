// What every step of a pipeline must do, whoever wrote it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	describeStep,
	NO_STREAM,
} from "../../packages/server/src/pipelines/hosts/describe-step.ts";
import { readSettings } from "../../packages/server/src/pipelines/steps/settings.ts";
import {
	type AnyStep,
	type StepFrame,
	stepMemory,
} from "../../packages/server/src/pipelines/steps/step.ts";

export interface StepSubject {
	readonly step: AnyStep;
	/** Those that have no default. */
	readonly settings: Readonly<Record<string, unknown>>;
}

const FRAME: StepFrame = {
	...{ deviceId: "sample", sequence: 1, frameId: "sample", nowUs: 0 },
	...{ measuredUs: 1e6, deadlineUs: Number.POSITIVE_INFINITY },
};

export function testStep({ step, settings: given }: StepSubject): void {
	describe(`step ${step.name}`, { timeout: 60_000 }, () => {
		const read = readSettings(step.settings, given);
		const settings = read.ok ? read.settings : {};
		const create = () =>
			step.create({
				settings,
				opening: {
					...NO_STREAM,
					sensors: step.sampleSensors?.(settings) ?? [],
					transforms: step.sampleTransforms?.(settings) ?? [],
				},
				...stepMemory(false),
			});
		const run = async (runner: ReturnType<typeof create>) => {
			const outputs: Record<string, unknown> = {};
			await runner.run(step.sample(settings), outputs, FRAME);
			return outputs;
		};

		test("has a name, a summary, and a meaning for each setting", () => {
			assert.match(step.name, /^[a-z][a-z0-9-]*$/);
			assert.ok(step.summary.length > 0);
			for (const { meaning } of Object.values(step.settings as object))
				assert.ok(meaning.length > 0);
		});

		test("takes its settings, and can be described and timed with its sample", async () => {
			assert.ok(read.ok, read.ok ? "" : read.problems.join("; "));
			const { problems, costUs } = await describeStep(step, given);
			assert.deepEqual(problems, []);
			assert.ok(costUs >= 0);
		});

		test("gives every output that it names, and no other, and again for the next frame", async () => {
			const runner = create();
			const names = Object.keys(step.outputs(settings)).sort();
			for (let i = 0; i < 3; i++) {
				const outputs = await run(runner);
				assert.deepEqual(Object.keys(outputs).sort(), names);
			}
			runner.close?.();
		});

		test("its tensors have the type and shape that it names", async () => {
			const runner = create();
			const outputs = await run(runner);
			for (const [name, port] of Object.entries(step.outputs(settings))) {
				const { kind, dtype, shape } = port as {
					kind: string;
					dtype: string | null;
					shape: readonly number[] | null;
				};
				if (kind !== "tensor") continue;
				const tensor = outputs[name] as {
					dtype: string;
					shape: readonly number[];
				};
				if (dtype !== null) assert.equal(tensor.dtype, dtype);
				if (shape !== null) assert.deepEqual(tensor.shape, shape);
			}
			runner.close?.();
		});

		test("leaves its inputs as they were: others read them too", async () => {
			const runner = create();
			const inputs = step.sample(settings);
			const before = structuredClone(inputs);
			await runner.run(inputs, {}, FRAME);
			assert.deepEqual(inputs, before);
			runner.close?.();
		});

		test("two of it share nothing: each stream has its own", async () => {
			const one = create();
			const other = create();
			const first = await run(one);
			const kept = structuredClone(first);
			await run(other);
			assert.deepEqual(first, kept);
			one.close?.();
			other.close?.();
		});

		test("what it takes and gives can go to another thread", async () => {
			const runner = create();
			const outputs = await run(runner);
			assert.deepEqual(structuredClone(outputs), outputs);
			runner.close?.();
		});
	});
}
