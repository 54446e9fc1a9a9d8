import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"Each way of running models off the event loop: its cost, and what it does to the loop when all lanes are held.",
	patternOf: null,
	options: [
		{
			name: "--lanes",
			value: "N",
			about: "runs side by side (default 4)",
		},
		ROUNDS,
	],
	notes: ["It only prints; what follows from it is in docs/decisions/0002."],
};
