import assert from "node:assert/strict";
import { test } from "node:test";
import type { BenchResult } from "./bench-results.ts";
import { renderBenchmarksDoc } from "./benchmarks-doc.ts";

const RESULT: BenchResult = {
	machine: {
		cpu: "A CPU",
		cores: 2,
		memoryGiB: 24,
		os: "Linux 6",
		node: "v24.0.0",
		commit: "abc1234",
		date: "2030-01-02",
		command: "npm run bench -- x",
	},
	rounds: 5,
	workloads: [
		{
			id: "a|b",
			perSecond: { median: 1234.5, low: 1200.2, high: 1300 },
			target: { minPerSecond: 1000, maxP99Ms: null },
			met: true,
			rounds: [1, 2],
		},
		{ id: "c", share: 0.83244, met: false, target: null },
		{
			id: "d",
			yardsticks: [
				{ name: "furnace", ratio: { median: 2, low: 1.5, high: 2.5 } },
			],
			targets: [
				{ target: "≥ 2 × furnace", met: false },
				{ target: "p99 ≤ 2 ms", met: null },
			],
		},
	],
};

test("a result becomes a table with where and how it was taken", () => {
	const text = renderBenchmarksDoc(new Map([["x", RESULT]]));
	assert.match(
		text,
		/## x\n\n`npm run bench -- x`, commit abc1234, 2030-01-02: A CPU, 2 cores, 24 GiB, Linux 6, Node v24\.0\.0\./,
	);
	const lines = text
		.slice(text.indexOf("## x"))
		.split("\n")
		.filter((line) => line.startsWith("| "))
		.map((line) => line.replace(/ +\|/g, " |"));
	assert.deepEqual(lines, [
		"| id | per second | target | met | share | yardsticks | targets |",
		"| a\\|b | 1235 [1200, 1300] | min per second 1000 | yes | | | |",
		"| c | | | no | 0.832 | | |",
		"| d | | | | | 2.000 [1.500, 2.500] × furnace | ≥ 2 × furnace: no; p99 ≤ 2 ms: not measured |",
	]);
});

test("what is not met comes first, with what was measured", () => {
	const text = renderBenchmarksDoc(new Map([["x", RESULT]]));
	assert.ok(text.indexOf("## Targets") < text.indexOf("## x"));
	assert.match(text, /1 of 3 are met/);
	assert.match(text, /\| \[x\]\(#x\) \| d +\| ≥ 2 × furnace \|/);
});

test("a long list is folded", () => {
	const { machine } = RESULT;
	const sweep = Array.from({ length: 30 }, (_, delayMs) => ({ delayMs }));
	const text = renderBenchmarksDoc(
		new Map([["x", { machine, best: [{ delayMs: 1 }], sweep }]]),
	);
	assert.match(text, /<summary>30 rows<\/summary>\n\n\| delay ms \|/);
	assert.equal(text.split("<details>").length, 2);
});

test("each list of a result becomes a table of its own, in the order of the file", () => {
	const { machine } = RESULT;
	const lists = { machine, targets: [{ met: true }], loads: [{ load: 2 }] };
	const text = renderBenchmarksDoc(new Map([["x", lists]]));
	assert.match(text, /\| met \|[\s\S]*\| load \|/);
});

test("an interval that does not exist is left out, and one without an end is shown", () => {
	const { machine } = RESULT;
	const rows = [
		{ id: "nothing", interval: { low: null, high: null } },
		{ id: "endless", interval: { low: 0.5, high: null } },
	];
	const text = renderBenchmarksDoc(new Map([["x", { machine, rows }]]));
	assert.match(text, /\| nothing +\| +\|/);
	assert.match(text, /\| endless +\| \[0\.5, \]/);
});
