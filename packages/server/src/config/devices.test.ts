import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveOptions } from "./resolve.ts";

function resolve(fileText: string) {
	return resolveOptions({ args: [], env: {}, fileText });
}

test("CPU partitions and simulated devices come from the file", () => {
	const resolved = resolve(`
devices:
  - { name: left, kind: cpu, threads: 2 }
  - { name: right, kind: cpu, cores: "2-3,6" }
  - { name: one, kind: cpu, cores: 0-1, threads: 1 }
  - name: sim0
    kind: simulated
    curveMs: { 1: 23.8, 8: 38 }
    memoryBytes: 1000
    faults:
      - { kind: hang, fromMs: 100, toMs: 200 }
      - { kind: slow, factor: 3 }
  - { name: sim1, kind: simulated, curveMs: { 1: 5 } }
`);
	assert.ok(resolved.ok);
	assert.deepEqual(resolved.options.devices, [
		{ kind: "cpu", name: "left", threadCount: 2, cores: null },
		{ kind: "cpu", name: "right", threadCount: 3, cores: [2, 3, 6] },
		{ kind: "cpu", name: "one", threadCount: 1, cores: [0, 1] },
		{
			kind: "simulated",
			name: "sim0",
			curveMs: { 1: 23.8, 8: 38 },
			memoryBytes: 1000,
			faults: [
				{ fault: { kind: "hang" }, fromMs: 100, toMs: 200 },
				{
					fault: { kind: "slow", factor: 3 },
					fromMs: 0,
					toMs: Number.POSITIVE_INFINITY,
				},
			],
		},
		{
			kind: "simulated",
			name: "sim1",
			curveMs: { 1: 5 },
			memoryBytes: 8 * 1024 ** 3,
			faults: [],
		},
	]);
});

test("every problem is told at once, each with its device", () => {
	const resolved = resolve(`
devices:
  - { name: a, kind: cpu, threads: 0 }
  - { name: a, kind: simulated, curveMs: { 0: 5 }, memoryBytes: -1 }
  - { kind: simulated, curveMs: {}, faults: 3, speed: 9 }
  - { name: f, kind: simulated, curveMs: { 1: 1 }, faults: [{ kind: melt }, { kind: fail, fromMs: 5, toMs: 5 }, { kind: slow, factor: 1 }] }
  - { name: g, kind: gpu }
  - { name: p, kind: cpu, cores: 3-1 }
  - { name: q, kind: cpu, cores: 4, threads: 2 }
  - { name: h, kind: tpu }
  - 7
`);
	assert.ok(!resolved.ok);
	const text = resolved.problems.join("\n");
	for (const problem of [
		/device 'a': 'threads' is a whole number of 1 or more, got '0'/,
		/device 'a': the name is taken/,
		/device 'a': 'curveMs' is the time/,
		/device 'a': 'memoryBytes' is a whole number of 1 or more, got '-1'/,
		/device 2: a 'name' of letters/,
		/device 2: 'faults' is a list/,
		/device 2: 'speed' is no setting/,
		/device 'g': GPUs are found by themselves/,
		/device 'p': 'cores' are numbers and ranges/,
		/device 'q': 2 threads are more than its 1 cores/,
		/device 'h': 'kind' is one of cpu, simulated, got 'tpu'/,
		/device 8: settings with values are needed/,
	])
		assert.match(text, problem);
	assert.equal(text.match(/device 'f': a fault is/g)?.length, 3);
	const noList = resolve("devices: 5\nserver: {}\n");
	assert.ok(!noList.ok);
	assert.match(noList.problems.join(), /devices: a list is needed/);
});
