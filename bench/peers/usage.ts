import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"Servers of other projects beside ours, on the same models, by the same client, in the same rounds.",
	patternOf: "workloads, by id,",
	options: [
		ROUNDS,
		{
			name: "--seconds",
			value: "S",
			about:
				"of each measured window, longer where answers are few (default 1)",
		},
		{
			name: "--only",
			value: "NAME,…",
			about: "these peers alone, beside ours and the plain loop",
		},
		{ name: "--skip", value: "NAME,…", about: "all peers but these" },
		{ name: "--quick", value: "", about: "2 rounds of 0.7 s" },
	],
	notes: [
		"Peers: furnace, node, pytriton, mlserver, litserve, kserve, bentoml, ray. Each is installed into an environment",
		"of its own in .cache, once, from npm, PyPI or crates.io: some 3 GB and minutes. What cannot be installed is",
		"left out, and the results say why. A workload takes some minutes; run of all peers and not quick, it writes",
		"bench/results/peers-<model>.json. Any other run only prints.",
	],
};
