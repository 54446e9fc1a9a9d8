// Every rpc of `inference.GRPCInferenceService` but the inferring ones: small messages, through protobuf-es.
import {
	create,
	type DescMessage,
	fromBinary,
	type MessageInitShape,
	type MessageShape,
	toBinary,
} from "@bufbuild/protobuf";
import { GrpcError, type MethodHandler, unaryMethod } from "@saccade/grpc";
import * as pb from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import type { ModelConfig } from "@saccade/protocol/gen/inference/model_config_pb.js";
import type { UnaryEndpoint } from "../../endpoint/endpoint.ts";
import type {
	Endpoints,
	ModelStatistics,
	TraceSettings,
} from "../../endpoint/endpoints.ts";
import { SaccadeError, toSaccadeError } from "../../errors/saccade-error.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import { statusOf, trailersOf } from "./error-map.ts";
import { headOf } from "./head.ts";
import {
	indexResponse,
	loadRequest,
	unloadRequest,
} from "./repository-messages.ts";
import {
	logChanges,
	logResponse,
	traceChanges,
	traceResponse,
} from "./settings-messages.ts";
import { statisticsResponse } from "./statistics-messages.ts";

const SERVICE = "/inference.GRPCInferenceService";

/** `SaccadeError` → what the gRPC server ends the call with. */
export function toGrpcError(error: unknown): GrpcError {
	const known = toSaccadeError(error);
	return new GrpcError(statusOf(known), known.message, trailersOf(known));
}

interface Route<Req extends DescMessage, Res extends DescMessage, In, Out> {
	/** @default the inference service */
	readonly service?: string;
	readonly rpc: string;
	readonly request: Req;
	readonly response: Res;
	readonly endpoint: UnaryEndpoint<In, Out>;
	readonly decode: (message: MessageShape<Req>) => In;
	readonly encode: (
		result: Out,
		message: MessageShape<Req>,
	) => MessageInitShape<Res>;
	/** The endpoint that a message turns out to be for, when one rpc stands for reading and for changing. */
	readonly guard?: (message: MessageShape<Req>) => Guard | null;
	/** Turns certain errors into an answer. */
	readonly recover?: (error: SaccadeError) => MessageInitShape<Res> | null;
}

type Guard = Pick<UnaryEndpoint<never, unknown>, "open" | "operation">;

export function route<
	Req extends DescMessage,
	Res extends DescMessage,
	In,
	Out,
>(
	nowUs: () => number,
	spec: Route<Req, Res, In, Out>,
): [path: string, handler: MethodHandler] {
	const { endpoint } = spec;
	const open = (
		call: Parameters<NonNullable<Parameters<typeof unaryMethod>[0]["open"]>>[0],
	) => {
		const opened = endpoint.open(headOf(call, endpoint.operation, nowUs()));
		if (!opened.ok) throw toGrpcError(opened.error);
		call.user = opened.context;
	};
	const handler = unaryMethod<MessageShape<Req>, MessageShape<Res>>({
		open,
		decode: (bytes) => fromBinary(spec.request, bytes),
		encode: (message) => toBinary(spec.response, message),
		handle: async (message, call) => {
			try {
				const guard = spec.guard?.(message) ?? null;
				if (guard !== null) {
					const opened = guard.open(headOf(call, guard.operation, nowUs()));
					if (!opened.ok) throw opened.error;
				}
				const result = await endpoint.run(
					call.user as Parameters<typeof endpoint.run>[0],
					spec.decode(message),
				);
				return create(spec.response, spec.encode(result, message));
			} catch (error) {
				const known = toSaccadeError(error);
				const recovered = spec.recover?.(known) ?? null;
				if (recovered === null) throw toGrpcError(known);
				return create(spec.response, recovered);
			}
		},
	});
	return [`${spec.service ?? SERVICE}/${spec.rpc}`, handler];
}

const nothing = () => undefined;
const empty = () => ({});
const reference = ({ name, version }: { name: string; version: string }) => ({
	name,
	version: checkedVersion(version),
});

/** A version is an integer; the text is Triton's. */
function checkedVersion(version: string): string {
	if (version === "" || /^\d{1,18}$/.test(version)) return version;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`failed to get model version from specified version string '${version}' (details: it is not an integer), version should be an integral value > 0`,
	);
}

