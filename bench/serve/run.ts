// The whole server under load, as shipped; see usage.ts. Each round measures the server and then what it is
// measured beside, each in a fresh process; ratios are taken round by round.
import os from "node:os";
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, writeResults } from "../lib/report.ts";
import { H2LOAD_MISSING, hasH2load } from "../load/h2load.ts";
import { buildFurnace, furnaceVersion } from "../peers/furnace/build.ts";
import { expectedAnswers } from "./expected.ts";
import { hasModel, makeMissingModels, modelFile } from "./models.ts";
import { measureServer, type ServerWindow } from "./server-round.ts";
import {
	type ServeRow,
	showRows,
	showYardsticks,
	summarise,
} from "./summary.ts";
import { WORKLOADS, type Workload } from "./workloads.ts";
import {
	prepareYardsticks,
	type YardstickOptions,
	type YardstickWindow,
} from "./yardsticks.ts";

const { pattern } = benchArguments;
const roundCount = benchArguments.number("--rounds", 5);
const seconds = benchArguments.number("--seconds", 2);
const peers = benchArguments.oneOf("--peers", ["all", "none"]);

async function measureWorkload(
	workload: Workload,
	options: YardstickOptions,
): Promise<ServeRow> {
	const expected = await expectedAnswers(modelFile(workload), workload.model);
	const plan = { workload, expected, seconds };
	const yardsticks = await prepareYardsticks(plan, options);
	const ours: ServerWindow[] = [];
	const windows: YardstickWindow[][] = yardsticks.map(() => []);
	for (let round = 0; round < roundCount; round++) {
		const window = await measureServer(plan);
		ours.push(window);
		for (const [at, yardstick] of yardsticks.entries())
			windows[at]?.push(await yardstick.measure(window));
	}
	return summarise(
		workload,
		ours,
		yardsticks.map(({ name, setting }, at) => ({
			name,
			setting,
			windows: windows[at] ?? [],
		})),
	);
}

/** Those of the pattern that can be measured here; what cannot is told. */
function chooseWorkloads(): Workload[] {
	const chosen = WORKLOADS.filter(({ id }) => pattern.test(id));
	const byH2load = chosen.filter(({ generator }) => generator === "h2load");
	const withH2load = byH2load.length === 0 || hasH2load();
	if (!withH2load)
		for (const { id } of byH2load)
			console.log(`${id}: left out, ${H2LOAD_MISSING}`);
	return chosen.filter(
		(workload) =>
			(workload.generator === "own" || withH2load) && hasModel(workload),
	);
}

const workloads = chooseWorkloads();
makeMissingModels(workloads);
const furnace = peers === "all" ? buildFurnace() : null;
if (furnace?.kind === "missing")
	console.log(`furnace: left out, ${furnace.reason}`);
const options: YardstickOptions = {
	cores: os.availableParallelism(),
	furnace: furnace?.kind === "built" ? furnace.path : null,
	echo: peers === "all",
};

const rows: ServeRow[] = [];
for (const workload of workloads) {
	const row = await measureWorkload(workload, options);
	rows.push(row);
	console.log(`${row.id}: ${showInterval(row.perSecond)}/s`);
}
console.log(`\n${showRows(rows)}\n\n${showYardsticks(rows)}`);

const isWhole = pattern.source === "(?:)" && peers === "all";
if (isWhole)
	console.log(
		writeResults(
			"serve",
			`npm run bench -- serve --rounds ${roundCount} --seconds ${seconds}`,
			{
				rounds: roundCount,
				seconds,
				furnace:
					furnace?.kind === "missing" ? furnace.reason : furnaceVersion(),
				workloads: rows,
			},
		),
	);
