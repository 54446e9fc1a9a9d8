import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CostModel } from "../cost/cost-model.ts";
import {
	DEVICE_ALONE,
	type DeviceOutlook,
} from "../placement/device-outlook.ts";
import { LaneForecast } from "../placement/lane-forecast.ts";
import { EntryQueue } from "../queue/entry-queue.ts";
import { TestEntry } from "../testing/test-entry.ts";
import type { BatchRules } from "./batch-rules.ts";
import { DeadlinePolicy } from "./deadline-policy.ts";

/** A run takes 1 ms and 100 µs a row. */
const runUs = (rows: number) => 1000 + 100 * rows;
const GUARD_US = 500;

function setUp({
	rules = { maxRows: 8, preferredRows: [], maxDelayUs: 0 },
	laneCount = 1,
	costUs = runUs,
	objectiveUs = 0,
}: {
	objectiveUs?: number;
	rules?: BatchRules;
	laneCount?: number;
	costUs?: (rows: number) => number;
} = {}) {
	const cost = new CostModel(8);
	for (const rows of [1, 8]) cost.observe(rows, costUs(rows), 0);
	cost.endCalibration();
	const policy = new DeadlinePolicy<TestEntry>({
		rules,
		cost,
		objectiveUs,
	});
	const queue = new EntryQueue<TestEntry>(1);
	const view = {
		queue,
		lanes: new LaneForecast(laneCount),
		device: DEVICE_ALONE as DeviceOutlook,
		nowUs: 0,
		isDraining: false,
		expectedRows: 0,
		marginUs: 0,
	};
	const arrive = (deadlineUs = Number.POSITIVE_INFINITY, rows = 1) => {
		const entry = new TestEntry("", { deadlineUs, rows });
		entry.enqueuedUs = view.nowUs;
		entry.orderUs = policy.orderUs(entry);
		return entry;
	};
	return {
		policy,
		cost,
		view,
		arrive,
		wait: (...given: Parameters<typeof arrive>) => queue.push(arrive(...given)),
		decide: () => {
			const decision = policy.decide(view);
			switch (decision.kind) {
				case "run":
					return `${decision.take} ${decision.closedBecause}`;
				case "wait":
					return `wait until ${decision.untilUs}`;
				case "refuse":
					return `${decision.because}, takes ${decision.predictedUs}`;
			}
		},
	};
}

describe("a batch", () => {
	test("runs with whatever waits when a lane is idle", () => {
		const { wait, decide } = setUp();
		for (let i = 0; i < 3; i++) wait();
		assert.equal(decide(), "3 idle-device");
	});

	test("takes no more than its earliest deadline allows", () => {
		const { wait, decide } = setUp();
		wait(runUs(3) + GUARD_US);
		for (let i = 0; i < 6; i++) wait();
		assert.equal(decide(), "3 deadline");
	});

	test("is full at the limit where larger batches pay", () => {
		const { wait, decide } = setUp();
		for (let i = 0; i < 20; i++) wait(60_000);
		assert.equal(decide(), "8 full");
	});

	test("grows no larger than rows get cheaper, and now and then larger, to measure again", () => {
		const { wait, decide } = setUp({ costUs: (rows) => 1000 * rows });
		for (let i = 0; i < 20; i++) wait();
		const decisions = Array.from({ length: 33 }, decide);
		assert.equal(decisions[0], "1 efficient-size");
		const larger = decisions.filter((text) => text !== "1 efficient-size");
		assert.deepEqual(larger, ["2 efficient-size", "2 efficient-size"]);
	});

	test("leaves to the lanes that come free next what they need", () => {
		const { wait, decide, view } = setUp({ laneCount: 3 });
		for (let i = 0; i < 12; i++) wait();
		assert.equal(decide(), "3 lane-share");
		view.lanes.start(5000, 4);
		view.lanes.start(5000, 4);
		assert.equal(decide(), "5 lane-share");
		for (let i = 0; i < 12; i++) wait();
		assert.equal(decide(), "8 full");
	});

	test("of one takes one when nothing else is there, however many lanes there are", () => {
		const { wait, decide } = setUp({ laneCount: 3 });
		wait();
		assert.equal(decide(), "1 idle-device");
	});

	test("keeps to the preferred sizes of the model's configuration", () => {
		const rules = { maxRows: 8, preferredRows: [4], maxDelayUs: 10_000 };
		const { wait, decide } = setUp({ rules });
		for (let i = 0; i < 6; i++) wait();
		assert.equal(decide(), "4 preferred-size");
	});

	test("waits for the configured delay, but not into its earliest deadline", () => {
		const rules = { maxRows: 8, preferredRows: [], maxDelayUs: 10_000 };
		const { wait, decide, view } = setUp({ rules });
		wait();
		assert.equal(decide(), "wait until 10000");
		wait(5000);
		const lastUs = 5000 - GUARD_US - runUs(3);
		assert.equal(decide(), `wait until ${lastUs}`);
		view.nowUs = lastUs;
		assert.equal(decide(), "2 deadline");
	});
});

