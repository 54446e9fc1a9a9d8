// The gRPC transport: rpcs on endpoints.
import {
	createGrpcServer,
	type GrpcServer,
	type GrpcServerOptions,
	type MethodHandler,
	type ServerCall,
} from "@saccade/grpc";
import type { Clock } from "../../common/clock.ts";
import type { CallContext } from "../../endpoint/endpoint.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { RefusalPressure } from "../../endpoint/refusal-pressure.ts";
import type { SlotPool } from "../../tensor/slot-pool.ts";
import { InferRequestReader } from "./codec/infer-request.ts";
import { statusOf, trailersOf } from "./error-map.ts";
import { headOf } from "./head.ts";
import { healthRoutes } from "./health.ts";
import { InferCall, type InferTools } from "./infer-call.ts";
import { reflectionRoutes } from "./reflection.ts";
import { sensorRoutes } from "./sensor-routes.ts";
import { StreamInferCall } from "./stream-infer.ts";
import { TelemetryCall } from "./telemetry-call.ts";
import { unaryRoutes } from "./unary-routes.ts";

export interface GrpcTransportOptions {
	readonly endpoints: Endpoints;
	readonly pool: SlotPool;
	readonly clock: Clock;
	/** Aborted when the server begins to end: streams finish what they have and close. */
	readonly draining: AbortSignal;
	/** Everything else about the wire. */
	readonly server: Omit<GrpcServerOptions, "methods" | "clock">;
}

export function createGrpcTransport(options: GrpcTransportOptions): GrpcServer {
	const { endpoints, pool, clock, draining } = options;
	const nowUs = () => clock.nowUs();
	const tools: InferTools = {
		endpoint: endpoints.infer,
		pool,
		reader: new InferRequestReader(),
		pressure: new RefusalPressure((isHigh) => server.setPressure(isHigh)),
	};

	/** Phase `open`; null when it refused and answered. */
	const open = (call: ServerCall): CallContext | null => {
		const opened = endpoints.infer.open(headOf(call, "infer", nowUs()));
		if (opened.ok) return opened.context;
		call.finish(
			statusOf(opened.error),
			opened.error.message,
			trailersOf(opened.error),
		);
		return null;
	};
	const infer: MethodHandler = {
		kind: "unary",
		open: (call) => {
			const context = open(call);
			return context === null ? null : new InferCall(call, tools, context);
		},
	};
	const streamInfer: MethodHandler = {
		kind: "bidi",
		open: (call) => {
			const context = open(call);
			return context === null
				? null
				: new StreamInferCall(call, tools, context, nowUs, draining);
		},
	};
	const telemetryTools = {
		endpoint: endpoints.telemetry,
		pool,
		clock,
		draining,
	};
	const telemetry: MethodHandler = {
		kind: "bidi",
		open: (call) => {
			const head = headOf(call, "telemetry", nowUs());
			const opened = endpoints.telemetry.open(head);
			if (opened.ok) return new TelemetryCall(call, telemetryTools);
			const { error } = opened;
			call.finish(statusOf(error), error.message, trailersOf(error));
			return null;
		},
	};
	const server = createGrpcServer({
		...options.server,
		clock,
		methods: new Map([
			["/inference.GRPCInferenceService/ModelInfer", infer],
			["/inference.GRPCInferenceService/ModelStreamInfer", streamInfer],
			["/saccade.v1.SensorPipeline/StreamTelemetry", telemetry],
			...sensorRoutes(endpoints, nowUs),
			...unaryRoutes(endpoints, nowUs),
			...healthRoutes(endpoints, nowUs, draining),
			...reflectionRoutes(),
		]),
	});
	return server;
}
