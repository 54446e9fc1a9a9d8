// Waiting for those who were just answered, on simulated devices: what it gains in closed loops, and that nobody else
// pays for it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CostModel } from "../cost/cost-model.ts";
import type { SchedulingPolicy } from "../policy.ts";
import { randomFrom, simulate } from "../testing/simulation.ts";
import { TestEntry } from "../testing/test-entry.ts";
import { ReturnWait } from "./return-wait.ts";

type Policy = SchedulingPolicy<TestEntry>;

/** Most of a run is the same for one row and for many. */
const fixedUs = (rows: number) => 8800 + 150 * rows;
const perRowUs = (rows: number) => 150 * rows;
const MAX_ROWS = 64;
const SECONDS = 5;

interface Measured {
	readonly perSecond: number;
	readonly meanUs: number;
	readonly p99Us: number;
	readonly batches: readonly number[];
}

/** The deadline policy, and the same without being told who was answered: it waits for nobody. */
function withoutReturns(policy: Policy): Policy {
	return {
		orderUs: (arrival) => policy.orderUs(arrival),
		cannotFinishUs: (arrival, view) => policy.cannotFinishUs(arrival, view),
		decide: (view) => policy.decide(view),
		likelyUs: (rows) => policy.likelyUs(rows),
		arrived: () => {},
		answered: () => {},
	};
}

function summarise(
	latenciesUs: readonly number[],
	batches: readonly number[],
	seconds: number,
): Measured {
	const sorted = latenciesUs.toSorted((a, b) => a - b);
	return {
		perSecond: sorted.length / seconds,
		meanUs: sorted.reduce((sum, us) => sum + us, 0) / sorted.length,
		p99Us: sorted[Math.floor(sorted.length * 0.99)]!,
		batches,
	};
}

/**
 * Clients that send their next request `returnUs` after the answer to the last.
 * @param stretch of a run that starts while so many of them are away
 */
function closedLoop(
	clientCount: number,
	returnUs: (random: () => number) => number,
	runUs: (rows: number) => number,
	waits = true,
	stretch: (awayCount: number) => number = () => 1,
): Measured {
	const random = randomFrom(3);
	const latenciesUs: number[] = [];
	let awayCount = 0;
	const { clock, scheduler, batchSizes } = simulate({
		maxRows: MAX_ROWS,
		runUs: (rows) => runUs(rows) * stretch(awayCount),
		...(!waits && { wrap: withoutReturns }),
		answered: ({ enqueuedUs }) => {
			const nowUs = clock.nowUs();
			if (nowUs > 1e6) latenciesUs.push(nowUs - enqueuedUs);
			awayCount++;
			clock.at(nowUs + returnUs(random), comeBack);
		},
	});
	const send = () => scheduler.submit(new TestEntry(""));
	const comeBack = () => {
		awayCount--;
		send();
	};
	for (let client = 0; client < clientCount; client++)
		clock.at(client * 100, send);
	clock.advance((SECONDS + 1) * 1e6);
	return summarise(latenciesUs, batchSizes, SECONDS);
}

/** Arrivals that do not care what is answered. */
function openLoop(perSecond: number, waits = true): Measured {
	const random = randomFrom(7);
	const latenciesUs: number[] = [];
	const { clock, scheduler, batchSizes } = simulate({
		maxRows: MAX_ROWS,
		runUs: fixedUs,
		...(!waits && { wrap: withoutReturns }),
		answered: ({ enqueuedUs }) => latenciesUs.push(clock.nowUs() - enqueuedUs),
	});
	while (clock.nowUs() < 20e6) {
		clock.advance((-Math.log(random()) * 1e6) / perSecond);
		scheduler.submit(new TestEntry(""));
	}
	clock.advance(1e6);
	return summarise(latenciesUs, batchSizes, 20);
}

describe("in a closed loop", () => {
	for (const clientCount of [8, 32, 64])
		test(`${clientCount} requests in flight run together, not in two parts by turns`, () => {
			const returnUs = (random: () => number) => 1000 + 1000 * random();
			const parts = closedLoop(clientCount, returnUs, fixedUs, false);
			const together = closedLoop(clientCount, returnUs, fixedUs);
			assert.deepEqual(
				new Set(together.batches.slice(-50)),
				new Set([clientCount]),
			);
			const idealPerSecond =
				(clientCount / (fixedUs(clientCount) + 2000)) * 1e6;
			assert.ok(together.perSecond >= 0.98 * idealPerSecond);
			assert.ok(together.perSecond > 1.2 * parts.perSecond);
			assert.ok(together.p99Us <= parts.p99Us);
		});

	test("requests run together where runs take longer beside clients that come back, which no time of a run tells", () => {
		// Alone too little is saved to wait for: 1.7 ms.
		const curveUs = (rows: number) => 1700 + 266 * rows;
		const stretch = (awayCount: number) => (awayCount > 0 ? 1.35 : 1);
		// Those of the first connection are back before the others are read.
		let answerCount = 0;
		const returnUs = () => (answerCount++ % 64 < 16 ? 600 : 2500);
		const parts = closedLoop(64, returnUs, curveUs, false, stretch);
		const together = closedLoop(64, returnUs, curveUs, true, stretch);
		assert.ok(
			together.perSecond > 1.1 * parts.perSecond,
			`${together.perSecond}, in parts ${parts.perSecond}`,
		);
		assert.ok(together.meanUs < 0.9 * parts.meanUs);
		const alike = closedLoop(64, returnUs, curveUs);
		const without = closedLoop(64, returnUs, curveUs, false);
		assert.ok(alike.perSecond >= 0.98 * without.perSecond);
	});

	test("a lone client is answered as fast as without", () => {
		const returnUs = () => 1500;
		assert.deepEqual(
			closedLoop(1, returnUs, fixedUs).p99Us,
			closedLoop(1, returnUs, fixedUs, false).p99Us,
		);
	});

	test("nobody waits where rows do not get cheaper", () => {
		const returnUs = (random: () => number) => 2000 * random();
		assert.deepEqual(
			closedLoop(64, returnUs, perRowUs).meanUs,
			closedLoop(64, returnUs, perRowUs, false).meanUs,
		);
	});

	test("nobody waits for clients that take longer than is saved", () => {
		const returnUs = (random: () => number) => 6000 + 6000 * random();
		const waiting = closedLoop(64, returnUs, fixedUs);
		const without = closedLoop(64, returnUs, fixedUs, false);
		assert.ok(waiting.perSecond >= 0.99 * without.perSecond);
		assert.ok(waiting.p99Us <= 1.02 * without.p99Us);
	});
});

