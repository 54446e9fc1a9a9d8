import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerWindow } from "./server-round.ts";
import { showRows, showYardsticks, summarise } from "./summary.ts";
import type { Workload } from "./workloads.ts";

const workload: Workload = {
	id: "toy-grpc-8",
	protocol: "grpc",
	generator: "own",
	model: {
		name: "toy",
		input: "input",
		inputShape: [1, 4],
		output: "output",
		outputShape: [1, 2],
	},
	connections: 2,
	inFlight: 8,
	yardsticks: ["furnace"],
	targets: [
		{ kind: "rate", atLeast: 500 },
		{ kind: "ratio", to: "furnace", atLeast: 2 },
		{ kind: "p99", atMostMs: 3 },
	],
};

const ours = (perSecond: number): ServerWindow => ({
	perSecond,
	answered: perSecond * 2,
	clientCores: 0.5,
	serverCpuUs: 20,
	serverSystemUs: 5,
	p50Us: 1500,
	p99Us: 2500,
	exchange: { request: 400, answer: 100 },
	residentMb: 90,
});
const theirs = (perSecond: number) => ({
	perSecond,
	p99Us: 4000,
	serverCpuUs: 40,
});
const furnace = (...rates: number[]) => ({
	name: "furnace" as const,
	setting: "1 session",
	windows: rates.map(theirs),
});

test("a slow round costs both sides alike: ratios are taken round by round", () => {
	const row = summarise(workload, [ours(1000), ours(400)], [furnace(400, 160)]);
	assert.deepEqual(row.yardsticks[0]?.ratio, {
		median: 2.5,
		low: 2.5,
		high: 2.5,
	});
	assert.deepEqual(
		row.targets.map(({ target, met }) => [target, met]),
		[
			["≥ 500/s", false],
			["≥ 2 × furnace", true],
			["p99 ≤ 3 ms", true],
		],
	);
});

test("a yardstick that was left out leaves its target unjudged", () => {
	const row = summarise(workload, [ours(1000)], []);
	assert.deepEqual(
		row.targets.map(({ met }) => met),
		[true, null, true],
	);
});

test("a yardstick without latencies and CPU still has its ratio", () => {
	const loop = {
		name: "plain loop" as const,
		setting: "batch 64",
		windows: [{ perSecond: 2000, p99Us: null, serverCpuUs: null }],
	};
	const row = summarise(workload, [ours(1000)], [loop]);
	assert.equal(row.yardsticks[0]?.ratio.median, 0.5);
	assert.equal(row.yardsticks[0]?.p99Ms, null);
	assert.equal(row.yardsticks[0]?.serverCpuUs, null);
});

test("the tables name each target with its verdict, each yardstick with its ratio and setting", () => {
	const rows = [summarise(workload, [ours(1000)], [furnace(400)])];
	assert.match(showRows(rows), /≥ 2 × furnace: yes; p99 ≤ 3 ms: yes/);
	assert.match(
		showYardsticks(rows),
		/toy-grpc-8 \| furnace .*2\.50 \[2\.50, 2\.50\].*4\.00.*40\.0.*1 session/,
	);
});
