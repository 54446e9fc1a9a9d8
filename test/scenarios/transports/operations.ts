// Every use case but inference, as each wire asks for it, and the answer in the form that HTTP prints.
import {
	create,
	type DescMessage,
	type JsonValue,
	type MessageInitShape,
	toJson,
} from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import * as pb from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import type { TestClient } from "../../../packages/server/src/transport/grpc/test-support/client.ts";
import type { HttpAsk, HttpClient } from "./http.ts";

type Json = Readonly<Record<string, unknown>>;

export interface OperationArgs {
	readonly model?: string;
	readonly version?: string;
	readonly repository?: string;
	readonly region?: string;
	readonly readyOnly?: boolean;
	/** Settings to change; null resets one. */
	readonly settings?: Json;
	/** Load parameters: text, or bytes of a file. */
	readonly load?: Readonly<Record<string, string | Uint8Array | boolean>>;
	readonly token?: string;
}

interface Wires {
	readonly http: (args: OperationArgs) => HttpAsk;
	readonly rpc: string;
	readonly request: DescMessage;
	readonly response: DescMessage;
	readonly message: (args: OperationArgs) => MessageInitShape<DescMessage>;
	/** gRPC's answer → what HTTP prints. @default as it is */
	readonly view?: (answer: Json) => unknown;
}

export type OperationOutcome =
	| { readonly ok: true; readonly value: unknown }
	| { readonly ok: false; readonly status: number; readonly text: string };

export interface OperationTransport {
	readonly name: "HTTP" | "gRPC";
	run(operation: OperationName, args: OperationArgs): Promise<OperationOutcome>;
}

const none = () => ({});
const named = ({ model = "", version = "" }: OperationArgs) => ({
	name: model,
	version,
});
const modelPath = ({ model = "", version }: OperationArgs) =>
	`/v2/models/${encodeURIComponent(model)}${version === undefined ? "" : `/versions/${version}`}`;
const repositoryPath = ({ repository }: OperationArgs) =>
	repository === undefined ? "/v2/repository" : `/v2/repository/${repository}`;
const regionPath = (kind: string, { region }: OperationArgs) =>
	`/v2/${kind}sharedmemory${region === undefined ? "" : `/region/${region}`}`;
const post = (path: string, body: unknown = {}) => ({
	path,
	body: JSON.stringify(body),
});

