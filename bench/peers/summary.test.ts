import assert from "node:assert/strict";
import { test } from "node:test";
import {
	type ContenderRounds,
	summarisePeers,
	type WorkloadRounds,
} from "./summary.ts";

const EXCHANGE = { request: 1, answer: 1 };

function contender(
	name: string,
	perSecond: readonly number[],
	more: Partial<ContenderRounds> = {},
): ContenderRounds {
	return {
		name,
		variant: "defaults",
		settings: "",
		idleMb: 99.6,
		ended: null,
		overload: [],
		server: { readyMs: 12.4 },
		windows: perSecond.map((rate) => ({
			perSecond: rate,
			p50Us: 1,
			p99Us: 1e6 / rate,
			answered: 1,
			wrong: 0,
			exchange: EXCHANGE,
			clientCores: 0,
		})),
		...more,
	};
}

const rounds = (
	peers: readonly ContenderRounds[],
	ours = contender("saccade", [240, 120], { variant: "shipped" }),
): WorkloadRounds => ({
	workload: "fc",
	dominatedBy: "wire",
	contenders: [ours, ...peers],
	plain: [480, 240],
	plainSetting: "batch 8",
});

test("a slow round falls on both sides of a ratio", () => {
	const { rates } = summarisePeers(rounds([contender("a", [120, 60])]));
	const [ours, peer, plain] = rates;
	assert.deepEqual(ours?.ofPlain, { median: 0.5, low: 0.5, high: 0.5 });
	assert.equal(ours?.oursOverIts, null);
	assert.deepEqual(peer?.oursOverIts, { median: 2, low: 2, high: 2 });
	assert.deepEqual(plain?.oursOverIts, { median: 0.5, low: 0.5, high: 0.5 });
});

test("the best peer is the fastest that was measured to the end", () => {
	const { targets, rates } = summarisePeers(
		rounds([
			contender("slow", [10, 10]),
			contender("fast", [200, 100], { variant: "tuned" }),
			contender("wrong", [900, 900], { ended: "1 of 9 answers were wrong" }),
		]),
	);
	assert.deepEqual(
		targets.map(({ bestPeer, met }) => [bestPeer, met]),
		[
			["fast, tuned", true],
			["fast, tuned", true],
		],
	);
	const wrong = rates.find(({ server }) => server === "wrong");
	assert.equal(wrong?.perSecond, null);
	assert.equal(wrong?.ended, "1 of 9 answers were wrong");
});

test("a server that never started has a row that says so", () => {
	const { rates } = summarisePeers(
		rounds([contender("gone", [], { ended: "no such file", server: null })]),
	);
	const row = rates.find(({ server }) => server === "gone");
	assert.equal(row?.ended, "no such file");
	assert.equal(row?.readyMs, null);
});

test("overload is told as a share of what a server answered to the closed loop", () => {
	const overload = [
		{ offeredPerSecond: 200, goodputPerSecond: 25, growthMb: 10 },
		{ offeredPerSecond: 200, goodputPerSecond: 75, growthMb: 30 },
	];
	const summary = summarisePeers(
		rounds([contender("a", [100, 100], { overload })]),
	);
	assert.deepEqual(summary.overload, [
		{
			workload: "fc",
			server: "a",
			variant: "defaults",
			offeredPerSecond: 200,
			inDeadline: { median: 0.5, low: 0.25, high: 0.75 },
			growthMb: { median: 20, low: 10, high: 30 },
			settings: "",
		},
	]);
});

test("without our own server there is nothing to tell", () => {
	const ours = contender("saccade", [], { variant: "shipped", ended: "boom" });
	assert.throws(() => summarisePeers(rounds([], ours)), /boom/);
});