export function unaryRoutes(
	endpoints: Endpoints,
	nowUs: () => number,
): [path: string, handler: MethodHandler][] {
	return [
		route(nowUs, {
			rpc: "ServerLive",
			request: pb.ServerLiveRequestSchema,
			response: pb.ServerLiveResponseSchema,
			endpoint: endpoints.live,
			decode: nothing,
			encode: (live) => ({ live }),
		}),
		route(nowUs, {
			rpc: "ServerReady",
			request: pb.ServerReadyRequestSchema,
			response: pb.ServerReadyResponseSchema,
			endpoint: endpoints.ready,
			decode: nothing,
			encode: (ready) => ({ ready }),
			// A server that exits is not ready, which is an answer.
			recover: ({ code }) => (code === "UNAVAILABLE" ? { ready: false } : null),
		}),
		route(nowUs, {
			rpc: "ModelReady",
			request: pb.ModelReadyRequestSchema,
			response: pb.ModelReadyResponseSchema,
			endpoint: endpoints.modelReady,
			decode: reference,
			encode: () => ({ ready: true }),
			// Clients expect "false", not an error (client examples simple_grpc_model_control).
			recover: ({ code }) =>
				code === "NOT_FOUND" || code === "UNAVAILABLE"
					? { ready: false }
					: null,
		}),
		route(nowUs, {
			rpc: "ServerMetadata",
			request: pb.ServerMetadataRequestSchema,
			response: pb.ServerMetadataResponseSchema,
			endpoint: endpoints.serverMetadata,
			decode: nothing,
			encode: ({ name, version, extensions }) => ({
				name,
				version,
				extensions: [...extensions],
			}),
		}),
		route(nowUs, {
			rpc: "ModelMetadata",
			request: pb.ModelMetadataRequestSchema,
			response: pb.ModelMetadataResponseSchema,
			endpoint: endpoints.modelMetadata,
			decode: reference,
			encode: (model) => ({
				name: model.name,
				versions: [...model.versions],
				platform: model.platform,
				inputs: model.inputs.map(tensorMetadata),
				outputs: model.outputs.map(tensorMetadata),
			}),
		}),
		route(nowUs, {
			rpc: "ModelConfig",
			request: pb.ModelConfigRequestSchema,
			response: pb.ModelConfigResponseSchema,
			endpoint: endpoints.modelConfig,
			decode: reference,
			encode: (config) => ({ config: config as ModelConfig }),
		}),
		route(nowUs, {
			rpc: "ModelStatistics",
			request: pb.ModelStatisticsRequestSchema,
			response: pb.ModelStatisticsResponseSchema,
			endpoint: endpoints.statistics,
			decode: reference,
			encode: (models: readonly ModelStatistics[]) =>
				statisticsResponse(models),
		}),
		route(nowUs, {
			rpc: "RepositoryIndex",
			request: pb.RepositoryIndexRequestSchema,
			response: pb.RepositoryIndexResponseSchema,
			endpoint: endpoints.repositoryIndex,
			decode: (message) => {
				assertNoRepositoryName(message.repositoryName);
				return { readyOnly: message.ready };
			},
			encode: indexResponse,
		}),
		route(nowUs, {
			rpc: "RepositoryModelLoad",
			request: pb.RepositoryModelLoadRequestSchema,
			response: pb.RepositoryModelLoadResponseSchema,
			endpoint: endpoints.repositoryLoad,
			decode: (message) => {
				assertNoRepositoryName(message.repositoryName);
				return loadRequest(message);
			},
			encode: empty,
		}),
		route(nowUs, {
			rpc: "RepositoryModelUnload",
			request: pb.RepositoryModelUnloadRequestSchema,
			response: pb.RepositoryModelUnloadResponseSchema,
			endpoint: endpoints.repositoryUnload,
			decode: (message) => {
				assertNoRepositoryName(message.repositoryName);
				return unloadRequest(message);
			},
			encode: empty,
		}),
		traceRoute(endpoints, nowUs),
		logRoute(endpoints, nowUs),
		...sharedMemoryRoutes(endpoints, nowUs),
	];
}

