import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"Hot swaps under load: what requests to the swapped model and to others notice, how long a new file takes into service, and a restart beside it.",
	patternOf: "parts (load, alone)",
	options: [
		ROUNDS,
		{
			name: "--swaps",
			value: "N",
			about: "in each round (default 20; 5 rounds make 100)",
		},
		{
			name: "--add",
			value: "",
			about:
				"adds the rounds to those of the last run, for a machine that is quiet for a short while only",
		},
	],
	notes: [
		"Writes bench/results/swap.json when both parts are measured, with 100 swaps or more; else it only prints.",
	],
};
