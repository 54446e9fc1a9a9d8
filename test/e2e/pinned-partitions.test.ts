// CPU partitions with cores of their own: a model on both computes on no others.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { allowedCores } from "../../packages/server/src/devices/affinity.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { computedSince, threadTimes } from "../support/thread-times.ts";
import { saccade, serve } from "./support/command.ts";

const [first, second] = allowedCores() ?? [];
const skip =
	(first === undefined || second === undefined) &&
	"needs Linux and two cores that may be used";

test("each partition computes on its cores, and on no others", {
	skip,
	timeout: 60_000,
}, async (t) => {
	const repository = makeModelRepository(t, "slow");
	writeFileSync(
		join(repository, "slow", "config.pbtxt"),
		"max_batch_size: 0 instance_group { kind: KIND_CPU count: 1 }",
	);
	const config = join(repository, "saccade.yaml");
	writeFileSync(
		config,
		`devices:
  - { name: left, kind: cpu, cores: ${first} }
  - { name: right, kind: cpu, cores: ${second} }
`,
	);
	const serving = await serve(t, [
		`--model-repository=${repository}`,
		`--config=${config}`,
		"--prepared-models=off",
	]);
	const infer = async () => {
		const data = new Array<number>(512).fill(0.5);
		const url = `http://${serving.http}/v2/models/slow/infer`;
		const answer = await fetch(url, {
			method: "POST",
			body: JSON.stringify({
				inputs: [{ name: "input", datatype: "FP32", shape: [1, 512], data }],
			}),
		});
		assert.equal(answer.status, 200, await answer.text());
	};
	const pid = serving.process.pid ?? 0;
	const both = () => Promise.all(Array.from({ length: 6 }, infer));
	await both();
	const before = threadTimes(pid);
	await both();
	await both();
	const computed = computedSince(pid, before, 100);
	assert.deepEqual(
		[...new Set(computed.map(({ cores }) => cores))].sort(),
		[String(first), String(second)].sort(),
	);
});

test("a partition on a core that the process may not use keeps the server from starting, with the reason", {
	skip,
	timeout: 60_000,
}, async (t) => {
	const repository = makeModelRepository(t);
	const config = join(repository, "saccade.yaml");
	writeFileSync(config, "devices: [{ name: far, kind: cpu, cores: 0-1000 }]\n");
	const { code, stderr } = await saccade([
		"serve",
		`--model-repository=${repository}`,
		`--config=${config}`,
	]);
	assert.notEqual(code, 0);
	assert.match(
		stderr,
		/CPU partition 'far': core .*1000 is not among those that this process may use/,
	);
});
