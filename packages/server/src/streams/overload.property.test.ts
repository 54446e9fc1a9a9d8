// Three times what can be run: a camera and a LiDAR that share one slot, each service time at random. Whatever is started is
// the newest of its sensor, so what a vehicle knows is older than it needs to be by one period at most.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	createStreams,
	openStream,
	readingOf,
	turn,
} from "./testing/harness.ts";

const OVERLOAD = 3;
const MS = 1000;
const SECONDS = 3;
const PERIODS_MS = { camera: 10, lidar: 33 } as const;
type Sensor = keyof typeof PERIODS_MS;
const SENSORS: readonly Sensor[] = ["camera", "lidar"];
/** Mean time of a run: both sensors together want the slot for three times as long as there is. */
const MEAN_RUN_MS =
	OVERLOAD / SENSORS.reduce((sum, one) => sum + 1 / PERIODS_MS[one], 0);

test("at three times what can be run every frame has its outcome, and what is started is never more than one period old", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.integer({ min: 20, max: 180 }), {
				minLength: 20,
				maxLength: 60,
			}),
			fc.integer({ min: 0, max: PERIODS_MS.lidar }),
			async (percents, phaseMs) => {
				const streams = createStreams({ maxRunningCount: 1 });
				const { clock, held } = streams;
				const { stream, log } = openStream(streams, { maxInFlightCount: 4 });
				const sent: Record<Sensor, number> = { camera: 0, lidar: 0 };
				const nextMs: Record<Sensor, number> = {
					camera: 0,
					lidar: phaseMs,
				};
				// However they are drawn, their mean is three times what there is time for.
				const meanPercent =
					percents.reduce((sum, one) => sum + one, 0) / percents.length;
				let runEndsMs = Number.POSITIVE_INFINITY;
				let startedCount = 0;
				for (;;) {
					const sensor =
						nextMs.camera <= nextMs.lidar ? ("camera" as const) : "lidar";
					const atMs = Math.min(runEndsMs, nextMs[sensor]);
					if (atMs > SECONDS * 1000) break;
					clock.advance(1_000_000 + atMs * MS - clock.nowUs());
					if (runEndsMs <= nextMs[sensor]) {
						runEndsMs = Number.POSITIVE_INFINITY;
						held.runs.at(-1)?.finish();
						await turn();
					} else {
						nextMs[sensor] += PERIODS_MS[sensor];
						const fields = { deviceId: sensor };
						stream.reading(readingOf(clock, ++sent[sensor], fields));
					}
					if (held.runs.length === startedCount) continue;
					const { frame } = held.runs[startedCount]!;
					const percent = percents[startedCount++ % percents.length]!;
					runEndsMs = atMs + (percent / meanPercent) * MEAN_RUN_MS;
					const ageMs = (clock.nowUs() - frame.measuredUs) / MS;
					const periodMs = PERIODS_MS[frame.deviceId as Sensor];
					assert.ok(ageMs <= periodMs + 1e-3, `${frame.deviceId}: ${ageMs} ms`);
					assert.equal(frame.sequence, sent[frame.deviceId as Sensor]);
				}
				const all = sent.camera + sent.lidar;
				assert.ok(startedCount < all / 2, `${startedCount} of ${all} ran`);
				for (const sensor of SENSORS)
					assert.ok(
						held.runs.some(({ frame }) => frame.deviceId === sensor),
						`no ${sensor} frame ran`,
					);
				stream.close();
				for (let i = 0; i < SENSORS.length + 1; i++) {
					held.runs.at(-1)?.finish();
					await turn();
				}
				assert.deepEqual(
					[log.outcomes.length, log.totals?.received, log.totals?.inFlight],
					[all, all, 0],
				);
			},
		),
		{ numRuns: 100 },
	);
});
