// The claim about batching again, on a real fully connected model on this machine's cores, which the generator
// shares: at arrivals just below what dynamic batching can answer within the deadline, where a batch of 8 refuses much
// of it, and at arrivals just below what fixed 8 can answer, where both keep up and what is left to gain is time.
import { findCapacity, type Probe } from "../load/goodput/search.ts";
import { GOODPUT_WORKLOADS } from "../load/goodput/workloads.ts";
import { type Contender, DYNAMIC, noneAt } from "./batching/contenders.ts";
import { Track } from "./batching/race.ts";
import { type RaceResult, raceRows, standings } from "./batching/rows.ts";
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
const LOWER = { of: "ratio", atMost: 1 } as const;

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
	const highPerSecond = SHARE_OF_CAPACITY * (await capacityOf(track, log));
	const beyond = await sweepAt(track, highPerSecond, log);
	const most = Math.max(
		...beyond.points.map(({ answersPerSecond }) => answersPerSecond),
	);
	const lowPerSecond = SHARE_OF_CAPACITY * most;
	const within = await sweepAt(track, lowPerSecond, log);
	attach("sweep", [...beyond.points, ...within.points]);
	const raceAt = async (
		ratePerSecond: number,
		contenders: readonly Contender[],
	): Promise<RaceResult> => ({
		subject: "fully connected net",
		ratePerSecond,
		laps: await track.run({ contenders, ratePerSecond, rounds, seconds }, log),
	});
	const high = await raceAt(highPerSecond, [none, beyond.best, DYNAMIC]);
	const low = await raceAt(lowPerSecond, [within.best, DYNAMIC]);
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
		...raceRows(low, within.best, DYNAMIC, { throughput: null, p99: LOWER }),
	];
}

function sweepAt(
	track: Track,
	ratePerSecond: number,
	log: ClaimOptions["log"],
): ReturnType<typeof sweepFixed> {
	return sweepFixed(track, { rows: 8, ratePerSecond, grid: SWEEP }, log);
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
