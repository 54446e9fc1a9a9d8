// Every endpoint, built once. Transports hold this object and nothing below it.

import type { SwapRecord } from "../models/swap/swap-history.ts";
import type { PipelineExplanation } from "../pipelines/graph/explain.ts";
import type { ConsoleFile } from "../service/console/console-files.ts";
import type { ConsoleFileRequest } from "../service/console/console-service.ts";
import type {
	RecordingInfo,
	RecordingRequest,
} from "../service/recording-service.ts";
import type {
	IndexEntry,
	LoadRequest,
	ModelConfigMessage,
	ModelMetadata,
	ModelStatistics,
	ServerMetadata,
	Services,
} from "../service/services.ts";
import type { LogSettings, TraceSettings } from "../service/settings.ts";
import type { SensorRegistration } from "../service/stream-service.ts";
import type {
	PostedOutcome,
	PostedReading,
} from "../service/telemetry-posts.ts";
import type {
	TraceExplanation,
	TraceQuery,
	TraceSummary,
} from "../service/trace-service.ts";
import type { ModelSamplers } from "../telemetry/tracing/model-sampling.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import type {
	CallContext,
	ConsoleEndpoint,
	InferEndpoint,
	InferRequest,
	OpenPhase,
	Operation,
	Parameters,
	SensorStatus,
	SensorStream,
	StreamEndpoint,
	UnaryEndpoint,
} from "./endpoint.ts";
import { tracedByModel } from "./model-tracing.ts";
import { sharedMemoryDisabled, unknownRegion } from "./shared-memory.ts";

export type { SwapRecord } from "../models/swap/swap-history.ts";
export type { ConsoleFile } from "../service/console/console-files.ts";
export type { ConsoleFileRequest } from "../service/console/console-service.ts";
export type {
	RecordingInfo,
	RecordingRequest,
} from "../service/recording-service.ts";
export type {
	IndexEntry,
	LoadRequest,
	ModelStatistics,
} from "../service/services.ts";
export type { LogSettings, TraceSettings } from "../service/settings.ts";
export type {
	PostedOutcome,
	PostedReading,
} from "../service/telemetry-posts.ts";
export type { TraceOrder, TraceQuery } from "../service/trace-service.ts";

/** A model by name; the version may be empty. */
interface ModelReference {
	readonly name: string;
	readonly version: string;
}

interface SharedMemoryRegion {
	readonly name: string;
}

export interface Endpoints {
	readonly infer: InferEndpoint;
	/** The single input of a raw request of `byteLength` bytes; INVALID_ARGUMENT when the model has no such. */
	rawInput(name: string, version: string, byteLength: number): TensorSpec;
	/** The model's inputs with its batch dimension (−1); NOT_FOUND or UNAVAILABLE. */
	inputs(name: string, version: string): readonly TensorSpec[];
	readonly live: UnaryEndpoint<void, boolean>;
	readonly ready: UnaryEndpoint<void, boolean>;
	/** What an operator should know, though the server is ready; one sentence each. */
	readonly alarms: UnaryEndpoint<void, readonly string[]>;
	/** NOT_FOUND or UNAVAILABLE when not ready. */
	readonly modelReady: UnaryEndpoint<ModelReference, void>;
	readonly serverMetadata: UnaryEndpoint<void, ServerMetadata>;
	readonly modelMetadata: UnaryEndpoint<ModelReference, ModelMetadata>;
	readonly modelConfig: UnaryEndpoint<ModelReference, ModelConfigMessage>;
	readonly statistics: UnaryEndpoint<
		ModelReference,
		readonly ModelStatistics[]
	>;
	readonly repositoryIndex: UnaryEndpoint<
		{ readonly readyOnly: boolean },
		readonly IndexEntry[]
	>;
	readonly repositoryLoad: UnaryEndpoint<LoadRequest, void>;
	readonly repositoryUnload: UnaryEndpoint<
		{ readonly name: string; readonly dependents: boolean },
		void
	>;
	/** What became of the model's loads, the newest first. NOT_FOUND for a model that nothing is known of. */
	readonly swapList: UnaryEndpoint<
		{ readonly name: string },
		readonly SwapRecord[]
	>;
	readonly traceGet: UnaryEndpoint<{ readonly model: string }, TraceSettings>;
	readonly traceSet: UnaryEndpoint<
		{
			readonly model: string;
			readonly changes: ReadonlyMap<string, readonly string[] | null>;
		},
		TraceSettings
	>;
	readonly loggingGet: UnaryEndpoint<void, LogSettings>;
	readonly loggingSet: UnaryEndpoint<
		{ readonly changes: ReadonlyMap<string, unknown> },
		LogSettings
	>;
	readonly sharedMemoryStatus: UnaryEndpoint<SharedMemoryRegion, void>;
	readonly sharedMemoryRegister: UnaryEndpoint<SharedMemoryRegion, void>;
	readonly sharedMemoryUnregister: UnaryEndpoint<SharedMemoryRegion, void>;
	readonly telemetry: StreamEndpoint;
	readonly telemetryPost: UnaryEndpoint<PostedReading, PostedOutcome>;
	readonly sensorRegister: UnaryEndpoint<SensorRegistration, SensorStatus>;
	readonly sensorUnregister: UnaryEndpoint<{ readonly deviceId: string }, void>;
	readonly sensorList: UnaryEndpoint<void, readonly SensorStatus[]>;
	readonly streamList: UnaryEndpoint<void, readonly SensorStream[]>;
	readonly recordingStart: UnaryEndpoint<RecordingRequest, RecordingInfo>;
	readonly recordingStop: UnaryEndpoint<void, RecordingInfo>;
	/** Null: there was none. */
	readonly recordingStatus: UnaryEndpoint<void, RecordingInfo | null>;
	readonly pipelineList: UnaryEndpoint<void, readonly PipelineExplanation[]>;
	readonly explain: UnaryEndpoint<
		{ readonly traceId: string },
		TraceExplanation
	>;
	readonly traceList: UnaryEndpoint<TraceQuery, readonly TraceSummary[]>;
	readonly console: ConsoleEndpoint;
	/** Null: there is no such file, or the console was never built. */
	readonly consoleFile: UnaryEndpoint<ConsoleFileRequest, ConsoleFile | null>;
}

