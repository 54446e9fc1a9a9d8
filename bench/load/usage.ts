import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"Answers within their deadlines under open-loop load, 0.25 to 3 times the capacity, by scheduling policy.",
	patternOf: "workloads, by id,",
	options: [
		ROUNDS,
		{
			name: "--seconds",
			value: "S",
			about:
				"of each measured window, half as long again where answers are few, after load of 1.5 deadlines and more (default 1)",
		},
		{
			name: "--quick",
			value: "",
			about:
				"some 2 minutes: 2 rounds, policies deadline and triton, loads 0.7, 1, 1.2 and 2",
		},
	],
	notes: [
		"Workloads: simulated (a device with a latency curve), fc (4 KB a request), smallcnn (110 KB), resnet50 (602 KB).",
		"Policies: deadline, triton, and at some loads triton-tuned and none; bench/README.md says what they are.",
		"A run of all workloads that is not quick takes some 15 minutes and writes bench/results/load.json; any other",
		"only prints.",
	],
};
