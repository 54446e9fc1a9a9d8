// A start from dist/ with a small model, what an idle server holds and uses, and how late its event loop is while an
// inference of some 100 ms runs; see usage.ts.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, table, writeResults } from "../lib/report.ts";
import { interval } from "../lib/stats.ts";
import { measureRound, type StartRound } from "./measure.ts";

/** At most; one number a quantity. */
const TARGETS = [
	["readyMs", "start to ready, ms", 400],
	["residentMb", "resident when idle, MB", 110],
	// One tick of the clock that tells it, in 10 s.
	["idleCpuPercent", "CPU when idle, %", 0.1],
	["loopDelayP99Ms", "loop delay p99 while an inference runs, ms", 5],
] as const satisfies readonly (readonly [keyof StartRound, string, number])[];

const roundCount = benchArguments.number("--rounds", 5);
const idleSeconds = benchArguments.number("--idle-seconds", 10);
const busySeconds = benchArguments.number("--busy-seconds", 3);

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
if (!existsSync(join(root, "packages/server/dist/cli/main.js")))
	throw new Error("there is no dist/: npm run build");

const rounds: StartRound[] = [];
for (let round = 0; round < roundCount; round++)
	rounds.push(await measureRound(idleSeconds, busySeconds));

const workloads = TARGETS.map(([key, id, maximum]) => {
	const measured = interval(rounds.map((round) => round[key]));
	return { id, measured, target: { maximum }, met: measured.high <= maximum };
});
const inferenceMs = interval(rounds.map((round) => round.inferenceMs));
console.log(
	table(
		["quantity", "measured [95 %]", "target", "met"],
		workloads.map(({ id, measured, target, met }) => [
			id,
			showInterval(measured, 1),
			`≤ ${target.maximum}`,
			met ? "yes" : "no",
		]),
	),
);
console.log(`the inference took ${showInterval(inferenceMs, 1)} ms`);
console.log(
	writeResults(
		"start",
		`npm run bench -- start --rounds ${roundCount} --idle-seconds ${idleSeconds} --busy-seconds ${busySeconds}`,
		{ rounds: roundCount, workloads, inferenceMs },
	),
);
