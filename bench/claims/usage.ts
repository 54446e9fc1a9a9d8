import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"The published claims, each beside its alternative at its best: ratio, interval, target, met.",
	patternOf: "claims, by name,",
	options: [
		ROUNDS,
		{
			name: "--seconds",
			value: "S",
			about: "of each measured window (default 2)",
		},
		{
			name: "--json",
			value: "",
			about: "rows as JSON on stdout, progress on stderr",
		},
	],
	notes: [
		"A claim that ran for 5 rounds and 2 s or more writes bench/results/claims-NAME.json; a shorter run only prints.",
	],
};
