import assert from "node:assert/strict";
import { test } from "node:test";
import { createPoints } from "@saccade/perception";
import { Random } from "../random.ts";
import { type Fault, FaultySink } from "./faults.ts";
import type { SensorSink, SweepReading } from "./readings.ts";

/** One speed reading each 10 ms for a second, through the faults; answers what arrived: when, and with which stamp. */
async function arrivals(
	...faults: readonly Fault[]
): Promise<{ readonly atUs: number; readonly stampUs: number }[]> {
	const heard: { atUs: number; stampUs: number }[] = [];
	let nowUs = 0;
	const sink: SensorSink = {
		imu: () => {},
		path: () => {},
		sweep: () => {},
		speed: ({ stampUs }) => {
			heard.push({ atUs: nowUs, stampUs });
		},
	};
	const faulty = new FaultySink(sink, faults, new Random(1));
	for (let i = 1; i <= 100; i++) {
		nowUs = 10_000 * i;
		await faulty.advance(nowUs);
		faulty.speed({ stampUs: nowUs, speedMps: i });
	}
	return heard;
}

test("without a fault every reading arrives at once", async () => {
	const heard = await arrivals();
	assert.equal(heard.length, 100);
	for (const { atUs, stampUs } of heard) assert.equal(atUs, stampUs);
});

test("a dropout loses its share, in its window and of its sensors only", async () => {
	const window = { fromS: 0.2, untilS: 0.7 } as const;
	const dead = await arrivals({ kind: "dropout", probability: 1, ...window });
	assert.deepEqual(
		dead.map(({ stampUs }) => stampUs / 10_000),
		Array.from({ length: 100 }, (_, i) => i + 1).filter(
			(i) => i < 20 || i >= 70,
		),
	);
	const half = await arrivals({ kind: "dropout", probability: 0.5, ...window });
	assert.ok(half.length > 60 && half.length < 90, `${half.length}`);
	const other = await arrivals({
		kind: "dropout",
		probability: 1,
		...window,
		sensors: ["imu"],
	});
	assert.equal(other.length, 100);
});

test("jitter delays each reading by its own time, so that some overtake others", async () => {
	const heard = await arrivals({
		kind: "jitter",
		upToS: 0.05,
		fromS: 0,
		untilS: 0.9,
	});
	assert.equal(heard.length, 100);
	let overtaken = 0;
	for (const [i, { atUs, stampUs }] of heard.entries()) {
		assert.ok(atUs >= stampUs && atUs - stampUs <= 60_000);
		if (i > 0 && stampUs < heard[i - 1]!.stampUs) overtaken++;
	}
	assert.ok(overtaken > 5, `${overtaken}`);
});

test("a clock step moves the stamps, not the arrivals", async () => {
	const heard = await arrivals({
		kind: "clock-step",
		byS: -3600,
		fromS: 0.5,
		untilS: 9,
	});
	for (const { atUs, stampUs } of heard)
		assert.equal(stampUs, atUs < 500_000 ? atUs : atUs - 3_600_000_000);
});

test("a burst holds readings back and lets them go together, in order", async () => {
	const heard = await arrivals({ kind: "burst", fromS: 0.2, untilS: 0.5 });
	assert.equal(heard.length, 100);
	const held = heard.filter(({ atUs, stampUs }) => atUs !== stampUs);
	assert.deepEqual(
		held.map(({ atUs, stampUs }) => [atUs, stampUs]),
		Array.from({ length: 30 }, (_, i) => [500_000, 10_000 * (20 + i)]),
	);
});

test("a reading that waits is a copy: its maker may go on", async () => {
	let heard: SweepReading | null = null;
	const sink: SensorSink = {
		imu: () => {},
		path: () => {},
		speed: () => {},
		sweep: (reading) => {
			heard = reading;
		},
	};
	const faulty = new FaultySink(
		sink,
		[{ kind: "burst", fromS: 0, untilS: 1 }],
		new Random(1),
	);
	const points = createPoints(8, { withTimes: true });
	points.count = 2;
	points.xyzi.set([1, 2, 3, 4, 5, 6, 7, 8]);
	await faulty.advance(100);
	await faulty.sweep({ stampUs: 100, points });
	points.count = 0;
	points.xyzi.fill(0);
	assert.equal(faulty.waitingCount, 1);
	await faulty.advance(1_000_000);
	const { points: kept } = heard!;
	assert.equal(kept.count, 2);
	assert.deepEqual([...kept.xyzi], [1, 2, 3, 4, 5, 6, 7, 8]);
	assert.equal(faulty.picture, undefined);
});
