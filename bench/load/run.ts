// Goodput under open-loop load; see usage.ts.
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, writeResults } from "../lib/report.ts";
import { type MeasurePlan, measureGoodput } from "./goodput/measure.ts";
import { POLICY_ABOUT } from "./goodput/policies.ts";
import {
	type GoodputSummary,
	showLoadRows,
	showVerdicts,
	summariseGoodput,
} from "./goodput/summary.ts";
import { GOODPUT_WORKLOADS, SIMULATED_CURVE_MS } from "./goodput/workloads.ts";

const { pattern } = benchArguments;
const isQuick = benchArguments.flag("--quick");
const plan: MeasurePlan = {
	rounds: benchArguments.number("--rounds", isQuick ? 2 : 5),
	seconds: benchArguments.number("--seconds", isQuick ? 0.7 : 1),
	loads: isQuick ? [0.7, 1, 1.2, 2] : [0.25, 0.5, 0.7, 1, 1.2, 1.5, 2, 3],
	denseOnly: isQuick,
};

const summaries: GoodputSummary[] = [];
for (const workload of GOODPUT_WORKLOADS) {
	if (!pattern.test(workload.id)) continue;
	const { searched, samples } = await measureGoodput(workload, plan);
	const summary = summariseGoodput(workload, searched, samples);
	summaries.push(summary);
	const { perSecond } = summary.capacity;
	console.log(
		`${workload.id}: capacity ${showInterval(perSecond)}/s within ${workload.deadlineMs} ms`,
	);
}

const rows = summaries.flatMap((summary) => summary.rows);
const verdicts = summaries.flatMap((summary) => summary.verdicts);
console.log(`\n${showLoadRows(rows)}\n\n${showVerdicts(verdicts)}`);

if (pattern.source === "(?:)" && !isQuick)
	console.log(
		writeResults(
			"load",
			`npm run bench -- load --rounds ${plan.rounds} --seconds ${plan.seconds}`,
			{
				rounds: plan.rounds,
				seconds: plan.seconds,
				policies: POLICY_ABOUT,
				simulatedCurveMs: SIMULATED_CURVE_MS,
				targets: verdicts,
				capacities: summaries.map(({ capacity }) => capacity),
				loads: rows,
			},
		),
	);
