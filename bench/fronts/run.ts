// `npm run bench -- fronts [REGEX] [--rounds 5] [--seconds 2]`: network threads beside none, paired in each round. Where
// the generator and the server share two cores, threads cannot add up; what the core's own thread spends on a request
// tells how far they reach where there are more.
import { rmSync } from "node:fs";
import { benchArguments } from "../lib/arguments.ts";
import { mainThreadCpuTime, residentMb } from "../lib/machine.ts";
import { showInterval, table } from "../lib/report.ts";
import { startServer } from "../lib/server-process.ts";
import { interval, pairedRatio } from "../lib/stats.ts";
import { measureLoad } from "../load/measure.ts";
import { expectedAnswers } from "../serve/expected.ts";
import {
	hasModel,
	makeMissingModels,
	makeRepository,
	modelFile,
} from "../serve/models.ts";
import { WORKLOADS, type Workload } from "../serve/workloads.ts";

/** What the network can limit. */
const MEASURED = ["mlp-grpc-64", "mlp-http-64", "smallcnn-grpc-32"];
const FRONTS = [0, 1, 2];
const WARMUP_SECONDS = 1;

interface Window {
	readonly perSecond: number;
	readonly cpuUs: number;
	/** Of the thread that schedules. */
	readonly coreUs: number;
	readonly p99Ms: number;
	readonly residentMb: number;
}

async function measure(
	workload: Workload,
	expected: readonly string[],
	fronts: number,
	seconds: number,
): Promise<Window> {
	const repository = makeRepository(workload, { batching: true });
	const server = await startServer([repository], [`--fronts=${fronts}`]);
	try {
		const marks: number[] = [];
		const { protocol, model, connections, inFlight } = workload;
		const load = await measureLoad(
			server.pid,
			{
				protocol,
				host: "127.0.0.1",
				port: protocol === "grpc" ? server.grpcPort : server.httpPort,
				model,
				connections,
				inFlight,
				warmupSeconds: WARMUP_SECONDS,
				seconds,
				expected,
			},
			async () => {
				const { userUs, systemUs } = mainThreadCpuTime(server.pid);
				marks.push(userUs + systemUs);
			},
		);
		const [from = 0, to = 0] = marks;
		return {
			perSecond: load.perSecond,
			cpuUs: load.serverCpuUs,
			coreUs: (to - from) / load.answered,
			p99Ms: load.p99Us / 1000,
			residentMb: residentMb(server.pid),
		};
	} finally {
		await server.stop();
		rmSync(repository, { recursive: true, force: true });
	}
}

const { pattern } = benchArguments;
const roundCount = benchArguments.number("--rounds", 5);
const seconds = benchArguments.number("--seconds", 2);
const workloads = WORKLOADS.filter(
	({ id }) => MEASURED.includes(id) && pattern.test(id),
).filter(hasModel);
makeMissingModels(workloads);

const rows: string[][] = [];
for (const workload of workloads) {
	const expected = await expectedAnswers(modelFile(workload), workload.model);
	const windows: Window[][] = FRONTS.map(() => []);
	for (let round = 0; round < roundCount; round++)
		for (const [at, fronts] of FRONTS.entries())
			windows[at]?.push(await measure(workload, expected, fronts, seconds));
	const rates = windows.map((of) => of.map(({ perSecond }) => perSecond));
	for (const [at, fronts] of FRONTS.entries()) {
		const all = (read: (window: Window) => number, digits: number) =>
			showInterval(interval((windows[at] ?? []).map(read)), digits);
		rows.push([
			workload.id,
			String(fronts),
			all(({ perSecond }) => perSecond, 0),
			showInterval(pairedRatio(rates[at] ?? [], rates[0] ?? []), 2),
			all(({ cpuUs }) => cpuUs, 2),
			all(({ coreUs }) => coreUs, 2),
			all(({ p99Ms }) => p99Ms, 2),
			all(({ residentMb }) => residentMb, 0),
		]);
	}
}
const header = [
	"workload",
	"fronts",
	"per second",
	"beside 0",
	"CPU us",
	"of the core us",
	"p99 ms",
	"MB",
];
console.log(table(header, rows));
