import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
	computedSince,
	threadTimes,
} from "../../../../../test/support/thread-times.ts";
import { allowedCores } from "../../devices/affinity.ts";
import { isSaccadeError } from "../../errors/saccade-error.ts";
import { createOnnxRuntime } from "./onnx-runtime.ts";
import { bind, load, run } from "./testing/slow-runs.ts";

const core = allowedCores()?.at(-1);
const skip = core === undefined && "threads are kept on cores on Linux only";
const runtime = createOnnxRuntime({ poolThreads: 4, intraOpThreadCount: 1 });
after(() => {
	assert.equal(runtime.openSessionCount, 0, "sessions that were not closed");
	runtime.close();
});

test("all threads that compute a run stay on its cores, and answer what others do", {
	skip,
	timeout: 60_000,
}, async () => {
	const session = await load(runtime, "slow", {
		cores: [core!],
		intraOpThreadCount: 3,
	});
	const bindings = [bind(session), bind(session)];
	const expected = await run(bindings[0]!, "inline");
	await Promise.all(bindings.map((binding) => run(binding)));
	const before = threadTimes(process.pid);
	for (let round = 0; round < 5; round++)
		for (const answer of await Promise.all(bindings.map((one) => run(one))))
			assert.deepEqual(answer, expected);
	const computed = computedSince(process.pid, before, 50);
	assert.ok(computed.length > 0, "no thread computed");
	for (const { id, cores } of computed)
		assert.equal(cores, String(core), `thread ${id}`);
	// Those that make the calls, and the session's own.
	const pinned = threadTimes(process.pid).filter(
		({ cores }) => cores === String(core),
	);
	assert.ok(pinned.length >= 2 + 2, `${pinned.length} threads on the core`);
	session.close();
	await runtime.released();
});

test("more runs than threads wait for one another, and each is answered once", {
	skip,
	timeout: 60_000,
}, async () => {
	const session = await load(runtime, "slow", {
		cores: [core!],
		intraOpThreadCount: 1,
	});
	const bindings = Array.from({ length: 12 }, () => bind(session));
	const answers = await Promise.all(bindings.map((binding) => run(binding)));
	for (const answer of answers) assert.deepEqual(answer, answers[0]);
	session.close();
	await runtime.released();
});

test("a run on a thread of its own is stopped as any other", {
	skip,
	timeout: 60_000,
}, async () => {
	const session = await load(runtime, "slow", {
		cores: [core!],
		intraOpThreadCount: 1,
	});
	const binding = bind(session);
	await run(binding);
	const stopped = assert.rejects(
		run(binding),
		(error) => isSaccadeError(error) && error.code === "CANCELLED",
	);
	binding.terminate();
	await stopped;
	await run(binding);
	session.close();
	await runtime.released();
});

test("cores that the system does not have fail a run with the reason", {
	skip,
	timeout: 60_000,
}, async () => {
	const session = await load(runtime, "slow", {
		cores: [1000],
		intraOpThreadCount: 1,
	});
	const binding = bind(session);
	await assert.rejects(run(binding), /keeps no thread on core 1000/);
	session.close();
	await runtime.released();
});
