import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { HungLanesReport } from "../support/hung-lanes-probe.ts";
import { makeModelRepository } from "../support/model-repository.ts";

const PROBE = join(import.meta.dirname, "..", "support", "hung-lanes-probe.ts");

// The pool that the launcher makes, and the one of a process that never heard of it. Lanes: more than the pool.
for (const [poolThreads, lanes] of [
	[16, 20],
	[4, 8],
] as const)
	test(`with every lane held by a long run, a file, gzip and health answer within 50 ms, pool of ${poolThreads}`, {
		timeout: 120_000,
	}, async (t) => {
		const repository = makeModelRepository(t, "slow");
		writeFileSync(
			join(repository, "slow", "config.pbtxt"),
			`max_batch_size: 0
			instance_group { count: ${lanes} }
			parameters { key: "intra_op_thread_count" value { string_value: "1" } }`,
		);
		const { stdout } = await promisify(execFile)(
			process.execPath,
			["--conditions=source", PROBE, repository, String(3 * lanes)],
			{ env: { ...process.env, UV_THREADPOOL_SIZE: String(poolThreads) } },
		);
		const report = JSON.parse(stdout) as HungLanesReport;
		for (const what of ["file", "gzip", "health"] as const) {
			const ms = report[what].toSorted((a, b) => a - b);
			const median = ms[Math.floor(ms.length / 2)] ?? Number.NaN;
			t.diagnostic(
				`${what}: median ${median.toFixed(2)} ms, longest ${ms.at(-1)?.toFixed(1)} ms`,
			);
			// Behind a held pool each would wait for a run of some 100 ms times the lanes a core; the median lets a busy
			// machine pause us now and then.
			assert.ok(median <= 50, `${what} took ${median} ms`);
		}
		assert.ok(report.slowAnswers >= lanes);
	});
