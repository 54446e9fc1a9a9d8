import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BatchTimes } from "../cost/cost-model.ts";
import { EntryQueue } from "../queue/entry-queue.ts";
import { FAST, SLOW, times } from "../testing/device-times.ts";
import { TestEntry } from "../testing/test-entry.ts";
import { DEVICE_ALONE } from "./device-outlook.ts";
import { EarliestFinish } from "./earliest-finish.ts";
import { LaneForecast } from "./lane-forecast.ts";

function setUp(costs: readonly BatchTimes[], waitingRows: number) {
	const queue = new EntryQueue<TestEntry>(1);
	for (let i = 0; i < waitingRows; i++) queue.push(new TestEntry(String(i)));
	const lanes = new LaneForecast(costs.map(() => 1));
	const stale: number[] = [];
	const placement = new EarliestFinish<TestEntry>({
		costs,
		onStale: (device) => stale.push(device),
	});
	const view = {
		queue,
		lanes,
		device: DEVICE_ALONE,
		nowUs: 0,
		isDraining: false,
		expectedRows: 0,
		marginUs: 0,
	};
	return {
		view,
		lanes,
		stale,
		placement,
		choose: () => placement.choose(view),
	};
}

describe("a batch goes where it ends first", () => {
	test("of two idle devices to the faster one", () => {
		const { choose } = setUp([SLOW, FAST], 8);
		assert.deepEqual(choose(), { kind: "device", device: 1 });
	});

	test("it waits for the faster one while that ends it sooner, and no longer", () => {
		const { choose, lanes } = setUp([FAST, SLOW], 8);
		lanes.start(10_000, 8, 0);
		assert.deepEqual(choose(), { kind: "wait", untilUs: 40_000 });
		const late = setUp([FAST, SLOW], 8);
		late.lanes.start(31_000, 8, 0);
		assert.deepEqual(late.choose(), { kind: "device", device: 1 });
	});

	test("the slower one takes its share of what keeps the faster one busy for longer", () => {
		const { choose, lanes } = setUp([FAST, SLOW], 24);
		lanes.start(10_000, 8, 0);
		assert.deepEqual(choose(), { kind: "device", device: 1 });
	});

	test("a device that is out of use neither gets work nor is waited for", () => {
		const { choose, lanes } = setUp([FAST, SLOW], 8);
		lanes.setInUse(0, false);
		assert.deepEqual(choose(), { kind: "device", device: 1 });
		lanes.setInUse(0, true);
		assert.deepEqual(choose(), { kind: "device", device: 0 });
	});

	test("of equal devices to the one that is loaded least", () => {
		const { view } = setUp([FAST, FAST, FAST], 8);
		const placement = new EarliestFinish<TestEntry>({
			costs: [FAST, FAST, FAST],
			loadOf: (device) => [0.9, 0.2, 0.5][device] ?? 0,
		});
		assert.deepEqual(placement.choose(view), { kind: "device", device: 1 });
	});

	test("a device that is passed over for what it once took is looked at again", () => {
		const { choose, lanes, stale } = setUp(
			[FAST, times(500_000, 8, 2_000_000)],
			8,
		);
		lanes.start(10_000, 8, 0);
		assert.equal(choose().kind, "wait");
		assert.deepEqual(stale, [1]);
	});

	test("what is too late for the slower device is left to the faster one, if that is in time", () => {
		const { placement, view, lanes } = setUp([FAST, SLOW], 1);
		lanes.start(10_000, 8, 0);
		const due = (deadlineUs: number) =>
			placement.isForAnother(new TestEntry("e", { deadlineUs }), 1, view);
		assert.equal(due(60_000), false, "in time on the slow one");
		assert.equal(due(45_000), true);
		assert.equal(due(25_000), false, "late everywhere");
	});
});
