// Threads that run models yield to the event loop, as --lane-nice says.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { serve } from "./support/command.ts";

/** Nice values by thread name: field 19 of `stat`, counted behind the name. */
function niceValues(pid: number): { name: string; nice: number; id: number }[] {
	return readdirSync(`/proc/${pid}/task`).map((id) => {
		const stat = readFileSync(`/proc/${pid}/task/${id}/stat`, "utf8");
		const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		return { name, nice: Number(fields[16]), id: Number(id) };
	});
}

for (const [args, expected] of [
	[[], 5],
	[["--lane-nice=0"], 0],
	[["--lane-nice=12"], 12],
] as const)
	test(`threads of the pool have nice value ${expected} with ${args[0] ?? "no option"}, and the loop has none`, {
		timeout: 60_000,
		skip: process.platform !== "linux" && "priorities of threads are Linux's",
	}, async (t) => {
		const own = niceValues(process.pid)[0]?.nice ?? 0;
		if (own > 0) return t.skip("this process is niced itself");
		const repository = makeModelRepository(t);
		addFakeModel(repository, "echo");
		const serving = await serve(t, [
			`--model-repository=${repository}`,
			...args,
		]);
		const pid = serving.process.pid ?? 0;
		const threads = niceValues(pid);
		const pool = threads.filter(({ name }) => name === "libuv-worker");
		assert.equal(pool.length, 16);
		assert.deepEqual([...new Set(pool.map(({ nice }) => nice))], [expected]);
		assert.equal(threads.find(({ id }) => id === pid)?.nice, 0);
	});
