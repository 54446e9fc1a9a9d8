import assert from "node:assert/strict";
import { test } from "node:test";
import type { Window } from "./generator.ts";
import type { PolicyName } from "./policies.ts";
import { capacities, type Sample, summariseGoodput } from "./summary.ts";
import type { GoodputTarget } from "./targets.ts";
import { GOODPUT_WORKLOADS } from "./workloads.ts";

const [WORKLOAD] = GOODPUT_WORKLOADS;
assert.ok(WORKLOAD);

function sample(
	round: number,
	policy: PolicyName,
	load: number,
	goodputPerSecond: number,
	more: Partial<Window> & { readonly growthMb?: number } = {},
): Sample {
	const { growthMb = 0, ...window } = more;
	return {
		round,
		policy,
		load,
		growthMb,
		window: {
			offeredPerSecond: 100 * load,
			goodputPerSecond,
			scheduled: 200,
			wrong: 0,
			outcomes: {
				inTime: 150,
				late: 0,
				shed: 50,
				expired: 0,
				clientTimeout: 0,
				overCap: 0,
				failed: 0,
			},
			refusedBecause: { "cannot-finish": 50 },
			p50Us: 1000,
			p99Us: 2000,
			p999Us: 3000,
			maxUs: null,
			bottleneck: null,
			latenessP99Us: 1000,
			clientCores: 0.1,
			serverCores: 1,
			residentMb: 100,
			...window,
		},
	};
}

const verdictsOf = (samples: readonly Sample[], target: GoodputTarget) =>
	summariseGoodput({ ...WORKLOAD, targets: [target] }, 100, samples).verdicts;

test("the capacity of a round is the best at 0.7 to 1.2 times of either policy", () => {
	const samples = [
		sample(0, "deadline", 0.5, 500),
		sample(0, "deadline", 1, 90),
		sample(0, "triton", 1, 95),
		sample(0, "triton", 1.2, 40),
		sample(0, "none", 1, 300),
		sample(0, "deadline", 2, 400),
		sample(1, "deadline", 1.2, 80),
	];
	assert.deepEqual(capacities(samples), [95, 80]);
});

test("goodput is a share of the capacity of its own round, and one bad round fails the target", () => {
	const target = { kind: "goodput", load: 2, atLeast: 0.9 } as const;
	const round = (at: number, capacity: number, goodput: number) => [
		sample(at, "deadline", 1, capacity),
		sample(at, "deadline", 2, goodput),
	];
	const steady = [...round(0, 100, 95), ...round(1, 50, 47)];
	const [met] = verdictsOf(steady, target);
	assert.deepEqual(met?.measured, { median: 0.945, low: 0.94, high: 0.95 });
	assert.equal(met?.met, true);
	const [missed] = verdictsOf([...steady, ...round(2, 100, 80)], target);
	assert.equal(missed?.met, false);
	const [absent] = verdictsOf(round(0, 100, 95), { ...target, load: 10 });
	assert.equal(absent?.met, null);
});

test("memory is the largest growth of each round beyond the capacity, under the deadline policy", () => {
	const samples = [
		sample(0, "deadline", 1, 100, { growthMb: 900 }),
		sample(0, "triton", 2, 100, { growthMb: 800 }),
		sample(0, "deadline", 2, 100, { growthMb: 30 }),
		sample(0, "deadline", 3, 100, { growthMb: 160 }),
	];
	const [verdict] = verdictsOf(samples, { kind: "memory", atMostMb: 150 });
	assert.equal(verdict?.measured?.median, 160);
	assert.equal(verdict?.met, false);
});

test("a p99 is compared at the loads at which triton answered anybody, and ours that answered nobody misses", () => {
	const target: GoodputTarget = { kind: "p99", atMost: 1.05 };
	const nobody = { p99Us: null };
	const samples = [
		sample(0, "deadline", 0.5, 50, { p99Us: 1000 }),
		sample(0, "triton", 0.5, 50, { p99Us: 2000 }),
		sample(0, "deadline", 1, 50, { p99Us: 4000 }),
		sample(0, "triton", 1, 0, nobody),
		sample(1, "deadline", 1, 50),
		sample(1, "triton", 1, 0, nobody),
	];
	const [verdict] = verdictsOf(samples, target);
	assert.deepEqual(verdict?.measured, { median: 0.5, low: 0.5, high: 0.5 });
	assert.equal(verdict?.met, true);
	const silent = [
		...samples,
		sample(2, "deadline", 1, 0, nobody),
		sample(2, "triton", 1, 50),
	];
	assert.equal(verdictsOf(silent, target)[0]?.met, false);
	const incomparable = samples.filter(({ round }) => round === 1);
	assert.equal(verdictsOf(incomparable, target)[0]?.met, null);
});

test("throughput and p99 are compared with triton's at and below the capacity alone", () => {
	const samples = [
		sample(0, "deadline", 0.5, 50, { p99Us: 1000 }),
		sample(0, "triton", 0.5, 50, { p99Us: 2000 }),
		sample(0, "deadline", 1, 99, { p99Us: 4000 }),
		sample(0, "triton", 1, 100, { p99Us: 2000 }),
		sample(0, "deadline", 2, 100, { p99Us: 9000 }),
		sample(0, "triton", 2, 1, { p99Us: 1 }),
	];
	const [throughput] = verdictsOf(samples, {
		kind: "throughput",
		atLeast: 0.98,
	});
	assert.equal(throughput?.measured?.median, 149 / 150);
	assert.equal(throughput?.met, true);
	const [p99] = verdictsOf(samples, { kind: "p99", atMost: 1.05 });
	assert.ok(Math.abs((p99?.measured?.median ?? 0) - 1) < 1e-9);
	assert.equal(p99?.met, true);
});

test("a row tells what became of all its requests, and why", () => {
	const { rows } = summariseGoodput(WORKLOAD, 100, [
		sample(0, "deadline", 1, 100),
		sample(1, "deadline", 1, 100, { p99Us: null }),
	]);
	assert.equal(rows[0]?.outcomes, "75.0 % in time, 25.0 % shed");
	assert.equal(rows[0]?.refusedBecause, "cannot-finish 100");
	assert.equal(rows[0]?.p99Ms, null);
});
