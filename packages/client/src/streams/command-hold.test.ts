import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../testing/manual-clock.ts";
import { commandOf, type Decision, type HeldCommand } from "./command.ts";
import { CommandHold } from "./command-hold.ts";

const SAFE = { action: "brake", reasons: ["silence"], targets: [] };
const ms = (count: number) => BigInt(count) * 1_000_000n;
const decision = (action: string, validUntilMs: number): Decision => ({
	action,
	reasons: [],
	targets: [],
	validUntilNs: ms(validUntilMs),
});

function holdOf(clock: ManualClock) {
	const told: string[] = [];
	const hold = new CommandHold(SAFE, clock, (held: HeldCommand) =>
		told.push(`${clock.nowNs() / 1_000_000n} ${commandOf(held).action}`),
	);
	return { hold, told };
}

test("before the first decision the safe command holds", () => {
	const { hold } = holdOf(new ManualClock());
	assert.deepEqual(hold.held, {
		kind: "safe",
		command: SAFE,
		because: "start",
	});
});

test("a decision holds until it runs out, then the safe command, then the next decision", () => {
	const clock = new ManualClock();
	const { hold, told } = holdOf(clock);
	hold.take(decision("keep", 100), 1n, "lidar");
	clock.advance(99);
	assert.equal(commandOf(hold.held).action, "keep");
	clock.advance(201);
	hold.take(decision("slow", 400), 2n, "lidar");
	assert.deepEqual(told, ["0 keep", "100 brake", "300 slow"]);
});

test("a newer decision takes the place of the one before, and its timer too", () => {
	const clock = new ManualClock();
	const { hold, told } = holdOf(clock);
	hold.take(decision("keep", 100), 1n, "lidar");
	clock.advance(50);
	hold.take(decision("slow", 300), 2n, "lidar");
	assert.equal(clock.timerCount, 1);
	clock.advance(200);
	assert.equal(commandOf(hold.held).action, "slow");
	assert.deepEqual(told, ["0 keep", "50 slow"]);
});

test("a decision about an older reading, and one that is over when it comes, change nothing", () => {
	const clock = new ManualClock();
	const { hold, told } = holdOf(clock);
	clock.advance(10);
	hold.take(decision("slow", 100), 5n, "lidar");
	hold.take(decision("keep", 500), 4n, "lidar");
	hold.take(decision("keep", 10), 6n, "lidar");
	assert.equal(commandOf(hold.held).action, "slow");
	assert.deepEqual(told, ["10 slow"]);
});

test("whoever asks hears the safe command in time, even when the event loop is too busy for the timer", () => {
	const clock = new ManualClock();
	const { hold, told } = holdOf(clock);
	hold.take(decision("keep", 100), 1n, "lidar");
	clock.advance(100, { runsTimers: false });
	assert.equal(commandOf(hold.held).action, "brake");
	clock.advance(100);
	assert.deepEqual(told, ["0 keep", "100 brake"]);
});

test("a decision for longer than a timer can wait still runs out", () => {
	const clock = new ManualClock();
	const { hold, told } = holdOf(clock);
	const days30Ms = 30 * 24 * 3_600_000;
	hold.take(decision("keep", days30Ms), 1n, "lidar");
	clock.advance(days30Ms - 1);
	assert.equal(commandOf(hold.held).action, "keep");
	clock.advance(1);
	assert.deepEqual(told, ["0 keep", `${days30Ms} brake`]);
});

test("after closing nothing is told and nothing waits", () => {
	const clock = new ManualClock();
	const { hold, told } = holdOf(clock);
	hold.take(decision("keep", 100), 1n, "lidar");
	hold.close();
	assert.equal(clock.timerCount, 0);
	clock.advance(200);
	assert.deepEqual(told, ["0 keep"]);
});
