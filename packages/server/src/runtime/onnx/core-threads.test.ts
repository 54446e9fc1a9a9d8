import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
	computedSince,
	threadTimes,
} from "../../../../../test/support/thread-times.ts";
import { allowedCores } from "../../devices/affinity.ts";
import { isSaccadeError } from "../../errors/saccade-error.ts";
import type { Binding } from "../runtime.ts";
import { createOnnxRuntime, type OnnxRuntime } from "./onnx-runtime.ts";
import { bind, load, run } from "./testing/slow-runs.ts";

const cores = (allowedCores() ?? []).slice(0, 2);
const skip =
	cores.length < 2 && "there are no two cores to keep threads on (Linux only)";
/** Longer than warming up takes to be told from load. */
const ROUNDS = 200;

const opened: OnnxRuntime[] = [];
after(() => {
	for (const runtime of opened) {
		assert.equal(runtime.openSessionCount, 0, "sessions that were not closed");
		runtime.close();
	}
});

function open(coreEach: readonly number[]): OnnxRuntime {
	const runtime = createOnnxRuntime({
		poolThreads: 6,
		intraOpThreadCount: 1,
		coreEach,
	});
	opened.push(runtime);
	return runtime;
}

/** Threads that may use one core only. */
function keptThreads() {
	const single = new Set(cores.map(String));
	return threadTimes(process.pid).filter((thread) => single.has(thread.cores));
}

/** Each goes on when its own run is over, so that it meets the other's. */
async function runSideBySide(
	bindings: readonly Binding[],
	rounds: number,
	isEnough: () => boolean = () => false,
): Promise<Buffer[]> {
	const answers: Buffer[] = [];
	await Promise.all(
		bindings.map(async (binding) => {
			for (let round = 0; round < rounds && !isEnough(); round++)
				answers.push(await run(binding));
		}),
	);
	return answers;
}

test("long runs beside each other get a core each, one that is alone goes where there is room, and all are answered", {
	skip,
	timeout: 180_000,
}, async () => {
	const runtime = open(cores);
	const session = await load(runtime, "slow", { intraOpThreadCount: 1 });
	const bindings = [bind(session), bind(session)] as const;
	const expected = await run(bindings[0], "inline");
	const areThere = () => keptThreads().length === cores.length;
	await runSideBySide(bindings, ROUNDS, areThere);
	assert.ok(areThere(), `${keptThreads().length} threads with a core each`);
	// A thread is given runs from its first message on.
	await runSideBySide(bindings, 3);

	let before = threadTimes(process.pid);
	for (const answer of await runSideBySide(bindings, 10))
		assert.deepEqual(answer, expected);
	const computed = computedSince(process.pid, before, 200);
	assert.ok(
		computed.some(({ cores: list }) => list === String(cores[0])) &&
			computed.some(({ cores: list }) => list === String(cores[1])),
		JSON.stringify(computed),
	);

	before = threadTimes(process.pid);
	for (let i = 0; i < 5; i++) await run(bindings[0]);
	const kept = new Set(keptThreads().map(({ id }) => id));
	for (const { id } of computedSince(process.pid, before, 200))
		assert.ok(!kept.has(id), "a run that was alone was kept on one core");

	const stopped = Promise.allSettled(bindings.map((one) => run(one)));
	for (const binding of bindings) binding.terminate();
	for (const result of await stopped)
		assert.ok(
			result.status === "rejected" &&
				isSaccadeError(result.reason) &&
				result.reason.code === "CANCELLED",
			result.status,
		);
	session.close();
	await runtime.released();
});

test("fewer long runs than cores start no thread", {
	skip,
	timeout: 60_000,
}, async () => {
	const runtime = open([...cores, cores[0]!]);
	const countBefore = keptThreads().length;
	const session = await load(runtime, "slow", { intraOpThreadCount: 1 });
	await runSideBySide([bind(session), bind(session)], 60);
	assert.equal(keptThreads().length, countBefore);
	session.close();
	await runtime.released();
});

test("short runs, and those on several threads, start no thread", {
	skip,
	timeout: 60_000,
}, async () => {
	const runtime = open(cores);
	const countBefore = keptThreads().length;
	const short = await load(runtime, "mlp", { intraOpThreadCount: 1 });
	await runSideBySide([bind(short), bind(short)], ROUNDS);
	const wide = await load(runtime, "slow", { intraOpThreadCount: 2 });
	await runSideBySide([bind(wide), bind(wide)], 20);
	assert.equal(keptThreads().length, countBefore);
	for (const session of [short, wide]) session.close();
	await runtime.released();
});

test("where no thread can be kept on a core, runs are made as before", {
	skip,
	timeout: 180_000,
}, async () => {
	const runtime = open([1000, 1001]);
	const session = await load(runtime, "slow", { intraOpThreadCount: 1 });
	const bindings = [bind(session), bind(session)];
	const answers = await runSideBySide(bindings, 25);
	for (const answer of answers) assert.deepEqual(answer, answers[0]);
	session.close();
	await runtime.released();
});
