// Hot swaps under load; see usage.ts.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, table, writeResults } from "../lib/report.ts";
import { interval } from "../lib/stats.ts";
import { measureWays, type Restart, type Way } from "./alone.ts";
import { Loads } from "./loads.ts";
import { SwapRig } from "./rig.ts";
import { inPairs, type Round, runRound } from "./rounds.ts";
import { type TargetLine, targetsOf, throughOf, waysTable } from "./summary.ts";
import { loadSetup, rigModels } from "./workload.ts";

const ENOUGH_SWAPS = 100;
const ROUNDS_ALONE = 3;
/** Every latency of the last run, for `--add`. */
const RAW = join(import.meta.dirname, "../../.cache/swap-rounds.json");

const roundCount = benchArguments.number("--rounds", 5);
const swapCount = inPairs(benchArguments.number("--swaps", 20));
const isAdded = benchArguments.flag("--add");

interface Kept {
	readonly rounds: readonly Round[];
	readonly ways: readonly Way[];
	readonly restarts: readonly Restart[];
}

const NOTHING: Kept = { rounds: [], ways: [], restarts: [] };
const kept = isAdded ? readKept() : NOTHING;
const isWanted = (part: string) => benchArguments.pattern.test(part);
const measured = isWanted("load") ? await measureRounds() : [];
const alone = isWanted("alone") ? await measureWays(seeds()) : NOTHING;
show({
	rounds: [...kept.rounds, ...measured],
	ways: [...kept.ways, ...alone.ways],
	restarts: [...kept.restarts, ...alone.restarts],
});

/** Of files that no run before this one wrote. */
function seeds(): number[] {
	return Array.from({ length: ROUNDS_ALONE }, (_, i) => Date.now() + i);
}

async function measureRounds(): Promise<readonly Round[]> {
	const loads = new Loads(await loadSetup());
	const rig = await SwapRig.start(rigModels());
	try {
		// The code of swaps is compiled, and both versions are known, when the first one counts.
		await runRound(rig, loads, { swapCount: inPairs(1), round: 0 });
		const rounds: Round[] = [];
		for (let round = 0; round < roundCount; round++) {
			const one = await runRound(rig, loads, { swapCount, round });
			rounds.push(one);
			const { during, control } = one;
			console.log(
				`round ${round + 1}: ${one.swaps.length} swaps at ${one.ratePerSecond.toFixed(0)}/s, ${during.failed} (${control.failed}) of ${during.scheduled} not answered; swapped p99.9 ${during.swappedP999Ms.toFixed(1)} (${control.swappedP999Ms.toFixed(1)}) ms, other p99 ${during.otherP99Ms.toFixed(1)} (${control.otherP99Ms.toFixed(1)}) ms, loop ${during.loopDelayP99Ms.toFixed(1)} (${control.loopDelayP99Ms.toFixed(1)}) ms, client ${during.clientCores.toFixed(2)} cores, late ${during.clientLateP99Ms.toFixed(1)} (${control.clientLateP99Ms.toFixed(1)}) ms`,
			);
		}
		return rounds;
	} finally {
		await loads.close();
		await rig.stop();
	}
}

function show({ rounds, ways, restarts }: Kept): void {
	const swaps = rounds.reduce((sum, round) => sum + round.swaps.length, 0);
	const targets = swaps > 0 ? targetsOf(rounds) : [];
	if (swaps > 0)
		showTargets(targets, `${swaps} swaps in ${rounds.length} rounds`);
	if (ways.length > 0)
		console.log(
			table(
				["a 100 MB model, no load", "ms"],
				waysTable(ways, restarts).map(([what, value]) => [
					what,
					showInterval(value),
				]),
			),
		);
	mkdirSync(dirname(RAW), { recursive: true });
	writeFileSync(RAW, JSON.stringify({ rounds, ways, restarts }));
	if (swaps < ENOUGH_SWAPS || ways.length === 0) return;
	console.log(
		writeResults("swap", `npm run bench -- swap --rounds ${rounds.length}`, {
			swaps,
			ratePerSecond: interval(rounds.map((round) => round.ratePerSecond)),
			targets,
			through: throughOf(rounds),
			alone: waysTable(ways, restarts).map(([what, ms]) => ({ what, ms })),
			ways,
			restarts,
			// For who wants to see each; the document has the tables above.
			perRound: {
				rounds: rounds.map(({ swaps: ofRound, during, control }) => ({
					swaps: ofRound.length,
					during,
					control,
				})),
			},
		}),
	);
}

function showTargets(targets: readonly TargetLine[], title: string): void {
	console.log(
		`\n${title}\n${table(
			["", "with swaps", "without", "target", "met"],
			targets.map(({ what, unit, value, control, target, met }) => [
				`${what}${unit === "" ? "" : `, ${unit}`}`,
				showInterval(value, 2),
				control === null ? "" : showInterval(control, 2),
				target,
				met === null ? "" : met ? "yes" : "no",
			]),
		)}\n`,
	);
}

function readKept(): Kept {
	return existsSync(RAW)
		? (JSON.parse(readFileSync(RAW, "utf8")) as Kept)
		: NOTHING;
}