describe("an objective", () => {
	const objectiveUs = runUs(3) + GUARD_US;

	test("limits batches of requests without a deadline while it can be kept", () => {
		const { wait, decide, policy, arrive } = setUp({ objectiveUs });
		for (let i = 0; i < 6; i++) wait();
		assert.equal(decide(), "3 deadline");
		assert.equal(policy.orderUs(arrive()), objectiveUs);
	});

	test("refuses nothing and asks for large batches once it is missed", () => {
		const { wait, decide, view, policy, arrive } = setUp({ objectiveUs });
		for (let i = 0; i < 6; i++) wait();
		view.nowUs = objectiveUs;
		assert.equal(decide(), "6 idle-device");
		assert.equal(policy.cannotFinishUs(arrive(), view), 0);
	});
});

test("a request without a deadline is not given up for one that has one", () => {
	const { wait, decide, view } = setUp();
	wait();
	view.nowUs = 999_000;
	wait(view.nowUs + 2 * runUs(8));
	view.nowUs += 2 * runUs(8) - runUs(1) - GUARD_US;
	assert.equal(decide(), "1 deadline");
});

describe("order", () => {
	test("is by deadline; without one, as if it were a second away", () => {
		const { policy, arrive } = setUp();
		assert.equal(policy.orderUs(arrive(700)), 700);
		assert.equal(policy.orderUs(arrive()), 1_000_000);
	});
});

