import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { findFixture } from "../../../../../scripts/fixtures/catalogue.ts";
import { MODEL_FILE } from "../../../../../scripts/fixtures/fixture.ts";
import { isSaccadeError } from "../../errors/saccade-error.ts";
import type { Binding, Session } from "../runtime.ts";
import { OffloadGate } from "./offload.ts";
import { createOnnxRuntime } from "./onnx-runtime.ts";

const models = new URL("../../../../../models/repository/", import.meta.url);
const runtime = createOnnxRuntime({ poolThreads: 4, intraOpThreadCount: 1 });
after(() => {
	assert.equal(runtime.openSessionCount, 0, "sessions that were not closed");
	runtime.close();
});

function load(name: string): Promise<Session> {
	const path = new URL(`${name}/1/model.onnx`, models).pathname;
	return runtime.load({ kind: "file", path }, {});
}

function fixtureBytes(name: string): Uint8Array {
	return Buffer.from(findFixture(name).files()[MODEL_FILE] ?? "");
}

function run(
	binding: Binding,
	mode: "inline" | "offload" = "offload",
): Promise<void> {
	return new Promise((resolve, reject) => {
		binding.run(mode, (error) => (error === null ? resolve() : reject(error)));
	});
}

function throwsCode(code: string, text: RegExp, action: () => unknown): void {
	assert.throws(action, (error) => {
		assert.ok(isSaccadeError(error));
		assert.equal(error.code, code);
		assert.match(error.message, text);
		return true;
	});
}

/** One tensor of each element type, in the wire form. */
const SAMPLES: Readonly<Record<string, Uint8Array>> = {
	bool: Uint8Array.of(1, 0, 1),
	uint8: Uint8Array.of(0, 127, 255),
	uint16: bytesOf(Uint16Array.of(0, 1, 65_535)),
	uint32: bytesOf(Uint32Array.of(0, 1, 0xffff_ffff)),
	uint64: bytesOf(BigUint64Array.of(0n, 1n, 2n ** 64n - 1n)),
	int8: bytesOf(Int8Array.of(-128, 0, 127)),
	int16: bytesOf(Int16Array.of(-32_768, 0, 32_767)),
	int32: bytesOf(Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1)),
	int64: bytesOf(BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n)),
	fp16: bytesOf(Uint16Array.of(0x3c00, 0x7c00, 0x0001)),
	bf16: bytesOf(Uint16Array.of(0x3f80, 0x7f80, 0x0001)),
	fp32: bytesOf(Float32Array.of(-1.5, 0, Number.POSITIVE_INFINITY)),
	fp64: bytesOf(Float64Array.of(-1.5, 0, 1e300)),
	bytes: Buffer.from("\x02\0\0\0a\0\0\0\0\0\x05\0\0\0gr\xfc\xdfe", "latin1"),
};

