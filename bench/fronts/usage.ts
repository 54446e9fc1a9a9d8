import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"The server with its own network thread, and with 1 and 2 that share the ports (--fronts).",
	patternOf: "workload",
	options: [
		ROUNDS,
		{ name: "--seconds", value: "N", about: "of each window (default 2)" },
	],
	notes: ["It only prints; what follows from it is in docs/decisions."],
};
