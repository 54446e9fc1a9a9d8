import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"The whole server under load, as shipped, beside what it is compared with, in the same rounds.",
	patternOf: "workloads, by id,",
	options: [
		ROUNDS,
		{
			name: "--seconds",
			value: "S",
			about: "of each measured window, after 1 s of warm-up (default 2)",
		},
		{
			name: "--peers",
			value: "all|none",
			about:
				"furnace-server and a bare node:net echo too, or neither (default all)",
		},
	],
	notes: [
		"furnace-server is built with cargo the first time, which takes minutes; h2load is Debian's nghttp2-client.",
		"What is not installed is left out, and said so. A run of all workloads with all peers writes",
		"bench/results/serve.json; any other only prints.",
	],
};
