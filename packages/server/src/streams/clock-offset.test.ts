import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockOffset, type ClockVerdict } from "./clock-offset.ts";

/** Numbers in [0, 1), the same for every run. */
function randomOf(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

/** A sensor whose clock is `offsetUs` behind the server's and runs too fast by `ppm`. */
function sensorClock(offsetUs: number, ppm: number) {
	return (serverUs: number) => serverUs * (1 + ppm * 1e-6) - offsetUs;
}

/** Frames at 30 Hz from `fromUs`; each delayed by at least 2 ms and up to 12. */
function feed(
	clock: ClockOffset,
	sensor: (serverUs: number) => number,
	from: { fromUs: number; count: number; seed: number },
): { endUs: number; verdicts: ClockVerdict[] } {
	const random = randomOf(from.seed);
	const verdicts: ClockVerdict[] = [];
	let atUs = from.fromUs;
	for (let i = 0; i < from.count; i++) {
		atUs += 33_333;
		// A tenth of the frames meets an empty way.
		const delayUs = random() < 0.1 ? 2000 : 2000 + random() * 10_000;
		verdicts.push(clock.observe(sensor(atUs), atUs + delayUs));
	}
	return { endUs: atUs, verdicts };
}

for (const ppm of [0, 40, -80])
	test(`offset and drift of a clock that runs ${ppm} ppm fast are found through jitter`, () => {
		for (let seed = 1; seed <= 20; seed++) {
			const clock = new ClockOffset();
			const sensor = sensorClock(7_000_000_000, ppm);
			const { endUs } = feed(clock, sensor, {
				fromUs: 5e6,
				count: 900,
				seed,
			});
			const { offsetUs, driftPpm, uncertaintyUs } = clock.quality(endUs);
			// The shortest way, 2 ms, cannot be told from the offset without an exchange.
			const trueOffsetUs = endUs - sensor(endUs) + 2000;
			assert.ok(
				Math.abs(offsetUs - trueOffsetUs) < 1500,
				`seed ${seed}: off by ${offsetUs - trueOffsetUs} µs`,
			);
			assert.ok(Math.abs(driftPpm - ppm) < 60, `seed ${seed}: ${driftPpm} ppm`);
			assert.ok(uncertaintyUs < 5000);
		}
	});

test("an exchange in both directions removes the shortest way from the offset", () => {
	const clock = new ClockOffset();
	const sensor = sensorClock(1_000_000, 0);
	const { endUs } = feed(clock, sensor, { fromUs: 0, count: 100, seed: 3 });
	clock.exchange(
		sensor(endUs),
		endUs + 2000,
		endUs + 2100,
		sensor(endUs + 4100),
	);
	const { offsetUs, uncertaintyUs } = clock.quality(endUs);
	assert.ok(Math.abs(offsetUs - 1_000_000) < 100, `${offsetUs}`);
	assert.ok(Math.abs(uncertaintyUs - 2000) < 100, `${uncertaintyUs}`);
});

for (const stepUs of [3_600_000_000, -3_600_000_000, 400_000, -400_000])
	test(`a step of the sensor's clock by ${stepUs / 1e6} s is followed within five frames, told once`, () => {
		const clock = new ClockOffset();
		const before = sensorClock(0, 0);
		const { endUs } = feed(clock, before, { fromUs: 0, count: 300, seed: 5 });
		const after = (serverUs: number) => before(serverUs) + stepUs;
		const { endUs: laterUs, verdicts } = feed(clock, after, {
			fromUs: endUs,
			count: 60,
			seed: 6,
		});
		assert.equal(verdicts.indexOf("stepped"), 4);
		assert.equal(verdicts.filter((one) => one === "stepped").length, 1);
		const early = verdicts.slice(0, 4);
		assert.deepEqual(early, Array(4).fill(stepUs > 0 ? "future" : "ok"));
		const { offsetUs, stepCount } = clock.quality(laterUs);
		assert.equal(stepCount, 1);
		assert.ok(Math.abs(offsetUs + stepUs) < 12_000, `${offsetUs}`);
	});

test("single frames from the future are named and change nothing", () => {
	const clock = new ClockOffset();
	const sensor = sensorClock(0, 0);
	const { endUs } = feed(clock, sensor, { fromUs: 0, count: 300, seed: 8 });
	const before = clock.quality(endUs);
	for (let i = 1; i <= 20; i++) {
		const aheadUs = i * 1_000_000;
		assert.equal(clock.observe(endUs + aheadUs, endUs), "future");
	}
	assert.deepEqual(clock.quality(endUs), before);
});

test("a burst that was held up is late, not a step", () => {
	const clock = new ClockOffset();
	const sensor = sensorClock(0, 0);
	const { endUs } = feed(clock, sensor, { fromUs: 0, count: 300, seed: 9 });
	// Two seconds of frames arrive at once.
	for (let i = 0; i < 60; i++)
		assert.equal(
			clock.observe(sensor(endUs + i * 33_333), endUs + 2_000_000),
			"ok",
		);
	const { stepCount, offsetUs } = clock.quality(endUs);
	assert.equal(stepCount, 0);
	assert.ok(Math.abs(offsetUs - 2000) < 1500, `${offsetUs}`);
});

test("frames in another order than they were measured in are all placed right", () => {
	const clock = new ClockOffset();
	for (let i = 0; i < 300; i++) {
		// Every pair is swapped.
		const measured = (i ^ 1) * 10_000;
		assert.equal(clock.observe(measured, (i + 2) * 10_000), "ok");
	}
	const error = clock.measuredUs(1_000_000, 1_030_000) - (1_000_000 + 10_000);
	assert.ok(Math.abs(error) < 1000, `${error}`);
});

test("no frame was measured after it was received", () => {
	const clock = new ClockOffset();
	clock.observe(0, 100_000);
	clock.observe(50_000, 100_001);
	assert.equal(clock.measuredUs(60_000, 100_002), 100_002);
});