/** Reading and changing are one rpc: no settings in the request means reading, which needs no admin token. */
function traceRoute(endpoints: Endpoints, nowUs: () => number) {
	const either: UnaryEndpoint<pb.TraceSettingRequest, TraceSettings> = {
		...endpoints.traceGet,
		run: (context, message) => {
			const changes = traceChanges(message);
			const model = message.modelName;
			if (changes.size === 0) return endpoints.traceGet.run(context, { model });
			return endpoints.traceSet.run(context, { model, changes });
		},
	};
	return route(nowUs, {
		rpc: "TraceSetting",
		request: pb.TraceSettingRequestSchema,
		response: pb.TraceSettingResponseSchema,
		endpoint: either,
		guard: ({ settings }) =>
			Object.keys(settings).length > 0 ? endpoints.traceSet : null,
		decode: (message) => message,
		encode: traceResponse,
	});
}

function logRoute(endpoints: Endpoints, nowUs: () => number) {
	return route(nowUs, {
		rpc: "LogSettings",
		request: pb.LogSettingsRequestSchema,
		response: pb.LogSettingsResponseSchema,
		endpoint: {
			...endpoints.loggingGet,
			run: (context, message: pb.LogSettingsRequest) => {
				const changes = logChanges(message);
				return changes.size === 0
					? endpoints.loggingGet.run(context, undefined)
					: endpoints.loggingSet.run(context, { changes });
			},
		},
		guard: ({ settings }) =>
			Object.keys(settings).length > 0 ? endpoints.loggingSet : null,
		decode: (message) => message,
		encode: logResponse,
	});
}

function sharedMemoryRoutes(endpoints: Endpoints, nowUs: () => number) {
	const { sharedMemoryStatus, sharedMemoryRegister, sharedMemoryUnregister } =
		endpoints;
	const named = ({ name }: { name: string }) => ({ name });
	return [
		route(nowUs, {
			rpc: "SystemSharedMemoryStatus",
			request: pb.SystemSharedMemoryStatusRequestSchema,
			response: pb.SystemSharedMemoryStatusResponseSchema,
			endpoint: sharedMemoryStatus,
			decode: named,
			encode: empty,
		}),
		route(nowUs, {
			rpc: "SystemSharedMemoryRegister",
			request: pb.SystemSharedMemoryRegisterRequestSchema,
			response: pb.SystemSharedMemoryRegisterResponseSchema,
			endpoint: sharedMemoryRegister,
			decode: named,
			encode: empty,
		}),
		route(nowUs, {
			rpc: "SystemSharedMemoryUnregister",
			request: pb.SystemSharedMemoryUnregisterRequestSchema,
			response: pb.SystemSharedMemoryUnregisterResponseSchema,
			endpoint: sharedMemoryUnregister,
			decode: named,
			encode: empty,
		}),
		route(nowUs, {
			rpc: "CudaSharedMemoryStatus",
			request: pb.CudaSharedMemoryStatusRequestSchema,
			response: pb.CudaSharedMemoryStatusResponseSchema,
			endpoint: sharedMemoryStatus,
			decode: named,
			encode: empty,
		}),
		route(nowUs, {
			rpc: "CudaSharedMemoryRegister",
			request: pb.CudaSharedMemoryRegisterRequestSchema,
			response: pb.CudaSharedMemoryRegisterResponseSchema,
			endpoint: sharedMemoryRegister,
			decode: named,
			encode: empty,
		}),
		route(nowUs, {
			rpc: "CudaSharedMemoryUnregister",
			request: pb.CudaSharedMemoryUnregisterRequestSchema,
			response: pb.CudaSharedMemoryUnregisterResponseSchema,
			endpoint: sharedMemoryUnregister,
			decode: named,
			encode: empty,
		}),
	];
}

function tensorMetadata(spec: TensorSpec) {
	return {
		name: spec.name,
		datatype: spec.dtype,
		shape: spec.shape.map(BigInt),
	};
}

function assertNoRepositoryName(name: string): void {
	if (name !== "")
		throw new SaccadeError(
			"UNSUPPORTED",
			"'repository_name' specification is not supported",
		);
}
