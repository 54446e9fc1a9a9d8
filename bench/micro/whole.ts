// A small request from its octets to the answer's, everything but the kernel: what the budget's rows should add up to.
import { ModelMetrics } from "../../packages/server/src/app/metrics/model-metrics.ts";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import { MetricsRegistry } from "../../packages/server/src/telemetry/registry.ts";
import { SlotPool } from "../../packages/server/src/tensor/slot-pool.ts";
import { createGrpcTransport } from "../../packages/server/src/transport/grpc/server.ts";
import { type AnyCase, defineCase } from "./case.ts";
import { MemoryClient, prefixed } from "./support/memory-client.ts";
import { IN_FLIGHT, mlpRequests } from "./support/messages.ts";
import { startMlpServer } from "./support/mlp-server.ts";

export const WHOLE_REQUEST = "whole/mlp-64-in-flight/in-memory";

export const wholeCases: readonly AnyCase[] = [
	defineCase({
		name: WHOLE_REQUEST,
		budget: null,
		requestCount: IN_FLIGHT,
		setup: async () => {
			const server = await startMlpServer();
			const metrics = new ModelMetrics(new MetricsRegistry(), server.model);
			server.model.observers.listener = metrics;
			const grpc = createGrpcTransport({
				draining: new AbortController().signal,
				endpoints: server.endpoints,
				pool: new SlotPool(),
				clock: systemClock,
				server: {},
			});
			const client = new MemoryClient(grpc, mlpRequests().map(prefixed));
			return { server, metrics, grpc, client };
		},
		run: ({ client }) => client.roundTrip(),
		close: async ({ server, metrics, grpc, client }) => {
			client.close();
			grpc.destroy();
			metrics.close();
			await server.close();
		},
	}),
];
