import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { makeModelRepository } from "../support/model-repository.ts";

const PROBE = join(
	import.meta.dirname,
	"..",
	"support",
	"lanes-memory-probe.ts",
);
const WEIGHTS_MIB = 96;

test("four instances of a model hold its weights once", {
	timeout: 120_000,
}, async (t) => {
	const repository = makeModelRepository(t, "fc");
	const mib: number[] = [];
	for (const count of [1, 4]) {
		writeFileSync(
			join(repository, "fc", "config.pbtxt"),
			`max_batch_size: 2
			input { name: "input" data_type: TYPE_FP32 dims: 1024 }
			output { name: "output" data_type: TYPE_FP32 dims: 1000 }
			instance_group { count: ${count} }
			parameters { key: "intra_op_thread_count" value { string_value: "1" } }
			parameters { key: "saccade.run_mode" value { string_value: "offload" } }`,
		);
		const { stdout } = await promisify(execFile)(
			process.execPath,
			["--conditions=source", PROBE, repository],
			{ env: { ...process.env, UV_THREADPOOL_SIZE: "16" } },
		);
		mib.push(Number(stdout) / 2 ** 20);
	}
	const [one = 0, four = 0] = mib;
	t.diagnostic(
		`resident: ${one.toFixed(0)} MiB with 1, ${four.toFixed(0)} MiB with 4`,
	);
	assert.ok(one > WEIGHTS_MIB, "the model is in memory");
	// Three more copies would be 288 MiB; lanes have buffers, and the allocator breathes.
	assert.ok(four - one < WEIGHTS_MIB / 2, `${four - one} MiB more`);
});
