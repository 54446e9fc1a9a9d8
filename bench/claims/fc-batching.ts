// The claim about batching again, on a real fully connected model on this machine's cores, which the generator
// shares: arrivals just below what dynamic batching can answer within the deadline.
import { findCapacity, type Probe } from "../load/goodput/search.ts";
import { GOODPUT_WORKLOADS } from "../load/goodput/workloads.ts";
import { DYNAMIC, noneAt } from "./batching/contenders.ts";
import { Track } from "./batching/race.ts";
import { raceRows, standings } from "./batching/rows.ts";
import { type SweepGrid, sweepFixed } from "./batching/sweep.ts";
import type { ClaimModule, ClaimOptions, Row } from "./claim.ts";

/** Some ms of work, one by one. */
const NONE_QUEUE_SIZE = 64;
const SHARE_OF_CAPACITY = 0.9;
/** Far below what one core can do. */
const START_PER_SECOND = 300;
/** Few: each takes seconds of a machine that others share. */
const SWEEP: SweepGrid = { delaysMs: [0, 10, 40], queuedBatches: [2, 8] };
const PROBE_SECONDS = 0.8;

export const fcBatching: ClaimModule = {
	name: "fc-batching",
	claim:
		"the same on a real fully connected model: none, fixed 8 and dynamic under the same arrivals",
	async run(options) {
		const workload = GOODPUT_WORKLOADS.find(({ id }) => id === "fc")!;
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
	const ratePerSecond = SHARE_OF_CAPACITY * (await capacityOf(track, log));
	const fixed = await sweepFixed(
		track,
		{ rows: 8, ratePerSecond, grid: SWEEP },
		log,
	);
	attach("sweep", fixed.points);
	const contenders = [none, fixed.best, DYNAMIC];
	const laps = await track.run(
		{ contenders, ratePerSecond, rounds, seconds },
		log,
	);
	const result = { subject: "fully connected net", ratePerSecond, laps };
	attach("standings", standings(result));
	return [
		...raceRows(result, none, DYNAMIC, {
			throughput: { of: "ratio", atLeast: 5.7 },
			p99: null,
		}),
		...raceRows(result, fixed.best, DYNAMIC, {
			throughput: { of: "ratio", atLeast: 1.13 },
			p99: { of: "ratio", atMost: 1 },
		}),
	];
}

/** What dynamic batching answers within the deadline, by a short search. */
function capacityOf(track: Track, log: ClaimOptions["log"]): Promise<number> {
	const probe: Probe = async (ratePerSecond) => {
		const laps = await track.run(
			{
				contenders: [DYNAMIC],
				ratePerSecond,
				rounds: 1,
				seconds: PROBE_SECONDS,
			},
			log,
		);
		const { inTimePerSecond } = laps.get(DYNAMIC)![0]!;
		return {
			goodputPerSecond: inTimePerSecond,
			shareInTime: inTimePerSecond / ratePerSecond,
		};
	};
	return findCapacity([probe], START_PER_SECOND);
}
