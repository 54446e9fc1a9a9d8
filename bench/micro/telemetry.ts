// What counting costs: every request once, every batch once.
import { ModelMetrics } from "../../packages/server/src/app/model-metrics.ts";
import type { BatchStamps } from "../../packages/server/src/models/model-events.ts";
import { VersionStatistics } from "../../packages/server/src/models/statistics.ts";
import { MetricsRegistry } from "../../packages/server/src/telemetry/registry.ts";
import { type AnyCase, defineCase } from "./case.ts";
import { startMlpServer } from "./support/mlp-server.ts";

const ROWS = 32;
const STAMPS: BatchStamps = {
	device: "cpu",
	lane: 0,
	gatherStartUs: 100,
	runStartUs: 110,
	runEndUs: 150,
	splitEndUs: 160,
};

export const telemetryCases: readonly AnyCase[] = [
	defineCase({
		name: `telemetry/batch-${ROWS}`,
		budget: "telemetry",
		requestCount: ROWS,
		setup: async () => {
			const server = await startMlpServer();
			const registry = new MetricsRegistry();
			return {
				server,
				metrics: new ModelMetrics(registry, server.model),
				statistics: new VersionStatistics(),
			};
		},
		// As a model version tells them.
		run: ({ metrics, statistics }) => {
			statistics.batchFinished(ROWS, ROWS, STAMPS);
			for (let i = 0; i < ROWS; i++) {
				statistics.succeeded(20 + i, 120 + i);
				metrics.requestFinished("RESULT", 20 + i, 120 + i, null);
			}
			metrics.batchFinished(ROWS, ROWS, "full", STAMPS, false);
		},
		close: ({ server, metrics }) => {
			metrics.close();
			return server.close();
		},
	}),
];
