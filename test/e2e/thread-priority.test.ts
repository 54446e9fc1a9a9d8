// Threads that run models yield to the event loop, as --lane-nice says, and those that help V8 yield to both.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { serve } from "./support/command.ts";

const SCHED_OTHER = 0;
const SCHED_BATCH = 3;

interface ThreadSchedule {
	readonly name: string;
	readonly id: number;
	readonly nice: number;
	/** https://man7.org/linux/man-pages/man7/sched.7.html */
	readonly policy: number;
}

/** Fields 19 and 41 of `stat`, counted behind the name. */
function schedulesOf(pid: number): ThreadSchedule[] {
	return readdirSync(`/proc/${pid}/task`).map((id) => {
		const stat = readFileSync(`/proc/${pid}/task/${id}/stat`, "utf8");
		const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		const [nice, policy] = [Number(fields[16]), Number(fields[38])];
		return { name, nice, policy, id: Number(id) };
	});
}

for (const [args, expected, helpers] of [
	[[], 5, 10],
	[["--lane-nice=0"], 0, 0],
	[["--lane-nice=12"], 12, 12],
] as const)
	test(`threads of the pool have nice value ${expected} with ${args[0] ?? "no option"}, V8's helpers ${helpers}, and interrupt the loop only with 0; the loop has none`, {
		timeout: 60_000,
		skip: process.platform !== "linux" && "priorities of threads are Linux's",
	}, async (t) => {
		const own = schedulesOf(process.pid)[0]?.nice ?? 0;
		if (own > 0) return t.skip("this process is niced itself");
		const repository = makeModelRepository(t);
		addFakeModel(repository, "echo");
		const serving = await serve(t, [
			`--model-repository=${repository}`,
			...args,
		]);
		const pid = serving.process.pid ?? 0;
		const threads = schedulesOf(pid);
		const pool = threads.filter(({ name }) => name === "libuv-worker");
		assert.equal(pool.length, 16);
		assert.deepEqual([...new Set(pool.map(({ nice }) => nice))], [expected]);
		const ofV8 = threads.filter(({ name }) => name === "V8Worker");
		assert.deepEqual([...new Set(ofV8.map(({ nice }) => nice))], [helpers]);
		const policies = new Set([...pool, ...ofV8].map(({ policy }) => policy));
		assert.deepEqual(
			[...policies],
			[expected === 0 ? SCHED_OTHER : SCHED_BATCH],
		);
		const loop = threads.find(({ id }) => id === pid);
		assert.equal(loop?.nice, 0);
		assert.equal(loop.policy, SCHED_OTHER);
	});
