import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"What traces, logs and metrics cost the server under the load of a small model: rate and CPU with all of it, and with none.",
	patternOf: null,
	options: [
		{
			...ROUNDS,
			about: "interleaved rounds, each of new processes (default 8)",
		},
		{
			name: "--seconds",
			value: "S",
			about: "of each of a round's two windows a server (default 0.5)",
		},
		{
			name: "--compare",
			value: "servers|switched",
			about:
				"servers, as below (default), or one server that sends, 1 % traced and none by turns of 0.7 s (Triton's trace_level), 20 pairs in each of two servers; writes bench/results/tracing.json",
		},
		{
			name: "--beside",
			value: "DIRECTORY",
			about:
				"another checkout, whose server is measured as `sent` in every round, too",
		},
	],
	notes: [
		"mlp over gRPC, 64 requests in flight, closed loop. Each round starts every variant anew and measures it twice, in turns that rotate:",
		"  off       --trace-store=false, no collector named",
		"  off again the same in another process: how far apart two equal servers are",
		"  kept      as shipped: the slowest and the missed kept in memory",
		"  sent      beside that everything over OTLP/HTTP: 1 % traced, metrics every 15 s, logs",
		"The collector is a process that reads and answers; what a real one costs is not the server's.",
		"8 rounds of 0.5 seconds write bench/results/telemetry.json; any other run only prints.",
	],
};
