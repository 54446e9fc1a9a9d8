// Every route but infer: small JSON in, JSON out.
import type { ModelConfig } from "@saccade/protocol/gen/inference/model_config_pb.js";
import type { CallContext } from "../../endpoint/endpoint.ts";
import type {
	Endpoints,
	LogSettings,
	ModelStatistics,
	TraceSettings,
} from "../../endpoint/endpoints.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { answerEmpty, answerJson } from "./answer.ts";
import { answerConsoleFile } from "./console-file.ts";
import { assertJsonSize } from "./decode.ts";
import type { Exchange } from "./exchange.ts";
import { asObject, type JsonObject, textOf } from "./json/fields.ts";
import { configJson } from "./json/model-config-json.ts";
import { parseJson } from "./json/tolerant-json.ts";
import type { ParsedLoad } from "./load.ts";
import { recordingJson, recordingRequest } from "./recordings.ts";
import type { Route } from "./routes.ts";
import { swapsJson } from "./swaps.ts";
import { postTelemetry } from "./telemetry.ts";
import { traceQuery } from "./traces.ts";

export interface UnaryRequest {
	readonly route: Route;
	readonly isPost: boolean;
	readonly context: CallContext;
	/** Empty for GET. */
	readonly body: Uint8Array;
	/** The body as that of a load, which may hold whole models. */
	readonly load: () => Promise<ParsedLoad>;
}

/** Answers, or throws a SaccadeError. */
export async function handleUnary(
	endpoints: Endpoints,
	request: UnaryRequest,
	exchange: Exchange,
): Promise<void> {
	const { route, context } = request;
	const reference = { name: route.model, version: route.version };
	switch (route.name) {
		case "live":
			answerJson(exchange, 200, {
				live: await endpoints.live.run(context, undefined),
			});
			return;
		case "ready":
			answerReady(
				exchange,
				await endpoints.ready.run(context, undefined),
				await endpoints.alarms.run(context, undefined),
			);
			return;
		case "modelReady":
			await endpoints.modelReady.run(context, reference);
			answerJson(exchange, 200, { name: route.model, ready: true });
			return;
		case "server":
			answerJson(
				exchange,
				200,
				await endpoints.serverMetadata.run(context, undefined),
			);
			return;
		case "model":
			answerJson(
				exchange,
				200,
				modelJson(await endpoints.modelMetadata.run(context, reference)),
			);
			return;
		case "config":
			answerJson(
				exchange,
				200,
				configJson(
					(await endpoints.modelConfig.run(context, reference)) as ModelConfig,
				),
			);
			return;
		case "stats":
		case "allStats":
			answerJson(
				exchange,
				200,
				statisticsJson(await endpoints.statistics.run(context, reference)),
			);
			return;
		case "index":
			answerJson(
				exchange,
				200,
				await endpoints.repositoryIndex.run(context, {
					readyOnly: readyOnly(bodyOf(request)),
				}),
			);
			return;
		case "load":
			assertNoRepository(route);
			await endpoints.repositoryLoad.run(context, {
				modelName: route.model,
				...(await request.load()),
			});
			answerEmpty(exchange, 200);
			return;
		case "unload":
			assertNoRepository(route);
			await endpoints.repositoryUnload.run(context, {
				name: route.model,
				dependents: dependentsOf(bodyOf(request)),
			});
			answerEmpty(exchange, 200);
			return;
		case "swaps":
			answerJson(
				exchange,
				200,
				swapsJson(
					route.model,
					await endpoints.swapList.run(context, { name: route.model }),
				),
			);
			return;
		case "trace":
		case "modelTrace":
			answerJson(exchange, 200, traceJson(await trace(endpoints, request)));
			return;
		case "logging":
			answerJson(
				exchange,
				200,
				Object.fromEntries(await logging(endpoints, request)),
			);
			return;
		case "telemetry":
			await postTelemetry(
				endpoints.telemetryPost,
				context,
				bodyOf(request),
				exchange,
			);
			return;
		case "recordings":
			answerJson(
				exchange,
				200,
				recordingJson(
					request.isPost
						? await endpoints.recordingStart.run(
								context,
								recordingRequest(bodyOf(request)),
							)
						: await endpoints.recordingStatus.run(context, undefined),
				),
			);
			return;
		case "recordingStop":
			answerJson(
				exchange,
				200,
				recordingJson(await endpoints.recordingStop.run(context, undefined)),
			);
			return;
		case "pipelines":
			answerJson(exchange, 200, {
				pipelines: await endpoints.pipelineList.run(context, undefined),
			});
			return;
		case "explain":
			answerJson(
				exchange,
				200,
				await endpoints.explain.run(context, { traceId: route.region }),
			);
			return;
		case "traces":
			answerJson(exchange, 200, {
				traces: await endpoints.traceList.run(
					context,
					traceQuery(exchange.target),
				),
			});
			return;
		case "console":
			await answerConsoleFile(endpoints.consoleFile, context, exchange);
			return;
		case "shmStatus":
			await endpoints.sharedMemoryStatus.run(context, { name: route.region });
			answerJson(exchange, 200, []);
			return;
		case "shmRegister":
			await endpoints.sharedMemoryRegister.run(context, { name: route.region });
			return;
		case "shmUnregister":
			await endpoints.sharedMemoryUnregister.run(context, {
				name: route.region,
			});
			return;
		case "generate":
		case "generateStream":
		case "infer":
			throw new SaccadeError("INTERNAL", "infer has a path of its own");
	}
}

