// Dynamic batching on a device with a committed latency curve: none, fixed 8 at its best delay, and the deadline
// policy, which is told nothing but the deadlines. At 260/s a batch of 8 is too small (210/s at most) and what is
// gained is throughput; at 190/s all but `none` keep up and what is left to gain is time. Fixed 16, the best size of
// this curve, stands beside them: what a larger number alone would have done.
import {
	GOODPUT_WORKLOADS,
	SIMULATED_CURVE_MS,
} from "../load/goodput/workloads.ts";
import { DYNAMIC, noneAt } from "./batching/contenders.ts";
import { Track } from "./batching/race.ts";
import {
	busyRow,
	type RaceResult,
	raceRows,
	standings,
} from "./batching/rows.ts";
import { type SweepGrid, sweepFixed } from "./batching/sweep.ts";
import type { ClaimModule, ClaimOptions, Row } from "./claim.ts";

/** Of each request: about the p99 of fixed 8 with two batches waiting, the least that costs it no answers. */
const DEADLINE_MS = 120;
const SWEEP: SweepGrid = {
	delaysMs: [0, 10, 40, 80],
	queuedBatches: [1, 1.5, 2, 4],
};
const BEYOND_EIGHT_PER_SECOND = 260;
const WITHIN_EIGHT_PER_SECOND = 190;
/** As many as are answered one by one within the deadline, about. */
const NONE_QUEUE_SIZE = 4;
const LOWER = { of: "ratio", atMost: 1 } as const;
const HELD_TO_NOTHING = { throughput: null, p99: null } as const;

export const batching: ClaimModule = {
	name: "batching",
	claim:
		"batches that close by predicted completion: none, fixed 8 and dynamic on one latency curve",
	async run(options) {
		const simulated = GOODPUT_WORKLOADS.find(({ id }) => id === "simulated")!;
		const workload = { ...simulated, deadlineMs: DEADLINE_MS };
		options.attach(
			"latencyCurve",
			Object.entries(SIMULATED_CURVE_MS).map(([rows, runMs]) => ({
				rows: Number(rows),
				runMs,
				rowsPerSecond: (Number(rows) * 1000) / runMs,
			})),
		);
		const track = await Track.open(workload);
		try {
			return await race(track, options);
		} finally {
			await track.close();
		}
	},
};

async function race(track: Track, options: ClaimOptions): Promise<Row[]> {
	const none = noneAt(NONE_QUEUE_SIZE);
	const { rounds, seconds, log, attach } = options;
	const beyond = await sweepFixed(
		track,
		{ rows: 8, ratePerSecond: BEYOND_EIGHT_PER_SECOND, grid: SWEEP },
		log,
	);
	const within = await sweepFixed(
		track,
		{ rows: 8, ratePerSecond: WITHIN_EIGHT_PER_SECOND, grid: SWEEP },
		log,
	);
	const larger = await sweepFixed(
		track,
		{ rows: 16, ratePerSecond: BEYOND_EIGHT_PER_SECOND, grid: SWEEP },
		log,
	);
	attach("sweep", [...beyond.points, ...within.points, ...larger.points]);
	const saturated = await track.run(
		{
			contenders: [none, beyond.best, larger.best, DYNAMIC],
			ratePerSecond: BEYOND_EIGHT_PER_SECOND,
			rounds,
			seconds,
		},
		log,
	);
	const kept = await track.run(
		{
			contenders: [within.best, DYNAMIC],
			ratePerSecond: WITHIN_EIGHT_PER_SECOND,
			rounds,
			seconds,
		},
		log,
	);
	const at = (ratePerSecond: number, laps: RaceResult["laps"]): RaceResult => ({
		subject: "simulated device",
		ratePerSecond,
		laps,
	});
	const high = at(BEYOND_EIGHT_PER_SECOND, saturated);
	const low = at(WITHIN_EIGHT_PER_SECOND, kept);
	attach("standings", [...standings(high), ...standings(low)]);
	return [
		...raceRows(high, none, DYNAMIC, {
			throughput: { of: "ratio", atLeast: 5.7 },
			p99: null,
		}),
		...raceRows(high, beyond.best, DYNAMIC, {
			throughput: { of: "ratio", atLeast: 1.13 },
			p99: LOWER,
		}),
		busyRow(high, beyond.best, DYNAMIC, { of: "ours", atLeast: 0.93 }),
		...raceRows(low, within.best, DYNAMIC, { throughput: null, p99: LOWER }),
		...raceRows(high, larger.best, DYNAMIC, HELD_TO_NOTHING),
	];
}