export const OPERATIONS = {
	live: {
		http: () => ({ path: "/v2/health/live" }),
		rpc: "ServerLive",
		request: pb.ServerLiveRequestSchema,
		response: pb.ServerLiveResponseSchema,
		message: none,
	},
	ready: {
		http: () => ({ path: "/v2/health/ready" }),
		rpc: "ServerReady",
		request: pb.ServerReadyRequestSchema,
		response: pb.ServerReadyResponseSchema,
		message: none,
	},
	modelReady: {
		http: (args) => ({ path: `${modelPath(args)}/ready` }),
		rpc: "ModelReady",
		request: pb.ModelReadyRequestSchema,
		response: pb.ModelReadyResponseSchema,
		message: named,
	},
	serverMetadata: {
		http: () => ({ path: "/v2" }),
		rpc: "ServerMetadata",
		request: pb.ServerMetadataRequestSchema,
		response: pb.ServerMetadataResponseSchema,
		message: none,
	},
	modelMetadata: {
		http: (args) => ({ path: modelPath(args) }),
		rpc: "ModelMetadata",
		request: pb.ModelMetadataRequestSchema,
		response: pb.ModelMetadataResponseSchema,
		message: named,
	},
	modelConfig: {
		http: (args) => ({ path: `${modelPath(args)}/config` }),
		rpc: "ModelConfig",
		request: pb.ModelConfigRequestSchema,
		response: pb.ModelConfigResponseSchema,
		message: named,
		view: ({ config }) => config,
	},
	statistics: {
		http: (args) => ({
			path:
				args.model === undefined
					? "/v2/models/stats"
					: `${modelPath(args)}/stats`,
		}),
		rpc: "ModelStatistics",
		request: pb.ModelStatisticsRequestSchema,
		response: pb.ModelStatisticsResponseSchema,
		message: named,
	},
	index: {
		http: (args) =>
			post(
				`${repositoryPath(args)}/index`,
				args.readyOnly === undefined ? {} : { ready: args.readyOnly },
			),
		rpc: "RepositoryIndex",
		request: pb.RepositoryIndexRequestSchema,
		response: pb.RepositoryIndexResponseSchema,
		message: ({ repository = "", readyOnly = false }) => ({
			repositoryName: repository,
			ready: readyOnly,
		}),
		view: ({ models }) => models,
	},
	load: {
		http: (args) =>
			post(`${repositoryPath(args)}/models/${args.model}/load`, {
				parameters: Object.fromEntries(
					Object.entries(args.load ?? {}).map(([key, value]) => [
						key,
						value instanceof Uint8Array
							? Buffer.from(value).toString("base64")
							: value,
					]),
				),
			}),
		rpc: "RepositoryModelLoad",
		request: pb.RepositoryModelLoadRequestSchema,
		response: pb.RepositoryModelLoadResponseSchema,
		message: ({ repository = "", model = "", load = {} }) => ({
			repositoryName: repository,
			modelName: model,
			parameters: Object.fromEntries(
				Object.entries(load).map(([key, value]) => [
					key,
					{ parameterChoice: loadChoice(value) },
				]),
			),
		}),
	},
	unload: {
		http: (args) => post(`${repositoryPath(args)}/models/${args.model}/unload`),
		rpc: "RepositoryModelUnload",
		request: pb.RepositoryModelUnloadRequestSchema,
		response: pb.RepositoryModelUnloadResponseSchema,
		message: ({ repository = "", model = "" }) => ({
			repositoryName: repository,
			modelName: model,
		}),
	},
	trace: {
		http: ({ model, settings }) => {
			const path =
				model === undefined
					? "/v2/trace/setting"
					: `/v2/models/${model}/trace/setting`;
			return settings === undefined ? { path } : post(path, settings);
		},
		rpc: "TraceSetting",
		request: pb.TraceSettingRequestSchema,
		response: pb.TraceSettingResponseSchema,
		message: ({ model = "", settings = {} }) => ({
			modelName: model,
			settings: Object.fromEntries(
				Object.entries(settings).map(([key, value]) => [
					key,
					{ value: value === null ? [] : [value].flat() },
				]),
			),
		}),
		view: ({ settings }) =>
			Object.fromEntries(
				Object.entries(settings as Record<string, { value: string[] }>).map(
					([key, { value }]) => [key, key === "trace_level" ? value : value[0]],
				),
			),
	},
	logging: {
		http: ({ settings }) =>
			settings === undefined
				? { path: "/v2/logging" }
				: post("/v2/logging", settings),
		rpc: "LogSettings",
		request: pb.LogSettingsRequestSchema,
		response: pb.LogSettingsResponseSchema,
		message: ({ settings = {} }) => ({
			settings: Object.fromEntries(
				Object.entries(settings).map(([key, value]) => [
					key,
					{ parameterChoice: logChoice(value) },
				]),
			),
		}),
		view: ({ settings }) =>
			Object.fromEntries(
				Object.entries(settings as Record<string, Json>).map(([key, value]) => [
					key,
					Object.values(value)[0],
				]),
			),
	},
	systemStatus: {
		http: (args) => ({ path: `${regionPath("system", args)}/status` }),
		rpc: "SystemSharedMemoryStatus",
		request: pb.SystemSharedMemoryStatusRequestSchema,
		response: pb.SystemSharedMemoryStatusResponseSchema,
		message: ({ region = "" }) => ({ name: region }),
		view: ({ regions }) => Object.values(regions as Json),
	},
	systemRegister: {
		http: (args) =>
			post(`${regionPath("system", args)}/register`, {
				key: "/x",
				offset: 0,
				byte_size: 64,
			}),
		rpc: "SystemSharedMemoryRegister",
		request: pb.SystemSharedMemoryRegisterRequestSchema,
		response: pb.SystemSharedMemoryRegisterResponseSchema,
		message: ({ region = "" }) => ({ name: region, key: "/x", byteSize: 64n }),
	},
	systemUnregister: {
		http: (args) => post(`${regionPath("system", args)}/unregister`),
		rpc: "SystemSharedMemoryUnregister",
		request: pb.SystemSharedMemoryUnregisterRequestSchema,
		response: pb.SystemSharedMemoryUnregisterResponseSchema,
		message: ({ region = "" }) => ({ name: region }),
	},
	cudaStatus: {
		http: (args) => ({ path: `${regionPath("cuda", args)}/status` }),
		rpc: "CudaSharedMemoryStatus",
		request: pb.CudaSharedMemoryStatusRequestSchema,
		response: pb.CudaSharedMemoryStatusResponseSchema,
		message: ({ region = "" }) => ({ name: region }),
		view: ({ regions }) => Object.values(regions as Json),
	},
	cudaRegister: {
		http: (args) =>
			post(`${regionPath("cuda", args)}/register`, {
				raw_handle: { b64: "AAAA" },
				device_id: 0,
				byte_size: 64,
			}),
		rpc: "CudaSharedMemoryRegister",
		request: pb.CudaSharedMemoryRegisterRequestSchema,
		response: pb.CudaSharedMemoryRegisterResponseSchema,
		message: ({ region = "" }) => ({ name: region, byteSize: 64n }),
	},
	cudaUnregister: {
		http: (args) => post(`${regionPath("cuda", args)}/unregister`),
		rpc: "CudaSharedMemoryUnregister",
		request: pb.CudaSharedMemoryUnregisterRequestSchema,
		response: pb.CudaSharedMemoryUnregisterResponseSchema,
		message: ({ region = "" }) => ({ name: region }),
	},
} as const satisfies Record<string, Wires>;

