import assert from "node:assert/strict";
import { test } from "node:test";
import type { BenchResult } from "../bench-results.ts";
import { makePlots } from "./plots.ts";

const at = (median: number) => ({
	median,
	low: 0.9 * median,
	high: 1.1 * median,
});
const results = (entries: Record<string, object>) =>
	new Map(Object.entries(entries) as [string, BenchResult][]);

test("goodput and p99 of each workload, one line a policy; no answers, no point", () => {
	const row = (policy: string, load: number, p99: number | null) => ({
		workload: "fc",
		policy,
		load,
		shareOfCapacity: at(load > 1 ? 0.9 : load),
		p99Ms: p99 === null ? null : at(p99),
	});
	const loads = [
		row("deadline", 0.5, 10),
		row("deadline", 2, 100),
		row("none", 2, null),
		row("deadline", 10, 1),
	];
	const plots = makePlots(results({ load: { loads } }));
	assert.deepEqual(
		plots.map(({ file }) => file),
		["goodput-fc.svg", "p99-fc.svg"],
	);
	const [goodput, p99] = plots;
	assert.equal(goodput!.svg.match(/r="3.5"/g)?.length, 3, "10 × is left out");
	assert.equal(p99!.svg.match(/r="3.5"/g)?.length, 2);
	assert.equal(goodput!.svg.match(/<polyline/g)?.length, 2);
});

test("a claim with standings shows each contender beside every setting of the sweep", () => {
	const standing = (contender: string, offeredPerSecond: number) => ({
		contender,
		offeredPerSecond,
		answersPerSecond: at(200),
		p99Ms: at(100),
	});
	const plots = makePlots(
		results({
			"claims-batching": {
				standings: [
					standing("dynamic", 260),
					standing("fixed 8", 260),
					standing("dynamic", 190),
				],
				sweep: [0, 10].map((delayMs) => ({
					rows: 8,
					delayMs,
					offeredPerSecond: 260,
					answersPerSecond: 190,
					p99Ms: 120,
				})),
			},
		}),
	);
	assert.equal(plots.length, 1);
	assert.equal(plots[0]!.svg.match(/r="3.5"/g)?.length, 3);
	assert.match(plots[0]!.svg, /fixed 8, its sweep/);
});

test("results without what a plot needs have none", () => {
	assert.deepEqual(makePlots(results({ wire: { workloads: [] } })), []);
});
