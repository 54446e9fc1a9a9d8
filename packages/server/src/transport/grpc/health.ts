// The standard health service. https://github.com/grpc/grpc/blob/master/doc/health-checking.md
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
	GrpcError,
	type MethodHandler,
	Status,
	serverStreamMethod,
	unaryMethod,
} from "@saccade/grpc";
import {
	HealthCheckRequestSchema,
	HealthCheckResponseSchema,
	HealthCheckResponse_ServingStatus as Serving,
} from "@saccade/protocol/gen/grpc/health/v1/health_pb.js";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { toSaccadeError } from "../../errors/saccade-error.ts";
import { headOf } from "./head.ts";
import { toGrpcError } from "./unary-routes.ts";

const KNOWN: ReadonlySet<string> = new Set([
	"",
	"inference.GRPCInferenceService",
	"saccade.v1.SensorPipeline",
]);
/** A watcher hears of a change within this time. */
const WATCH_EVERY_MS = 500;

export function healthRoutes(
	endpoints: Endpoints,
	nowUs: () => number,
	draining: AbortSignal,
): [string, MethodHandler][] {
	const codec = {
		decode: (bytes: Uint8Array) => fromBinary(HealthCheckRequestSchema, bytes),
		encode: (status: Serving) =>
			toBinary(
				HealthCheckResponseSchema,
				create(HealthCheckResponseSchema, { status }),
			),
		open: (call: Parameters<MethodHandler["open"]>[0]) => {
			const opened = endpoints.ready.open(headOf(call, "health", nowUs()));
			if (!opened.ok) throw toGrpcError(opened.error);
			call.user = opened.context;
		},
	};
	const statusOf = async (service: string, context: unknown) => {
		if (!KNOWN.has(service)) return Serving.SERVICE_UNKNOWN;
		const ready = await endpoints.ready
			.run(context as Parameters<typeof endpoints.ready.run>[0], undefined)
			.catch((error: unknown) => {
				// A server that exits is not ready, which is an answer.
				if (toSaccadeError(error).code === "UNAVAILABLE") return false;
				throw error;
			});
		return ready ? Serving.SERVING : Serving.NOT_SERVING;
	};
	return [
		[
			"/grpc.health.v1.Health/Check",
			unaryMethod({
				...codec,
				handle: async ({ service }, call) => {
					const status = await statusOf(service, call.user);
					if (status === Serving.SERVICE_UNKNOWN)
						throw new GrpcError(
							Status.NOT_FOUND,
							`unknown service '${service}'`,
						);
					return status;
				},
			}),
		],
		[
			"/grpc.health.v1.Health/Watch",
			serverStreamMethod({
				...codec,
				handle: async ({ service }, send, call) => {
					let told: Serving | null = null;
					while (!call.cancelled) {
						const status = await statusOf(service, call.user);
						if (status !== told) await send(status);
						told = status;
						// Its last word was NOT_SERVING; a watch that stayed would hold up the end.
						if (draining.aborted) return;
						await pause(WATCH_EVERY_MS, call, draining);
					}
				},
			}),
		],
	];
}

/** Readiness has no event of its own; the wait ends early when the watcher leaves or the server is about to. */
function pause(
	ms: number,
	call: { onCancel: ((reason: never) => void) | null },
	draining: AbortSignal,
): Promise<void> {
	return new Promise((resolve) => {
		const wake = () => {
			clearTimeout(timer);
			draining.removeEventListener("abort", wake);
			resolve();
		};
		const timer = setTimeout(wake, ms);
		timer.unref();
		draining.addEventListener("abort", wake);
		call.onCancel = wake;
	});
}