describe("what cannot finish", () => {
	test("is refused on arrival, with what it would take", () => {
		const { policy, view, arrive } = setUp();
		const justInTime = runUs(1) + GUARD_US;
		assert.equal(policy.cannotFinishUs(arrive(justInTime), view), 0);
		assert.equal(policy.cannotFinishUs(arrive(justInTime - 1), view), runUs(1));
	});

	test("counts the run under way and the batches ahead, not those behind", () => {
		const { policy, view, arrive, wait } = setUp();
		view.lanes.start(2000, 1);
		for (let i = 0; i < 8; i++) wait(9000);
		const needed = 2000 + runUs(8) + runUs(8);
		assert.equal(
			policy.cannotFinishUs(arrive(needed + GUARD_US + 5000), view),
			0,
		);
		for (let i = 0; i < 64; i++) wait(9000);
		assert.ok(policy.cannotFinishUs(arrive(9001), view) > 9001 - GUARD_US);
		assert.equal(policy.cannotFinishUs(arrive(8000), view), 0);
	});

	test("never is refused without a deadline", () => {
		const { policy, view, arrive, wait } = setUp();
		for (let i = 0; i < 1000; i++) wait();
		assert.equal(policy.cannotFinishUs(arrive(), view), 0);
	});

	test("is refused in the queue as soon as a lane could take it and it would be late", () => {
		const { wait, decide, view } = setUp();
		wait(3000);
		view.nowUs = 3000 - GUARD_US - runUs(1) + 1;
		assert.equal(decide(), `cannot-finish, takes ${runUs(1)}`);
	});

	test("is tried when nothing else runs and no run confirmed the prediction for a second", () => {
		const { policy, view, arrive, wait, decide } = setUp();
		view.nowUs = 2_000_000;
		assert.equal(policy.cannotFinishUs(arrive(2_000_900), view), 0);
		wait(2_000_900);
		assert.equal(decide(), "1 deadline");
		view.lanes.start(2_000_500, 1);
		assert.ok(policy.cannotFinishUs(arrive(2_000_900), view) > 0);
	});

	test("of an unbatched model counts what waits by its own size", () => {
		const rules = { maxRows: 1, preferredRows: [], maxDelayUs: 0 };
		const { policy, view, arrive, wait } = setUp({ rules });
		for (let i = 0; i < 4; i++) wait(7000, 4);
		const needed = 4 * runUs(4) + runUs(4) + GUARD_US;
		assert.equal(policy.cannotFinishUs(arrive(needed, 4), view), 0);
		assert.ok(policy.cannotFinishUs(arrive(needed - 200, 4), view) > 0);
	});
});

describe("beside other models on the device", () => {
	const beside = (given: { waitUs?: number; portion?: number }) => ({
		waitUs: () => given.waitUs ?? 0,
		portion: () => given.portion ?? 1,
		isHeldUp: false,
	});

	test("what arrives waits until they have run", () => {
		const { policy, view, arrive } = setUp();
		view.device = beside({ waitUs: 5000 });
		const neededUs = 5000 + runUs(1);
		assert.equal(policy.cannotFinishUs(arrive(neededUs + GUARD_US), view), 0);
		assert.equal(
			policy.cannotFinishUs(arrive(neededUs + GUARD_US - 1), view),
			neededUs,
		);
	});

	test("each batch ahead is followed by their turns", () => {
		const { policy, view, arrive, wait } = setUp();
		view.device = beside({ portion: 0.25 });
		for (let i = 0; i < 16; i++) wait(50_000);
		const neededUs = 2 * 4 * runUs(8) + runUs(8);
		const last = 50_000 + neededUs;
		view.nowUs = last - neededUs - GUARD_US;
		assert.equal(policy.cannotFinishUs(arrive(last), view), 0);
		view.nowUs += 1;
		assert.equal(policy.cannotFinishUs(arrive(last), view), neededUs);
	});

	test("a device that they have for a long time is no reason to try what will be late", () => {
		const { policy, cost, view, arrive } = setUp();
		view.nowUs = 10_000_000;
		view.device = beside({ waitUs: 5000 });
		const late = arrive(view.nowUs + runUs(1) + GUARD_US);
		assert.equal(policy.cannotFinishUs(late, view), 5000 + runUs(1));
		assert.equal(cost.isDoubted, false);
	});

	test("what is believed of the model itself is tried all the same", () => {
		const { policy, cost, view, arrive } = setUp();
		view.nowUs = 10_000_000;
		view.device = beside({ waitUs: 5000 });
		const late = arrive(view.nowUs + runUs(1) + GUARD_US - 1);
		assert.equal(policy.cannotFinishUs(late, view), 0);
		assert.equal(cost.isDoubted, true);
	});

	test("a head that became late while it waited for them is not run to try the model", () => {
		const { decide, wait, view } = setUp();
		view.nowUs = 10_000_000;
		wait(view.nowUs + runUs(1));
		view.device = { ...DEVICE_ALONE, isHeldUp: true };
		assert.equal(decide(), `cannot-finish, takes ${runUs(1)}`);
		view.device = DEVICE_ALONE;
		assert.equal(decide(), "1 deadline");
	});
});
