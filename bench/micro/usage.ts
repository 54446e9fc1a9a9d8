import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"The hot paths of the server one by one, in one process, beside the budget of each.",
	patternOf: "cases, by name,",
	options: [
		ROUNDS,
		{
			name: "--seconds",
			value: "S",
			about: "of CPU that each case is timed for in a round (default 0.2)",
		},
	],
	notes: [
		"A run of all cases writes bench/results/micro.json; any other only prints.",
		"Where a case's time goes: node --cpu-prof -C source bench/run.ts micro NAME",
	],
};
