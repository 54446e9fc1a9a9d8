// What every runtime must do, whatever it runs on. The subject brings three sources of its own.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { isSaccadeError } from "../../packages/server/src/errors/saccade-error.ts";
import type {
	Binding,
	ModelSource,
	RunMode,
	Runtime,
	Session,
} from "../../packages/server/src/runtime/runtime.ts";

export interface RuntimeSubject {
	readonly name: string;
	create(): Runtime;
	/** Doubles FP32 of shape [3, 4]. */
	readonly double: ModelSource;
	/** FP32 [-1, 64] → [-1, …]; a run of `slowRows` takes long enough to be stopped. */
	readonly slow: ModelSource;
	readonly slowRows: number;
	readonly noModel: ModelSource;
}

const SHAPE = [3, 4];
const VALUES = Float32Array.from({ length: 12 }, (_, i) => i - 3.5);

export function testRuntime(subject: RuntimeSubject): void {
	describe(`runtime ${subject.name}`, () => {
		const runtime = subject.create();
		after(() => runtime.close());
		const withBinding = async (
			use: (binding: Binding, session: Session) => Promise<void> | void,
		) => {
			const session = await runtime.load(subject.double, {});
			const binding = session.bind({
				inputShapes: [SHAPE],
				outputShapes: [SHAPE],
			});
			await use(binding, session);
			session.close();
		};

		for (const mode of ["inline", "offload"] as const)
			test(`a run gives its answer, again and again, ${mode}`, () =>
				withBinding(async (binding) => {
					for (const factor of [1, -2, 0.5]) {
						const values = VALUES.map((value) => value * factor);
						binding.inputs[0]?.set(bytesOf(values));
						await run(binding, mode);
						assert.deepEqual([...binding.output(0).shape], SHAPE);
						assert.deepEqual(floats(binding), [...values.map((v) => 2 * v)]);
					}
				}));

		test("inline runs are done before the call returns, others later", () =>
			withBinding(async (binding) => {
				let done = false;
				binding.run("inline", () => {
					done = true;
				});
				assert.equal(done, true);
				done = false;
				const offload = new Promise<void>((resolve) =>
					binding.run("offload", () => {
						done = true;
						resolve();
					}),
				);
				assert.equal(done, false);
				await offload;
			}));

		test("lent bytes are read, until the binding's own are used again", () =>
			withBinding(async (binding) => {
				binding.inputs[0]?.set(bytesOf(VALUES));
				const lent = VALUES.map((value) => value + 100);
				binding.setInput(0, bytesOf(lent));
				await run(binding, "offload");
				assert.deepEqual(floats(binding), [...lent.map((v) => 2 * v)]);
				binding.resetInput(0);
				await run(binding, "offload");
				assert.deepEqual(floats(binding), [...VALUES.map((v) => 2 * v)]);
			}));

		test("bindings of one session run side by side, each with its own answer", async () => {
			const session = await runtime.load(subject.double, {});
			const bindings = [1, 2, 3].map((factor) => {
				const binding = session.bind({
					inputShapes: [SHAPE],
					outputShapes: [SHAPE],
				});
				binding.inputs[0]?.set(bytesOf(VALUES.map((v) => v * factor)));
				return binding;
			});
			await Promise.all(bindings.map((binding) => run(binding, "offload")));
			for (const [index, binding] of bindings.entries())
				assert.deepEqual(floats(binding), [
					...VALUES.map((v) => 2 * v * (index + 1)),
				]);
			session.close();
		});

		test("bindings that run one after the other may share memory", async () => {
			const session = await runtime.load(subject.double, {});
			const memory = new Uint8Array(100).fill(7);
			const [first, second] = [1, 2].map(() =>
				session.bind({
					inputShapes: [SHAPE],
					outputShapes: [SHAPE],
					inputMemory: [memory],
				}),
			) as [Binding, Binding];
			for (const [factor, binding] of [first, second, first].entries()) {
				const values = VALUES.map((value) => value * factor);
				binding.inputs[0]?.set(bytesOf(values));
				await run(binding, "offload");
				assert.deepEqual(floats(binding), [...values.map((v) => 2 * v)]);
			}
			assert.equal(first.inputs[0]?.buffer, memory.buffer);
			assert.equal(second.inputs[0]?.byteLength, 48);
			// Its answer is its own.
			assert.deepEqual(floats(second), [...VALUES.map((v) => 2 * v)]);
			assert.deepEqual([...memory.subarray(48)], new Array(52).fill(7));
			session.close();
		});

		test("a run that nobody waits for stops, and the binding runs again", async () => {
			const session = await runtime.load(subject.slow, {});
			const width = session.outputs[0]?.shape[1] ?? -1;
			const bind = (rows: number) =>
				session.bind({
					inputShapes: [[rows, 64]],
					outputShapes: [width < 0 ? null : [rows, width]],
				});
			const binding = bind(subject.slowRows);
			const stopped = assert.rejects(run(binding, "offload"), {
				code: "CANCELLED",
			});
			binding.terminate();
			await stopped;
			const small = bind(1);
			small.terminate();
			await run(small, "offload");
			session.close();
		});

		test("misuse is a typed error", () =>
			withBinding(async (binding, session) => {
				throwsCode("INVALID_ARGUMENT", () =>
					session.bind({ inputShapes: [[4, 4]], outputShapes: [null] }),
				);
				throwsCode("INVALID_ARGUMENT", () =>
					binding.setInput(0, new Uint8Array(47)),
				);
				throwsCode("INTERNAL", () => binding.output(0));
				const running = run(binding, "offload");
				throwsCode("INTERNAL", () => binding.run("inline", () => {}));
				throwsCode("INTERNAL", () => binding.setInput(0, bytesOf(VALUES)));
				throwsCode("INTERNAL", () => session.close());
				await running;
				session.close();
				session.close();
				binding.close();
				throwsCode("INTERNAL", () => binding.run("inline", () => {}));
				throwsCode("INTERNAL", () => binding.output(0));
				throwsCode("INTERNAL", () =>
					session.bind({ inputShapes: [SHAPE], outputShapes: [SHAPE] }),
				);
			}));

		test("what is no model, or is not there, fails to load with a reason", async () => {
			await assert.rejects(runtime.load(subject.noModel, {}), {
				code: "LOAD_FAILED",
			});
			const absent = { kind: "file", path: "/nowhere/model" } as const;
			await assert.rejects(runtime.load(absent, {}), { code: "LOAD_FAILED" });
		});

		test("a provider that is not there is refused by name", async () => {
			const providers = [{ name: "warp-drive", options: {} }];
			await assert.rejects(
				runtime.load(subject.double, { providers }),
				/warp-drive/,
			);
		});
	});
}

function run(binding: Binding, mode: RunMode): Promise<void> {
	return new Promise((resolve, reject) => {
		binding.run(mode, (error) => (error === null ? resolve() : reject(error)));
	});
}

function floats(binding: Binding): number[] {
	return [...new Float32Array(binding.output(0).data.slice().buffer)];
}

function bytesOf(values: Float32Array): Uint8Array {
	return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function throwsCode(code: string, action: () => unknown): void {
	assert.throws(
		action,
		(error) => isSaccadeError(error) && error.code === code,
		`expected ${code}`,
	);
}