function bytesOf(values: NodeJS.TypedArray): Uint8Array {
	return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

describe("element types", () => {
	for (const [name, sample] of Object.entries(SAMPLES))
		for (const mode of ["inline", "offload"] as const)
			test(`${name} goes through a model bit by bit, ${mode}`, async () => {
				const session = await load(`identity_${name}`);
				const binding = session.bind({
					inputShapes: [[1, 3]],
					outputShapes: [name === "bytes" ? null : [1, 3]],
				});
				binding.setInput(0, sample);
				await run(binding, mode);
				const output = binding.output(0);
				assert.deepEqual([...output.shape], [1, 3]);
				assert.deepEqual(Buffer.from(output.data), Buffer.from(sample));
				session.close();
			});
});

test("outputs that only the run can tell are read after it", async () => {
	const session = await load("identity_fp32");
	const binding = session.bind({ inputShapes: [[2, 2]], outputShapes: [null] });
	binding.inputs[0]?.set(bytesOf(Float32Array.of(1, 2, 3, 4)));
	await run(binding);
	assert.deepEqual([...binding.output(0).shape], [2, 2]);
	assert.deepEqual(
		[...new Float32Array(binding.output(0).data.slice().buffer)],
		[1, 2, 3, 4],
	);
	session.close();
});

test("bytes that lie across alignment are copied instead of read askew", async () => {
	const session = await load("identity_fp64");
	const binding = session.bind({
		inputShapes: [[1, 2]],
		outputShapes: [[1, 2]],
	});
	const values = bytesOf(Float64Array.of(1.25, -7));
	const askew = new Uint8Array(20).subarray(3, 19);
	askew.set(values);
	binding.setInput(0, askew);
	await run(binding);
	assert.deepEqual(Buffer.from(binding.output(0).data), Buffer.from(values));
	session.close();
});

test("one session serves several bindings at the same time", async () => {
	const session = await load("mlp");
	const bindings = [0, 1, 2, 3].map((seed) => {
		const binding = session.bind({
			inputShapes: [[1, 64]],
			outputShapes: [[1, 10]],
		});
		const input = new Float32Array(64).fill(seed / 4);
		binding.inputs[0]?.set(bytesOf(input));
		return binding;
	});
	await Promise.all(bindings.map((binding) => run(binding)));
	const alone = bindings.map((binding) => Buffer.from(binding.output(0).data));
	for (const [index, binding] of bindings.entries()) {
		await run(binding, "inline");
		assert.deepEqual(Buffer.from(binding.output(0).data), alone[index]);
	}
	session.close();
});

describe("misuse", () => {
	test("a file that is no model, and one that is not there, fail to load with a reason", async () => {
		for (const path of [
			new URL("mlp/config.pbtxt", models).pathname,
			"/nowhere/model.onnx",
		])
			await assert.rejects(
				runtime.load({ kind: "file", path }, {}),
				(error) => {
					assert.ok(isSaccadeError(error));
					assert.equal(error.code, "LOAD_FAILED");
					assert.match(error.message, /the model cannot be loaded: ./);
					return true;
				},
			);
	});

	test("an operator that does not exist fails to load, by its name", async () => {
		const bytes = fixtureBytes("bad_op");
		await assert.rejects(runtime.load({ kind: "bytes", bytes }, {}), {
			code: "LOAD_FAILED",
			message: /the model cannot be loaded: .*Teleport/,
		});
	});

	test("an empty model and an empty path fail to load", async () => {
		for (const source of [
			{ kind: "bytes", bytes: new Uint8Array(0) },
			{ kind: "file", path: "" },
		] as const)
			await assert.rejects(runtime.load(source, {}), { code: "LOAD_FAILED" });
	});

	test("options that ONNX Runtime refuses fail the load, not the process", async () => {
		const path = new URL("mlp/1/model.onnx", models).pathname;
		await assert.rejects(
			runtime.load(
				{ kind: "file", path },
				{ sessionConfig: { ["k".repeat(5000)]: "v" } },
			),
			{ code: "LOAD_FAILED" },
		);
	});

	test("a truncated model fails to load, and harms nobody", async () => {
		const whole = await readFile(new URL("mlp/1/model.onnx", models));
		const bytes = new Uint8Array(whole.subarray(0, whole.length / 2));
		await assert.rejects(
			runtime.load({ kind: "bytes", bytes }, {}),
			/cannot be loaded/,
		);
		const session = await load("mlp");
		session.close();
	});

	test("a provider that the library lacks is named with those it has", async () => {
		const path = new URL("mlp/1/model.onnx", models).pathname;
		const providers = [{ name: "openvino", options: {} }];
		await assert.rejects(
			runtime.load({ kind: "file", path }, { providers }),
			/'openvino' is not in this ONNX Runtime library .*cpu/,
		);
	});

	test("a provider whose device or files are absent says so, with options and without, and harms nobody", async () => {
		const path = new URL("mlp/1/model.onnx", models).pathname;
		for (const name of ["cuda", "CUDA", "tensorrt"])
			for (const options of [{}, { device_id: "0" }])
				await assert.rejects(
					runtime.load(
						{ kind: "file", path },
						{ providers: [{ name, options }] },
					),
					(error) => {
						assert.ok(isSaccadeError(error));
						// Not in the library at all on some platforms.
						assert.match(error.code, /^(LOAD_FAILED|UNSUPPORTED)$/);
						assert.match(
							error.message,
							new RegExp(`'${name}' (cannot be used here|is not in)`),
						);
						return true;
					},
				);
		const cpu = [{ name: "cpu", options: {} }];
		(await runtime.load({ kind: "file", path }, { providers: cpu })).close();
	});

	test("shapes, sizes and indexes that do not fit are refused", async () => {
		const session = await load("mlp");
		throwsCode("INVALID_ARGUMENT", /takes shape \[-1,64\].*got \[1,63\]/, () =>
			session.bind({ inputShapes: [[1, 63]], outputShapes: [null] }),
		);
		const binding = session.bind({
			inputShapes: [[1, 64]],
			outputShapes: [[1, 10]],
		});
		throwsCode("INVALID_ARGUMENT", /takes 256 bytes.*got 255/, () =>
			binding.setInput(0, new Uint8Array(255)),
		);
		throwsCode("INTERNAL", /before a successful run/, () => binding.output(7));
		session.close();
	});

	test("use after close, and closing twice, are harmless", async () => {
		const session = await load("mlp");
		const binding = session.bind({
			inputShapes: [[1, 64]],
			outputShapes: [[1, 10]],
		});
		session.close();
		session.close();
		binding.close();
		throwsCode("INTERNAL", /the session is closed/, () =>
			session.bind({ inputShapes: [[1, 64]], outputShapes: [null] }),
		);
		throwsCode("INTERNAL", /the binding is closed/, () =>
			binding.run("inline", () => {}),
		);
		throwsCode("INTERNAL", /the binding is closed/, () =>
			binding.setInput(0, new Uint8Array(256)),
		);
	});

	test("closing while a run is under way is refused", async () => {
		const session = await load("mlp");
		const binding = session.bind({
			inputShapes: [[1, 64]],
			outputShapes: [[1, 10]],
		});
		const running = run(binding, "offload");
		throwsCode("INTERNAL", /while 1 runs are under way/, () => session.close());
		throwsCode("INTERNAL", /the binding is running/, () =>
			binding.run("offload", () => {}),
		);
		await running;
		session.close();
	});
});

test("memory arena and pattern can be switched off, with the same answers", async () => {
	const path = new URL("mlp/1/model.onnx", models).pathname;
	const answers: Buffer[] = [];
	for (const memory of [true, false]) {
		const session = await runtime.load(
			{ kind: "file", path },
			{ memoryArena: memory, memoryPattern: memory },
		);
		const binding = session.bind({
			inputShapes: [[1, 64]],
			outputShapes: [[1, 10]],
		});
		binding.inputs[0]?.set(bytesOf(new Float32Array(64).fill(0.25)));
		await run(binding);
		answers.push(Buffer.from(binding.output(0).data));
		session.close();
	}
	assert.deepEqual(answers[0], answers[1]);
});

test("a run is stopped on the way, long before it would end, and the session runs again", {
	timeout: 60_000,
}, async () => {
	const bytes = fixtureBytes("slow");
	const session = await runtime.load({ kind: "bytes", bytes }, {});
	const bind = () =>
		session.bind({ inputShapes: [[1, 512]], outputShapes: [[1, 512]] });
	const [whole, stopped] = [bind(), bind()];
	const timed = async (action: Promise<void>) => {
		const startMs = performance.now();
		await action;
		return performance.now() - startMs;
	};
	const wholeMs = await timed(run(whole));
	const ended = timed(
		assert.rejects(run(stopped), { code: "CANCELLED", message: /./ }),
	);
	stopped.terminate();
	const stoppedMs = await ended;
	// A step is a 64th of the run; half of it leaves room for a machine that pauses us.
	assert.ok(stoppedMs < wholeMs / 2, `${stoppedMs} ms of ${wholeMs} ms`);
	await run(stopped);
	assert.deepEqual(
		Buffer.from(stopped.output(0).data),
		Buffer.from(whole.output(0).data),
	);
	session.close();
});

test("loading and releasing 200 sessions leaves no growth", async () => {
	const once = async () => (await load("mlp")).close();
	for (let i = 0; i < 50; i++) await once();
	const before = process.memoryUsage.rss();
	for (let i = 0; i < 200; i++) await once();
	const grownMb = (process.memoryUsage.rss() - before) / 2 ** 20;
	// A leak of the mlp's session alone would be over 20 MB; the allocator and the heap breathe by a few.
	assert.ok(grownMb < 12, `grew by ${grownMb.toFixed(1)} MB`);
});

test("the gate never takes the last threads of the pool, and serves in order", () => {
	const gate = new OffloadGate(4);
	const started: number[] = [];
	for (const id of [1, 2, 3, 4]) gate.enter(() => started.push(id));
	assert.deepEqual(started, [1, 2]);
	gate.leave();
	assert.deepEqual(started, [1, 2, 3]);
	gate.leave();
	gate.leave();
	gate.leave();
	assert.deepEqual([started, gate.busyCount], [[1, 2, 3, 4], 0]);
});

test("files and gzip answer while every thread that runs may take is busy", async () => {
	const session = await load("mlp");
	const bindings = Array.from({ length: 8 }, () =>
		session.bind({ inputShapes: [[4096, 64]], outputShapes: [[4096, 10]] }),
	);
	let busy = true;
	const load8 = bindings.map(async (binding) => {
		while (busy) await run(binding, "offload");
	});
	for (let i = 0; i < 5; i++) {
		await readFile(new URL(import.meta.url));
		await promisify(gzip)(Buffer.alloc(10_000));
	}
	busy = false;
	await Promise.all(load8);
	session.close();
});
