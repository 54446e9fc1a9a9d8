import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../common/manual-clock.ts";
import { type TimerItem, TimerQueue } from "./timer-queue.ts";

class Item implements TimerItem {
	heapIndex = -1;
	dueUs = 0;
	readonly fired: number[] = [];
	onFire: (nowUs: number) => void = () => {};

	fire(nowUs: number): void {
		this.fired.push(nowUs);
		this.onFire(nowUs);
	}
}

test("items are fired in order at their instants", () => {
	const clock = new ManualClock();
	const queue = new TimerQueue(clock);
	const [a, b, c] = [new Item(), new Item(), new Item()];
	queue.schedule(a, 300);
	queue.schedule(b, 100);
	queue.schedule(c, 200);
	queue.cancel(c);
	clock.advance(1000);
	assert.deepEqual([a.fired, b.fired, c.fired], [[300], [100], []]);
});

test("an item that schedules itself again is fired again, and one that is moved only at its new instant", () => {
	const clock = new ManualClock();
	const queue = new TimerQueue(clock);
	const item = new Item();
	item.onFire = (nowUs) => {
		if (nowUs < 300) queue.schedule(item, nowUs + 100);
	};
	queue.schedule(item, 50);
	queue.schedule(item, 100);
	clock.advance(1000);
	assert.deepEqual(item.fired, [100, 200, 300]);
});

test("ten thousand items hold one timer of the clock, and none after closing", () => {
	const clock = new ManualClock();
	const queue = new TimerQueue(clock);
	for (let i = 0; i < 10_000; i++) queue.schedule(new Item(), 10_000 - i);
	assert.equal(queue.size, 10_000);
	assert.equal(clock.pendingCount, 1);
	queue.close();
	assert.equal(queue.size, 0);
	assert.equal(clock.pendingCount, 0);
});

test("items of one instant cost one timer of the clock, and so do those that they schedule meanwhile", () => {
	const clock = new ManualClock();
	let timerCount = 0;
	const queue = new TimerQueue({
		nowUs: () => clock.nowUs(),
		at: (atUs, callback) => {
			timerCount++;
			return clock.at(atUs, callback);
		},
	});
	const items = Array.from({ length: 50 }, () => new Item());
	for (const item of items) {
		item.onFire = (nowUs) => queue.schedule(item, nowUs + 100);
		queue.schedule(item, 100);
	}
	clock.advance(1000);
	for (const { fired } of items) assert.equal(fired.length, 10);
	assert.equal(timerCount, 11);
});

test("a queue goes on after an item that throws", () => {
	const clock = new ManualClock();
	const queue = new TimerQueue(clock);
	const [faulty, sound] = [new Item(), new Item()];
	faulty.onFire = () => {
		throw new Error("it is broken");
	};
	queue.schedule(faulty, 100);
	queue.schedule(sound, 200);
	assert.throws(() => clock.advance(150), /it is broken/);
	clock.advance(100);
	assert.deepEqual(sound.fired, [200]);
});

test("an item that is put off again and again moves when the clock is set, and is fired when nothing puts it off", () => {
	const clock = new ManualClock();
	const wakeUps: number[] = [];
	const queue = new TimerQueue({
		nowUs: () => clock.nowUs(),
		at: (atUs, callback) =>
			clock.at(atUs, () => {
				wakeUps.push(clock.nowUs());
				callback();
			}),
	});
	let untilUs = 100;
	const item = Object.assign(new Item(), { putOffUntilUs: () => untilUs });
	queue.schedule(item, 100);
	for (let atUs = 10; atUs <= 1000; atUs += 10) {
		clock.advance(10);
		untilUs = atUs + 100;
	}
	assert.deepEqual(item.fired, []);
	assert.ok(wakeUps.length <= 12, `woken at ${wakeUps}`);
	clock.advance(1000);
	assert.deepEqual(item.fired, [1100]);
});