/** Which operation the endpoint's middleware sees; reading and changing settings differ. */
export function endpointOf(
	endpoints: Endpoints,
	route: Route,
	isPost: boolean,
): Pick<Endpoints["live"], "operation" | "open"> {
	switch (route.name) {
		case "live":
		case "ready":
		case "modelReady":
			return endpoints.live;
		case "server":
			return endpoints.serverMetadata;
		case "model":
			return endpoints.modelMetadata;
		case "config":
			return endpoints.modelConfig;
		case "stats":
		case "allStats":
			return endpoints.statistics;
		case "index":
			return endpoints.repositoryIndex;
		case "load":
			return endpoints.repositoryLoad;
		case "unload":
			return endpoints.repositoryUnload;
		case "swaps":
			return endpoints.swapList;
		case "trace":
		case "modelTrace":
			return isPost ? endpoints.traceSet : endpoints.traceGet;
		case "logging":
			return isPost ? endpoints.loggingSet : endpoints.loggingGet;
		case "shmStatus":
			return endpoints.sharedMemoryStatus;
		case "shmRegister":
			return endpoints.sharedMemoryRegister;
		case "shmUnregister":
			return endpoints.sharedMemoryUnregister;
		case "telemetry":
			return endpoints.telemetryPost;
		case "recordings":
			return isPost ? endpoints.recordingStart : endpoints.recordingStatus;
		case "recordingStop":
			return endpoints.recordingStop;
		case "pipelines":
			return endpoints.pipelineList;
		case "explain":
			return endpoints.explain;
		case "traces":
			return endpoints.traceList;
		case "console":
			return endpoints.consoleFile;
		case "generate":
		case "generateStream":
		case "infer":
			return { operation: "infer", open: endpoints.infer.open };
	}
}

/** Alarms make a server no less ready: what failed was kept out of service. */
function answerReady(
	exchange: Exchange,
	isReady: boolean,
	alarms: readonly string[],
): void {
	answerJson(exchange, isReady ? 200 : 400, {
		ready: isReady,
		...(alarms.length > 0 && { alarms }),
	});
}

function modelJson(
	model: Awaited<ReturnType<Endpoints["modelMetadata"]["run"]>>,
) {
	const tensor = (spec: {
		name: string;
		dtype: string;
		shape: readonly number[];
	}) => ({
		name: spec.name,
		datatype: spec.dtype,
		shape: spec.shape,
	});
	return {
		name: model.name,
		versions: model.versions,
		platform: model.platform,
		inputs: model.inputs.map(tensor),
		outputs: model.outputs.map(tensor),
	};
}

const NO_CACHE = {
	cache_hit: { count: 0, ns: 0 },
	cache_miss: { count: 0, ns: 0 },
};

/** Every key is present: perf_analyzer reads them without looking. */
function statisticsJson(models: readonly ModelStatistics[]) {
	return {
		model_stats: models.map((model) => ({
			name: model.name,
			version: model.version,
			last_inference: model.lastInferenceMs,
			inference_count: model.inferenceCount,
			execution_count: model.executionCount,
			inference_stats: {
				success: model.success,
				fail: model.fail,
				queue: model.queue,
				compute_input: model.computeInput,
				compute_infer: model.computeInfer,
				compute_output: model.computeOutput,
				...NO_CACHE,
			},
			response_stats: {},
			batch_stats: model.batchStats.map((batch) => ({
				batch_size: batch.batchSize,
				compute_input: batch.computeInput,
				compute_infer: batch.computeInfer,
				compute_output: batch.computeOutput,
			})),
			memory_usage: [],
		})),
	};
}

/** Settings and flags; it is parsed on the event loop. */
const MAX_SMALL_BYTES = 64 * 1024;

function bodyOf(request: UnaryRequest): JsonObject {
	if (request.body.byteLength === 0) return {};
	assertJsonSize(request.body.byteLength, MAX_SMALL_BYTES);
	return asObject(parseJson(textOf(request.body)), "the request");
}

function readyOnly(body: JsonObject): boolean {
	const ready = body["ready"] ?? false;
	if (typeof ready === "boolean") return ready;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		"Invalid value for 'ready': expected a boolean",
	);
}

function dependentsOf(body: JsonObject): boolean {
	const parameters =
		body["parameters"] === undefined
			? {}
			: asObject(body["parameters"], "'parameters'");
	return parameters["unload_dependents"] === true;
}

function assertNoRepository(route: Route): void {
	if (route.region !== "")
		throw new SaccadeError(
			"UNSUPPORTED",
			"'repository_name' specification is not supported",
		);
}

function trace(
	endpoints: Endpoints,
	request: UnaryRequest,
): Promise<TraceSettings> {
	const { model } = request.route;
	if (!request.isPost)
		return endpoints.traceGet.run(request.context, { model });
	const changes = new Map(
		Object.entries(bodyOf(request)).map(([key, value]) => [
			key,
			value === null ? null : [value].flat().map(String),
		]),
	);
	return endpoints.traceSet.run(request.context, { model, changes });
}

/** `trace_level` is a list, everything else a string. */
function traceJson(settings: TraceSettings) {
	return Object.fromEntries(
		[...settings].map(([key, values]) => [
			key,
			key === "trace_level" ? values : (values[0] ?? ""),
		]),
	);
}

function logging(
	endpoints: Endpoints,
	request: UnaryRequest,
): Promise<LogSettings> {
	if (!request.isPost)
		return endpoints.loggingGet.run(request.context, undefined);
	return endpoints.loggingSet.run(request.context, {
		changes: new Map(Object.entries(bodyOf(request))),
	});
}
