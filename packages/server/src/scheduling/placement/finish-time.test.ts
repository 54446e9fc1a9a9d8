import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FAST, SLOW, times } from "../testing/device-times.ts";
import { finishUs } from "./finish-time.ts";
import { LaneForecast } from "./lane-forecast.ts";

describe("when something will be answered", () => {
	test("alone: on the device that ends it first", () => {
		const lanes = new LaneForecast([1, 1]);
		const query = { lanes, costs: [FAST, SLOW], rows: 1, nowUs: 0 };
		assert.equal(finishUs({ ...query, ahead: 0 }), 20_000);
		lanes.start(40_000, 8, 0);
		assert.equal(finishUs({ ...query, ahead: 0 }), 50_000);
	});

	test("never without devices", () => {
		const lanes = new LaneForecast([1]);
		lanes.setInUse(0, false);
		for (const ahead of [0, 8])
			assert.equal(
				finishUs({ lanes, costs: [FAST], ahead, rows: 1, nowUs: 0 }),
				Number.POSITIVE_INFINITY,
			);
	});

	test("behind others: as when each batch is given to the device that ends it first", () => {
		const anyDevice = fc.record({
			us: fc.integer({ min: 1, max: 100_000 }),
			rows: fc.integer({ min: 1, max: 16 }),
			busyUs: fc.integer({ min: 0, max: 100_000 }),
		});
		fc.assert(
			fc.property(
				fc.array(anyDevice, { minLength: 1, maxLength: 5 }),
				fc.integer({ min: 1, max: 300 }),
				fc.double({ min: 0, max: 1e12, noNaN: true }),
				(devices, ahead, nowUs) => {
					const costs = devices.map(({ us, rows }) => times(us, rows));
					const lanes = new LaneForecast(devices.map(() => 1));
					for (const [device, { busyUs }] of devices.entries())
						if (busyUs > 0) lanes.start(nowUs + busyUs, 1, device);
					const ends: { atUs: number; rows: number }[] = devices.flatMap(
						({ us, rows, busyUs }) =>
							Array.from({ length: ahead + 1 }, (_, batch) => ({
								atUs: busyUs + (batch + 1) * us,
								rows,
							})),
					);
					ends.sort((a, b) => a.atUs - b.atUs);
					let done = 0;
					const last = ends.find(({ rows }) => {
						done += rows;
						return done >= ahead + 1;
					});
					const found = finishUs({ lanes, costs, ahead, rows: 1, nowUs });
					assert.ok(
						Math.abs(found - nowUs - (last?.atUs ?? 0)) < 1,
						`${found - nowUs} is not ${last?.atUs}`,
					);
				},
			),
			{ seed: 3, numRuns: 1000 },
		);
	});
});
