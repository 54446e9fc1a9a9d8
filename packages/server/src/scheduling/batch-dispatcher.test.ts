import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DeviceShare, PATIENCE_US } from "./placement/device-arbiter.ts";
import { DEVICE_ALONE } from "./placement/device-outlook.ts";
import type { Place, Placement } from "./placement/placement.ts";
import type { BatchRules } from "./policies/batch-rules.ts";
import { TritonPolicy } from "./policies/triton-policy.ts";
import type { BatchDecision, SchedulingPolicy } from "./policy.ts";
import { setUp } from "./testing/scheduler-harness.ts";
import { TestEntry } from "./testing/test-entry.ts";

const RULES = { maxRows: 4, preferredRows: [], maxDelayUs: 0 };

const REFUSAL: BatchDecision = {
	kind: "refuse",
	because: "cannot-finish",
	predictedUs: 1,
};

/** @param places in turn, and then the last one for ever */
function placeAt(
	places: Place[],
	isForAnother: (entry: TestEntry, device: number) => boolean = () => false,
): Placement<TestEntry> {
	return {
		choose: () => (places.length > 1 ? places.shift()! : places[0]!),
		isForAnother,
		runUs: () => 0,
	};
}

function executorOf(log: string[], releases: (() => void)[] = []) {
	return {
		laneCount: 2,
		deviceLanes: [1, 1],
		run: (
			batch: readonly TestEntry[],
			because: string,
			lane: number,
			release: (lane: number) => void,
		) => {
			const names = batch.map(({ name }) => name).join(" ");
			log.push(`run ${names} on ${lane} (${because})`);
			releases.push(() => release(lane));
		},
	};
}

function shareBy(turn: { mayStart: boolean; wake: () => void }) {
	return (wake: () => void): DeviceShare => {
		turn.wake = wake;
		return {
			...DEVICE_ALONE,
			tryStart: () => turn.mayStart,
			finished: () => {},
			settle: () => {},
			setWeight: () => {},
			close: () => {},
		};
	};
}

describe("when lanes are free", () => {
	test("the placement may want to wait for a busy device: it is asked again when it said", () => {
		const log: string[] = [];
		const { scheduler, tick, clock } = setUp({
			executor: executorOf(log),
			placement: placeAt([
				{ kind: "wait", untilUs: 700 },
				{ kind: "device", device: 1 },
			]),
		});
		scheduler.submit(new TestEntry("a"));
		tick();
		clock.advance(699);
		assert.deepEqual(log, []);
		clock.advance(1);
		assert.deepEqual(log, ["run a on 1 (idle-device)"]);
	});

	test("what is left to another device keeps its place in the queue", () => {
		const log: string[] = [];
		const releases: (() => void)[] = [];
		const { scheduler, tick } = setUp({
			executor: executorOf(log, releases),
			placement: placeAt(
				[
					{ kind: "device", device: 1 },
					{ kind: "device", device: 0 },
				],
				({ name }, device) => device === 1 && name === "urgent",
			),
		});
		for (const name of ["urgent", "b", "c"])
			scheduler.submit(new TestEntry(name));
		tick();
		assert.deepEqual(log, [
			"run b c on 1 (idle-device)",
			"run urgent on 0 (idle-device)",
		]);
		assert.equal(scheduler.stats().queuedCount, 0);
	});

	test("that all of it is left to another device starts nothing, and loses nothing", () => {
		const log: string[] = [];
		const { scheduler, tick, clock } = setUp({
			executor: executorOf(log),
			placement: placeAt([{ kind: "device", device: 1 }], () => true),
		});
		for (const name of ["a", "b"]) scheduler.submit(new TestEntry(name));
		tick();
		assert.deepEqual(log, []);
		assert.equal(scheduler.stats().queuedCount, 2);
		assert.equal(clock.pendingCount, 0);
	});

	test("others on the device may go first: it is tried again as soon as they say so", () => {
		const turn = { mayStart: false, wake: () => {} };
		const { scheduler, tick, log } = setUp({ share: shareBy(turn) });
		scheduler.submit(new TestEntry("a"));
		tick();
		assert.deepEqual(log, []);
		turn.mayStart = true;
		turn.wake();
		assert.deepEqual(log, ["run a (idle-device)"]);
	});

	test("their device is asked for a run of all rows of the batch, not of its requests", () => {
		const asked: number[] = [];
		const share = (): DeviceShare => ({
			...shareBy({ mayStart: true, wake: () => {} })(() => {}),
			tryStart: (_dueUs, predictedUs) => {
				asked.push(predictedUs);
				return true;
			},
		});
		const policyOf = (rules: BatchRules) =>
			Object.assign(new TritonPolicy<TestEntry>(rules), {
				likelyUs: (rows: number) => 1000 * rows,
			});
		const { scheduler, tick, finish } = setUp({ share, policyOf });
		for (const rows of [3, 1, 2]) scheduler.submit(new TestEntry("", { rows }));
		tick();
		finish();
		assert.deepEqual(asked, [4000, 2000]);
	});

	test("and when patience ends, whatever they say", () => {
		const turn = { mayStart: false, wake: () => {} };
		const { scheduler, tick, clock, log } = setUp({ share: shareBy(turn) });
		scheduler.submit(new TestEntry("a"));
		tick();
		turn.mayStart = true;
		clock.advance(PATIENCE_US - 1);
		assert.deepEqual(log, []);
		clock.advance(1);
		assert.deepEqual(log, ["run a (idle-device)"]);
		assert.equal(clock.pendingCount, 0);
	});

	test("a head that the policy refuses makes room for the next", () => {
		const inOrder = new TritonPolicy<TestEntry>(RULES);
		const policy: SchedulingPolicy<TestEntry> = {
			orderUs: () => 0,
			cannotFinishUs: () => 0,
			likelyUs: () => 0,
			arrived: () => {},
			answered: () => {},
			decide: (view) =>
				view.queue.head()?.name === "late" ? REFUSAL : inOrder.decide(view),
		};
		const { scheduler, tick, log } = setUp({ policy });
		for (const name of ["late", "b"]) scheduler.submit(new TestEntry(name));
		tick();
		assert.deepEqual(log, [
			"refuse late (cannot-finish)",
			"run b (idle-device)",
		]);
	});
});
