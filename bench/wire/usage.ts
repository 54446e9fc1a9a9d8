import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"The gRPC server alone, one thread, a fixed answer, beside a tuned node:http2 server.",
	patternOf: "requests, by id,",
	options: [
		ROUNDS,
		{
			name: "--seconds",
			value: "S",
			about: "of each measured window, after 1 s of warm-up (default 2)",
		},
		{
			name: "--profile",
			value: "DIRECTORY",
			about: "each server writes a CPU profile there, which costs time",
		},
	],
	notes: [
		"h2load is Debian's nghttp2-client; without it the client of bench/load stands in.",
		"A run of all requests without profiles writes bench/results/wire.json; any other only prints.",
	],
};
