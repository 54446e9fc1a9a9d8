// Contenders under the same arrivals, in windows that follow each other, another one first in each round.
import { scrape, seriesValue } from "../../lib/scrape.ts";
import type { RunningServer } from "../../lib/server-process.ts";
import { Generator } from "../../load/goodput/generator.ts";
import { answersOf, startConfigured } from "../../load/goodput/servers.ts";
import type { GoodputWorkload } from "../../load/goodput/workloads.ts";
import type { ClaimOptions } from "../claim.ts";
import type { Contender } from "./contenders.ts";

/** One window of one contender. */
export interface Lap {
	/** In time and late. */
	readonly answersPerSecond: number;
	readonly inTimePerSecond: number;
	readonly p99Ms: number;
	/** Of the window in which a run was under way, 0 to 1; beyond 1 where runs overlap. */
	readonly deviceBusy: number;
	readonly rowsPerRun: number;
	readonly cpuUsPerAnswer: number;
}

export interface Race {
	readonly contenders: readonly Contender[];
	readonly ratePerSecond: number;
	readonly rounds: number;
	readonly seconds: number;
}

/** Half a second and more of the same load before each window, so that queues are as long as they get. */
const LEAD_DEADLINES = 3;
const MAX_OUTSTANDING = 20_000;
const WARM_UP = { seconds: 1, load: 0.5 } as const;

export class Track {
	readonly #workload: GoodputWorkload;
	readonly #generator: Generator;

	private constructor(workload: GoodputWorkload, generator: Generator) {
		this.#workload = workload;
		this.#generator = generator;
	}

	static async open(workload: GoodputWorkload): Promise<Track> {
		const expected = await answersOf(workload);
		const { model } = workload;
		return new Track(workload, new Generator({ model, expected }));
	}

	async close(): Promise<void> {
		await this.#generator.close();
	}

	/** Laps by contender, in the order of the rounds. */
	async run(
		{ contenders, ratePerSecond, rounds, seconds }: Race,
		log: ClaimOptions["log"],
	): Promise<Map<Contender, Lap[]>> {
		const servers: [Contender, RunningServer][] = [];
		try {
			for (const one of contenders) {
				const { configure, serverArguments } = one;
				const server = await startConfigured(
					this.#workload,
					configure,
					serverArguments,
				);
				servers.push([one, server]);
				await this.#lap(
					one,
					server,
					ratePerSecond * WARM_UP.load,
					WARM_UP.seconds,
				);
			}
			const laps = new Map<Contender, Lap[]>(
				contenders.map((one) => [one, []]),
			);
			for (let round = 0; round < rounds; round++)
				for (let i = 0; i < servers.length; i++) {
					const [one, server] = servers[(round + i) % servers.length]!;
					const lap = await this.#lap(
						one,
						server,
						ratePerSecond,
						seconds,
						round,
					);
					laps.get(one)!.push(lap);
					log(
						`  ${one.name} at ${ratePerSecond.toFixed(0)}/s: ${lap.answersPerSecond.toFixed(0)}/s, p99 ${lap.p99Ms.toFixed(0)} ms, busy ${lap.deviceBusy.toFixed(2)}, ${lap.rowsPerRun.toFixed(1)} rows a run`,
					);
				}
			return laps;
		} finally {
			for (const [, server] of servers) await server.stop();
		}
	}

	async #lap(
		contender: Contender,
		server: RunningServer,
		ratePerSecond: number,
		seconds: number,
		seed = 0,
	): Promise<Lap> {
		const { connections, deadlineMs, model } = this.#workload;
		const runs: RunCount[] = [];
		const window = await this.#generator.measure(
			{ pids: [server.pid], port: server.grpcPort },
			{
				connections,
				ratePerSecond,
				seed: seed + 1,
				deadlineMs,
				tellsDeadline: contender.tellsDeadline,
				leadMs: LEAD_DEADLINES * deadlineMs,
				windowMs: seconds * 1000,
				maxOutstanding: MAX_OUTSTANDING,
			},
			async () => {
				runs.push(await readRuns(server, model.name));
			},
		);
		const { inTime, late } = window.outcomes;
		const [from, to] = runs as [RunCount, RunCount];
		return {
			answersPerSecond: (inTime + late) / seconds,
			inTimePerSecond: inTime / seconds,
			p99Ms: (window.p99Us ?? Number.NaN) / 1000,
			deviceBusy: (to.runS - from.runS) / ((to.atMs - from.atMs) / 1000),
			rowsPerRun: (to.rows - from.rows) / (to.runs - from.runs),
			cpuUsPerAnswer:
				(window.serverCores * seconds * 1e6) / Math.max(inTime + late, 1),
		};
	}
}

interface RunCount {
	readonly atMs: number;
	readonly runS: number;
	readonly runs: number;
	readonly rows: number;
}

async function readRuns(
	{ metricsPort }: RunningServer,
	model: string,
): Promise<RunCount> {
	const text = await scrape(metricsPort);
	const labels = `model="${model}",version="1"`;
	return {
		atMs: performance.now(),
		runS: seriesValue(
			text,
			`saccade_stage_duration_seconds_sum{${labels},stage="run"}`,
		),
		runs: seriesValue(text, `nv_inference_exec_count{${labels}}`),
		rows: seriesValue(text, `nv_inference_count{${labels}}`),
	};
}
