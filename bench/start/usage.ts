import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"A start from dist/, an idle server, and the event loop while an inference runs.",
	patternOf: null,
	options: [
		ROUNDS,
		{
			name: "--idle-seconds",
			value: "S",
			about: "that an idle server is watched (default 10)",
		},
		{
			name: "--busy-seconds",
			value: "S",
			about: "of inferences one after the other (default 3)",
		},
	],
	notes: [
		"npm run build makes the dist/ that is measured.",
		"Writes bench/results/start.json.",
	],
};
