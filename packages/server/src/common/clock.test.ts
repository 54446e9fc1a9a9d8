import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "./clock.ts";
import { ManualClock } from "./manual-clock.ts";

describe("the system's clock", () => {
	test("goes forward in microseconds, and never calls early", async () => {
		for (const delayUs of [0, 300, 1500, 2999.5]) {
			const atUs = systemClock.nowUs() + delayUs;
			const calledUs = await new Promise<number>((resolve) => {
				// A pending timer keeps nobody alive: this one does it for the test.
				const alive = setInterval(() => {}, 1000);
				systemClock.at(atUs, () => {
					clearInterval(alive);
					resolve(systemClock.nowUs());
				});
			});
			assert.ok(calledUs >= atUs, `${atUs - calledUs} µs early`);
		}
	});

	test("calls earlier where it may, and never by more", async () => {
		const earlyUs = 500;
		const lateUs: number[] = [];
		const alive = setInterval(() => {}, 1000);
		for (let i = 0; i < 40; i++) {
			const atUs = systemClock.nowUs() + 500 + i * 97.3;
			await new Promise<void>((resolve) => {
				systemClock.at(
					atUs,
					() => {
						lateUs.push(systemClock.nowUs() - atUs);
						resolve();
					},
					earlyUs,
				);
			});
		}
		clearInterval(alive);
		lateUs.sort((a, b) => a - b);
		assert.ok(lateUs[0]! >= -earlyUs, `${lateUs[0]} µs late`);
		assert.ok(lateUs[0]! < 0, "some are called early");
	});

	test("calls in the next turn of the loop where the instant has passed, though nothing else wakes it", async () => {
		const isWokenByTimer = "the loop slept until a timer";
		for (const turnMs of [0, 5]) {
			const untilUs = systemClock.nowUs() + turnMs * 1000;
			while (systemClock.nowUs() < untilUs);
			let timer: NodeJS.Timeout | undefined;
			const first = await Promise.race([
				new Promise<string>((resolve) => {
					timer = setTimeout(() => resolve(isWokenByTimer), 1000);
				}),
				new Promise<string>((resolve) => {
					systemClock.at(systemClock.nowUs(), () => resolve("called"));
				}),
			]);
			clearTimeout(timer);
			assert.equal(first, "called");
		}
	});

	test("does not call what was cancelled", async () => {
		let isPassedCalled = false;
		systemClock
			.at(systemClock.nowUs(), () => {
				isPassedCalled = true;
			})
			.cancel();
		await nextTurn();
		assert.equal(isPassedCalled, false);
		let isCalled = false;
		const timer = systemClock.at(systemClock.nowUs() + 500, () => {
			isCalled = true;
		});
		timer.cancel();
		timer.cancel();
		await new Promise((resolve) => setTimeout(resolve, 5));
		assert.equal(isCalled, false);
	});

	test("takes instants beyond what a timer of Node can wait", (t) => {
		t.mock.timers.enable({ apis: ["setTimeout"] });
		let isCalled = false;
		const timer = systemClock.at(systemClock.nowUs() + 2 ** 31 * 2000, () => {
			isCalled = true;
		});
		t.mock.timers.tick(2 ** 31 - 1);
		assert.equal(isCalled, false, "it goes on in hops");
		timer.cancel();
	});
});

describe("the manual clock", () => {
	test("fires in the order of instants, then of setting, each at its own", () => {
		const clock = new ManualClock(10);
		const log: string[] = [];
		const at = (name: string, us: number) =>
			clock.at(us, () => log.push(`${name} at ${clock.nowUs()}`));
		at("late", 30);
		at("first", 20);
		at("second", 20);
		at("past", 5);
		clock.advance(9);
		assert.deepEqual(log, ["past at 10"]);
		clock.advance(100);
		assert.deepEqual(log.slice(1), [
			"first at 20",
			"second at 20",
			"late at 30",
		]);
		assert.equal(clock.nowUs(), 119);
	});

	test("fires what was set while it moves, and not what was cancelled", () => {
		const clock = new ManualClock();
		const log: number[] = [];
		clock.at(10, () => {
			log.push(clock.nowUs());
			clock.at(15, () => log.push(clock.nowUs()));
			cancelled.cancel();
		});
		const cancelled = clock.at(12, () => log.push(-1));
		clock.advance(20);
		assert.deepEqual(log, [10, 15]);
		assert.equal(clock.pendingCount, 0);
	});
});
