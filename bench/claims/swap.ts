// Hot swap against restart: how long nobody is answered, and what requests to the swapped model and to another one
// notice, at 60 % of the capacity. `bench swap` measures the same at length.
import { Loads } from "../swap/loads.ts";
import { SwapRig } from "../swap/rig.ts";
import {
	inPairs,
	type Round,
	runRound,
	SWAP_EVERY_MS,
} from "../swap/rounds.ts";
import { loadSetup, rigModels } from "../swap/workload.ts";
import {
	type ClaimModule,
	type ClaimOptions,
	compare,
	type Row,
} from "./claim.ts";

export const swap: ClaimModule = {
	name: "swap",
	claim: "a new version under load: hot swap against restart",
	async run(options) {
		const loads = new Loads(await loadSetup());
		const rig = await SwapRig.start(rigModels());
		try {
			return await race(rig, loads, options);
		} finally {
			await loads.close();
			await rig.stop();
		}
	},
};

async function race(
	rig: SwapRig,
	loads: Loads,
	{ rounds, seconds, log }: ClaimOptions,
): Promise<Row[]> {
	const swapCount = inPairs((1000 * seconds) / SWAP_EVERY_MS);
	await runRound(rig, loads, { swapCount: inPairs(1), round: 0 });
	const laps: Round[] = [];
	for (let round = 0; round < rounds; round++) {
		laps.push(await runRound(rig, loads, { swapCount, round }));
		log(
			`  round ${round + 1}: nobody answered for ${laps.at(-1)?.during.swappedGapMs.toFixed(1)} ms at most`,
		);
	}
	const restartMs: number[] = [];
	for (let round = 0; round < rounds; round++) {
		const { stopMs, startMs } = await rig.restart();
		restartMs.push(stopMs + startMs);
	}
	const rates = laps.map((lap) => Math.round(lap.ratePerSecond));
	const during = (of: (facts: Round["during"]) => number) => ({
		settings: `watch, a swap every ${SWAP_EVERY_MS} ms, ${Math.min(...rates)} to ${Math.max(...rates)} requests/s to each of two models`,
		values: laps.map((lap) => of(lap.during)),
	});
	const without = (of: (facts: Round["during"]) => number) => ({
		settings: "the same arrivals without swaps",
		values: laps.map((lap) => of(lap.control)),
	});
	return [
		compare(
			{
				claim:
					"longest time in which a model that gets a new version answers nobody",
				unit: "ms",
			},
			{
				settings: "SIGTERM, then the next server, ready; no load",
				values: restartMs,
			},
			during((facts) => facts.swappedGapMs),
			{ of: "ratio", atMost: 0.1 },
		),
		compare(
			{ claim: "requests that are not answered", unit: "" },
			without((facts) => facts.failed),
			during((facts) => facts.failed),
			{ of: "ours", atMost: 0 },
		),
		compare(
			{ claim: "p99.9 of the model that is swapped", unit: "ms" },
			without((facts) => facts.swappedP999Ms),
			during((facts) => facts.swappedP999Ms),
			{ of: "ratio", atMost: 2 },
		),
		compare(
			{ claim: "p99 of another model", unit: "ms" },
			without((facts) => facts.otherP99Ms),
			during((facts) => facts.otherP99Ms),
			{ of: "ratio", atMost: 1.2 },
		),
	];
}
