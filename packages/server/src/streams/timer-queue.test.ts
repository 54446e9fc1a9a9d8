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