describe("in an open loop", () => {
	// 64 rows in 18.4 ms: 3,478/s at most.
	for (const perSecond of [10, 100, 1000, 2000, 3100])
		test(`${perSecond} arrivals a second are answered as fast as without`, () => {
			const waiting = openLoop(perSecond);
			const without = openLoop(perSecond, false);
			assert.ok(waiting.meanUs <= 1.01 * without.meanUs);
			assert.ok(waiting.p99Us <= 1.02 * without.p99Us);
		});
});

/** A batch of `rows` ended, all came back within a millisecond, and this happened often. */
function learnt(rows: number): {
	waits: ReturnWait;
	nowUs: number;
	cost: CostModel;
} {
	const cost = new CostModel(MAX_ROWS);
	for (const size of [1, MAX_ROWS]) cost.observe(size, fixedUs(size), 0);
	cost.endCalibration();
	const waits = new ReturnWait(cost);
	let nowUs = 0;
	for (let round = 0; round < 20; round++) {
		waits.answered(rows, nowUs);
		waits.arrived(rows, nowUs + 900);
		nowUs += fixedUs(rows);
	}
	waits.answered(rows, nowUs);
	return { waits, nowUs, cost };
}

describe("a batch", () => {
	const none = Number.POSITIVE_INFINITY;

	test("waits until all are back, or for the time in which they always were", () => {
		const { waits, nowUs } = learnt(32);
		const batch = { rows: 32, maxRows: 64, earliestUs: none, nowUs };
		assert.equal(waits.untilUs(batch), nowUs + 1000);
		waits.arrived(31, nowUs + 500);
		const grown = { ...batch, rows: 63, nowUs: nowUs + 500 };
		assert.equal(waits.untilUs(grown), nowUs + 1000);
		waits.arrived(1, nowUs + 600);
		const all = { ...batch, rows: 64, nowUs: nowUs + 600 };
		assert.equal(waits.untilUs(all), nowUs + 600);
		assert.ok(waits.hasWaited);
	});

	test("does not wait for those whom it cannot take", () => {
		const { waits, nowUs } = learnt(32);
		const batch = { rows: 32, maxRows: 32, earliestUs: none, nowUs };
		assert.equal(waits.untilUs(batch), nowUs);
	});

	test("gives up waiting, for longer and longer, when they stay away", () => {
		const { waits, nowUs: startUs } = learnt(32);
		let nowUs = startUs;
		let waitCount = 0;
		for (let round = 0; round < 200; round++) {
			const batch = { rows: 32, maxRows: 64, earliestUs: none, nowUs };
			if (waits.untilUs(batch) > nowUs) waitCount++;
			nowUs += fixedUs(32);
			waits.answered(32, nowUs);
		}
		assert.ok(waitCount >= 1 && waitCount <= 8, `${waitCount}`);
	});

	test("never waits beyond half of what is saved, nor into its earliest deadline", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 64 }),
				fc.integer({ min: 1, max: 64 }),
				fc.integer({ min: 0, max: 30_000 }),
				fc.integer({ min: 0, max: 3000 }),
				(answered, rows, slackUs, laterUs) => {
					const { waits, nowUs, cost } = learnt(answered);
					const atUs = nowUs + laterUs;
					const earliestUs = atUs + slackUs;
					const untilUs = waits.untilUs({
						rows,
						maxRows: MAX_ROWS,
						earliestUs,
						nowUs: atUs,
					});
					if (untilUs <= atUs) return;
					const together = Math.min(rows + answered, MAX_ROWS);
					const savedUs =
						cost.likelyUs(rows) +
						cost.likelyUs(answered) -
						cost.likelyUs(together);
					assert.ok(untilUs - atUs <= savedUs / 2);
					assert.ok(untilUs + cost.safeUs(together) <= earliestUs);
				},
			),
			{ seed: 4, numRuns: 1000 },
		);
	});
});
