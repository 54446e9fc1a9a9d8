// Several models with deadlines on one device, on a simulated one and a clock that jumps from event to event: what they
// can do together they do, whoever cannot be served in time is told on arrival, and a model that asks for little is not
// touched by one that asks for everything.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../common/manual-clock.ts";
import { DeviceArbiter } from "./placement/device-arbiter.ts";
import { randomFrom, simulate } from "./testing/simulation.ts";
import { TestEntry } from "./testing/test-entry.ts";

const SECONDS = 20;

interface Model {
	readonly maxRows: number;
	readonly runUs: (rows: number) => number;
	readonly deadlineUs: number;
	/** Over what it could do if the device were its own. */
	readonly load: number;
	readonly weight?: number;
	/** Of one run. @default those of the device */
	readonly threads?: number;
}

interface Outcomes {
	arrived: number;
	/** Over what it could do if the device were its own. */
	goodput: number;
	late: number;
	refusedOnArrival: number;
	refusedLater: number;
	readonly batchSizes: readonly number[];
}

function share(models: readonly Model[], deviceThreads = 1): Outcomes[] {
	const clock = new ManualClock();
	const arbiter = new DeviceArbiter(deviceThreads);
	const random = randomFrom(11);
	const running = models.map((model) => {
		const { maxRows, runUs, deadlineUs, load, weight = 1 } = model;
		const { threads = deviceThreads } = model;
		const laneCount = deviceThreads / threads;
		const perSecond = (laneCount * maxRows * 1e6) / runUs(maxRows);
		const outcomes = {
			arrived: 0,
			goodput: 0,
			late: 0,
			refusedOnArrival: 0,
			refusedLater: 0,
		};
		const { scheduler, batchSizes } = simulate({
			maxRows,
			laneCount,
			clock,
			runUs,
			share: (wake) => arbiter.share({ weight, threadCounts: [threads], wake }),
			answered: (entry) => {
				if (clock.nowUs() > entry.deadlineUs) outcomes.late++;
				else outcomes.goodput += 1 / (SECONDS * perSecond);
			},
			refused: (entry) => {
				if (clock.nowUs() === entry.enqueuedUs) outcomes.refusedOnArrival++;
				else outcomes.refusedLater++;
			},
		});
		const arrive = () => {
			outcomes.arrived++;
			const nowUs = clock.nowUs();
			scheduler.submit(new TestEntry("", { deadlineUs: nowUs + deadlineUs }));
			const gapUs = (-Math.log(random()) * 1e6) / (perSecond * load);
			clock.at(nowUs + gapUs, arrive);
		};
		arrive();
		return { scheduler, result: Object.assign(outcomes, { batchSizes }) };
	});
	clock.advance(SECONDS * 1e6);
	for (const { scheduler } of running) scheduler.close();
	return running.map(({ result }) => result);
}

/** 3.6 ms for one row, 8.2 ms for sixteen. */
const QUICK = (rows: number) => 3300 + 305 * rows;
/** 23.8 ms for one row, 54.2 ms for sixteen. */
const SLOW = (rows: number) => 21_771 + 2029 * rows;
const quick = { maxRows: 16, runUs: QUICK, deadlineUs: 60_000 };
const slow = { maxRows: 16, runUs: SLOW, deadlineUs: 4 * SLOW(16) };
const frames = { maxRows: 1, runUs: () => 20_000, deadlineUs: 200_000 };

const times = (count: number, model: Omit<Model, "load">, load: number) =>
	Array.from({ length: count }, () => ({ ...model, load }));
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe("models that ask for more than the device can do", () => {
	for (const [name, models, deviceThreads] of [
		["four alike, 1.2 times as much", times(4, quick, 0.3)],
		["four alike, 4 times as much", times(4, quick, 1)],
		["two slow ones, 1.2 times as much", times(2, slow, 0.6)],
		[
			"a slow and a quick one, 2 times as much",
			[...times(1, slow, 1), ...times(1, quick, 1)],
		],
		[
			"two with lanes side by side, 2 times as much",
			times(2, { ...quick, threads: 1 }, 1),
			2,
		],
		[
			"one without batches and one of wide runs, 2 times as much",
			[...times(1, { ...frames, threads: 1 }, 1), ...times(1, quick, 1)],
			2,
		],
	] as const satisfies readonly (readonly [string, Model[], number?])[])
		test(`${name}: get at least 0.95 of it in time`, () => {
			const outcomes = share(models, deviceThreads);
			const seen = JSON.stringify(outcomes, [
				"goodput",
				"late",
				"refusedOnArrival",
				"refusedLater",
			]);
			assert.ok(sum(outcomes.map(({ goodput }) => goodput)) >= 0.95, seen);
			const refused = sum(
				outcomes.map(({ refusedOnArrival }) => refusedOnArrival),
			);
			const later = sum(outcomes.map(({ refusedLater }) => refusedLater));
			assert.ok(refused > 2 * later, seen);
			const late = sum(outcomes.map((one) => one.late));
			assert.ok(
				late <= 0.0005 * sum(outcomes.map(({ arrived }) => arrived)),
				seen,
			);
		});
});

describe("a model that asks for little", () => {
	test("is served in time beside one that asks for everything, which gets the rest", () => {
		const [little, much] = share([
			{ ...quick, load: 0.1 },
			{ ...slow, load: 3 },
		]) as [Outcomes, Outcomes];
		const seen = JSON.stringify(
			[little, much],
			["goodput", "late", "refusedOnArrival", "refusedLater", "arrived"],
		);
		assert.ok(little.goodput >= 0.09, seen);
		assert.ok(much.goodput >= 0.6, seen);
	});
});