/** What the request says itself stands before what its headers say. */
function withMore(request: InferRequest, forwarded: Parameters): InferRequest {
	const parameters = new Map([...forwarded, ...(request.parameters ?? [])]);
	return { ...request, parameters };
}

/**
 * @param open phase `open` of all endpoints, with its middleware
 * @param samplers of models with trace settings of their own @default null: nobody traces
 */
export function createEndpoints(
	services: Services,
	open: OpenPhase,
	samplers: ModelSamplers | null = null,
): Endpoints {
	const {
		inference,
		metadata,
		repository,
		health,
		settings,
		streams,
		recordings,
		traces,
	} = services;
	const unary = <Request, Response>(
		operation: Operation,
		run: (
			request: Request,
			context: CallContext,
		) => Response | Promise<Response>,
	): UnaryEndpoint<Request, Response> => ({
		operation,
		open,
		run: async (context, request) => run(request, context),
	});
	const infer: InferEndpoint = {
		open,
		admit: (context, name, version) => inference.admit(name, version, context),
		run: ({ forwarded, trace }, request, reply) =>
			inference.infer(
				forwarded === undefined ? request : withMore(request, forwarded),
				reply,
				trace,
			),
	};
	return {
		infer: samplers === null ? infer : tracedByModel(infer, samplers),
		rawInput: (name, version, byteLength) =>
			metadata.rawInput(name, version, byteLength),
		inputs: (name, version) => metadata.model(name, version).inputs,
		live: unary("health", () => health.live()),
		ready: unary("health", () => health.ready()),
		alarms: unary("health", () => health.alarms()),
		modelReady: unary("health", ({ name, version }) =>
			health.assertModelReady(name, version),
		),
		serverMetadata: unary("server.metadata", () => metadata.server()),
		modelMetadata: unary("model.metadata", ({ name, version }) =>
			metadata.model(name, version),
		),
		modelConfig: unary("model.config", ({ name, version }) =>
			metadata.config(name, version),
		),
		statistics: unary("statistics", ({ name, version }) =>
			metadata.statistics(name, version),
		),
		repositoryIndex: unary("repository.index", ({ readyOnly }) =>
			repository.index(readyOnly),
		),
		repositoryLoad: unary("repository.load", (request, { caller = "" }) =>
			repository.load(request, caller),
		),
		repositoryUnload: unary(
			"repository.unload",
			({ name, dependents }, { caller = "" }) =>
				repository.unload(name, dependents, caller),
		),
		swapList: unary("repository.swaps", ({ name }) => repository.swaps(name)),
		traceGet: unary("trace.get", ({ model }) => settings.trace(model)),
		traceSet: unary("trace.set", ({ model, changes }) =>
			settings.setTrace(model, changes),
		),
		loggingGet: unary("logging.get", () => settings.logging()),
		loggingSet: unary("logging.set", ({ changes }) =>
			settings.setLogging(changes),
		),
		sharedMemoryStatus: unary("shared-memory.status", ({ name }) => {
			if (name !== "") throw unknownRegion(name);
		}),
		sharedMemoryRegister: unary("shared-memory.register", () => {
			throw sharedMemoryDisabled();
		}),
		sharedMemoryUnregister: unary("shared-memory.unregister", () => {
			throw sharedMemoryDisabled();
		}),
		telemetry: {
			open,
			run: (request, listener) => streams.open(request, listener),
		},
		telemetryPost: unary("telemetry", (reading) => streams.post(reading)),
		sensorRegister: unary("sensor.register", (registration) =>
			streams.registerSensor(registration),
		),
		sensorUnregister: unary("sensor.unregister", ({ deviceId }) =>
			streams.unregisterSensor(deviceId),
		),
		sensorList: unary("sensor.list", () => streams.sensors()),
		streamList: unary("stream.list", () => streams.streams()),
		recordingStart: unary("recording.start", (request) =>
			recordings.start(request),
		),
		recordingStop: unary("recording.stop", () => recordings.stop()),
		recordingStatus: unary("recording.status", () => recordings.status()),
		pipelineList: unary("pipeline.list", () => services.pipelines.explain()),
		explain: unary("explain", ({ traceId }) => traces.explain(traceId)),
		traceList: unary("explain", (query) => traces.list(query)),
		console: { open, run: (listener) => services.console.follow(listener) },
		consoleFile: unary("console", (request) => services.console.file(request)),
	};
}
