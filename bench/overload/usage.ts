import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"What a refusal costs and how much of its request is sent; how late an expiry is told while the device is busy.",
	patternOf: "rows, by id,",
	options: [
		ROUNDS,
		{
			name: "--seconds",
			value: "S",
			about: "of refusals, and of expiries, in each round (default 3)",
		},
	],
	notes: [
		"refusal-602KB: a server whose one device is busy gets requests that cannot be in time, from a client that",
		"sends what flow control allows. expiry-*: requests whose deadlines pass while the device is busy, beside bare",
		"timers of the same instants in the process that listens: the scheduler alone, the whole server with its client in",
		"one process, and, without a target, a client in another process.",
		"All rows with 5 rounds and 3 seconds write bench/results/overload.json; any other run only prints.",
	],
};