export type OperationName = keyof typeof OPERATIONS;

export function operationsOverHttp(client: HttpClient): OperationTransport {
	return {
		name: "HTTP",
		run: async (operation, args) => {
			const wires: Wires = OPERATIONS[operation];
			const { status, body } = await client.ask({
				...wires.http(args),
				headers: authorization(args),
			});
			const value: unknown =
				body.byteLength === 0 ? {} : JSON.parse(body.toString());
			if (status === 200) return { ok: true, value };
			const text = String((value as Json)["error"] ?? body.toString());
			return { ok: false, status, text };
		},
	};
}

export function operationsOverGrpc(client: TestClient): OperationTransport {
	return {
		name: "gRPC",
		run: async (operation, args) => {
			const wires: Wires = OPERATIONS[operation];
			const { request, response, view = (answer: Json) => answer } = wires;
			const path = `/inference.GRPCInferenceService/${wires.rpc}`;
			try {
				const answer = await client.unary(
					{ path, request, response },
					create(request, wires.message(args)),
					authorization(args),
				);
				const json = toJson(response, answer, {
					useProtoFieldName: true,
					alwaysEmitImplicit: true,
				});
				return { ok: true, value: view(json as Record<string, JsonValue>) };
			} catch (error) {
				const { code, details } = error as ServiceError;
				return { ok: false, status: code, text: details };
			}
		},
	};
}

function authorization({ token }: OperationArgs): Record<string, string> {
	return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function loadChoice(value: string | Uint8Array | boolean) {
	if (typeof value === "string") return { case: "stringParam" as const, value };
	if (typeof value === "boolean") return { case: "boolParam" as const, value };
	return { case: "bytesParam" as const, value };
}

function logChoice(value: unknown) {
	if (typeof value === "boolean") return { case: "boolParam" as const, value };
	if (typeof value === "number") return { case: "uint32Param" as const, value };
	return { case: "stringParam" as const, value: String(value) };
}

/** 64-bit numbers are text in protobuf's JSON: with every number as text the two wires can be compared. */
export function comparable(value: unknown): unknown {
	if (typeof value === "number") return String(value);
	if (Array.isArray(value)) return value.map(comparable);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, item]) => [key, comparable(item)]),
	);
}
