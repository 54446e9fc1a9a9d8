// Sensors noticed by events against sensors noticed by polling: the same sensors, registry and stream, the same work for
// each reading. The poller is swept; looking costs it a load from memory per sensor, the least that looking can cost.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
	type ClaimModule,
	type ClaimOptions,
	compare,
	type Row,
} from "./claim.ts";
import { responseAtCpu } from "./polling/equal-cpu.ts";
import type {
	SchedulerJob,
	SchedulerResult,
} from "./polling/scheduler-process.ts";

const POLL_MS = [1, 2, 5, 10, 20, 50, 100] as const;
/** Slow scalar sensors, as a vehicle has many: 90 readings/s in all. */
const PERIODS_MS: readonly number[] = Array.from(
	{ length: 200 },
	(_, index) => [1000, 2000, 5000, 10_000][index % 4]!,
);
/** Half of it with sensors that are faster, the other half as in the window. */
const LEAD_MS = 3000;
const SENSORS = "200 sensors of 1 to 10 s";
const execute = promisify(execFile);
const script = fileURLToPath(
	new URL("polling/scheduler-process.ts", import.meta.url),
);

export const polling: ClaimModule = {
	name: "polling",
	claim: "sensors noticed by events, against a poller of 1 to 100 ms",
	async run(options) {
		const { rounds, attach } = options;
		const events: SchedulerResult[] = [];
		const pollers = POLL_MS.map((): SchedulerResult[] => []);
		const curve: object[] = [];
		for (let round = 0; round < rounds; round++) {
			const order = [null, ...POLL_MS];
			for (let i = 0; i < order.length; i++) {
				const pollMs = order[(round + i) % order.length]!;
				const result = await measure(pollMs, round + 1, options);
				const side =
					pollMs === null ? events : pollers[POLL_MS.indexOf(pollMs)]!;
				side.push(result);
				curve.push({ noticedBy: name(pollMs), round: round + 1, ...result });
			}
		}
		attach("curve", curve);
		return rowsOf(events, pollers);
	},
};

function rowsOf(
	events: readonly SchedulerResult[],
	pollers: readonly (readonly SchedulerResult[])[],
): Row[] {
	const oursIs = `StreamSet driven by interrupts; ${SENSORS}`;
	const fastest = pollers[0]!;
	const fastestIs = `the same, polled every ${POLL_MS[0]} ms`;
	const ours = (read: (result: SchedulerResult) => number) => ({
		settings: oursIs,
		values: events.map(read),
	});
	return [
		compare(
			{ claim: "mean response, against the fastest poller", unit: "ms" },
			{
				settings: fastestIs,
				values: fastest.map((result) => result.meanResponseMs),
			},
			ours((result) => result.meanResponseMs),
			{ of: "ratio", atMost: 1 },
		),
		compare(
			{ claim: "CPU, against the fastest poller", unit: "cores" },
			{ settings: fastestIs, values: fastest.map((result) => result.cpuShare) },
			ours((result) => result.cpuShare),
			{ of: "ratio", atMost: 0.25 },
		),
		compare(
			{ claim: "mean response, against the poller of equal CPU", unit: "ms" },
			{
				settings: `the same, polled as often as gives the CPU of the events, between two of ${POLL_MS.join(", ")} ms; the slowest where even it uses more`,
				values: events.map((result, round) =>
					responseAtCpu(
						pollers.map((one) => one[round]!),
						result.cpuShare,
					),
				),
			},
			ours((result) => result.meanResponseMs),
			{ of: "ratio", atMost: 0.0769 },
		),
	];
}

const name = (pollMs: number | null): string =>
	pollMs === null ? "events" : `poller, ${pollMs} ms`;

/** In a process of its own: no window warms another. */
async function measure(
	pollMs: number | null,
	seed: number,
	{ seconds, log }: ClaimOptions,
): Promise<SchedulerResult> {
	const job: SchedulerJob = {
		pollMs,
		periodsMs: PERIODS_MS,
		seed,
		leadMs: LEAD_MS,
		windowMs: 1000 * seconds,
	};
	const { stdout } = await execute(process.execPath, [
		...["-C", "source", script],
		JSON.stringify(job),
	]);
	const result = JSON.parse(stdout) as SchedulerResult;
	if (result.notResult > 0)
		throw new Error(`${result.notResult} readings ended in no RESULT`);
	log(
		`  ${name(pollMs)}: mean ${result.meanResponseMs.toFixed(2)} ms, p99 ${result.p99ResponseMs.toFixed(1)} ms, ${(100 * result.cpuShare).toFixed(2)} % of a core, ${result.readings} readings`,
	);
	return result;
}
