// Services that a test scripts: inference echoes, or holds its requests until the test answers them.
import { join } from "node:path";
import { systemClock } from "../../common/clock.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { createCatalogue } from "../../pipelines/catalogue.ts";
import { createScalarPipeline } from "../../pipelines/scalar-pipeline.ts";
import { ConsoleFiles } from "../../service/console/console-files.ts";
import type {
	InferenceService,
	InferReply,
	InferRequest,
} from "../../service/inference.ts";
import { createModelRunner } from "../../service/model-runner.ts";
import type { RecordingInfo } from "../../service/recording-service.ts";
import type { Services } from "../../service/services.ts";
import { createStreamService } from "../../service/stream-service.ts";
import { createTraceService } from "../../service/trace-service.ts";
import { StreamSet } from "../../streams/stream-set.ts";

export interface HeldRequest {
	readonly request: InferRequest;
	readonly reply: InferReply;
	cancelled: boolean;
}

/** Answers each request with its inputs; the model `held` waits for `answerHeld`, `broken` fails, others are absent. */
export class FakeInference implements InferenceService {
	readonly held: HeldRequest[] = [];
	/** Called when a request is held, or a held one is cancelled. */
	onChange: () => void = () => {};

	admit(modelName: string): SaccadeError | null {
		return ["echo", "held", "broken"].includes(modelName)
			? null
			: notFound(modelName);
	}

	infer(request: InferRequest, reply: InferReply) {
		const refusal = this.admit(request.modelName);
		if (refusal !== null) this.#fail(request, reply, refusal);
		else if (request.modelName === "broken")
			this.#fail(
				request,
				reply,
				new SaccadeError("QUEUE_FULL", "the queue is full: 2 of 2", {
					refusedBecause: "queue-full",
				}),
			);
		else if (request.modelName === "echo") answer(request, reply);
		else return this.#hold(request, reply);
		return { cancel: () => {} };
	}

	/** @param index among those held */
	answerHeld(index: number): void {
		const { request, reply } = this.held[index]!;
		answer(request, reply);
	}

	#hold(request: InferRequest, reply: InferReply) {
		const held: HeldRequest = { request, reply, cancelled: false };
		this.held.push(held);
		this.onChange();
		return {
			cancel: () => {
				held.cancelled = true;
				this.#fail(
					request,
					reply,
					new SaccadeError("CANCELLED", "the client left"),
				);
				this.onChange();
			},
		};
	}

	#fail(request: InferRequest, reply: InferReply, error: SaccadeError): void {
		request.lease?.release();
		reply.error(error);
	}
}

function answer(request: InferRequest, reply: InferReply): void {
	reply.response({
		modelName: request.modelName,
		modelVersion: "1",
		id: request.id,
		parameters: null,
		outputs: request.inputs,
	});
	request.lease?.release();
}

function notFound(name: string): SaccadeError {
	return new SaccadeError(
		"NOT_FOUND",
		`Request for unknown model: '${name}' is not found`,
	);
}

const FILES = new ConsoleFiles(join(import.meta.dirname, "console-files"));

const RECORDING: RecordingInfo = {
	state: "recording",
	path: "/recordings/a.mcap",
	fileBytes: 0,
	messageCount: 0,
	droppedCount: 0,
	seconds: 0,
	problem: null,
};

export function fakeServices(inference: InferenceService): Services {
	return {
		inference,
		metadata: {
			server: () => ({
				name: "fake",
				version: "1",
				extensions: ["statistics"],
			}),
			model: (name) => ({
				name,
				versions: ["1"],
				platform: "fake",
				inputs: [{ name: "x", dtype: "FP32", shape: [-1, 3] }],
				outputs: [],
			}),
			config: (name) => ({ name, maxBatchSize: 4 }),
			rawInput: () => ({ name: "input", dtype: "FP32", shape: [1] }),
			statistics: () => [],
		},
		repository: {
			index: () => [{ name: "echo", version: "1", state: "READY" }],
			load: ({ modelName }) => Promise.reject(notFound(modelName)),
			unload: async () => {},
			swaps: () => [],
		},
		health: {
			live: () => true,
			ready: () => true,
			alarms: () => [],
			assertModelReady: (name) => {
				if (name !== "echo") throw notFound(name);
			},
		},
		settings: {
			trace: () => new Map([["trace_rate", ["1000"]]]),
			setTrace: () => new Map([["trace_rate", ["1"]]]),
			logging: () => new Map([["log_info", true]]),
			setLogging: () => new Map([["log_info", false]]),
		},
		recordings: {
			start: async () => RECORDING,
			stop: async () => RECORDING,
			status: () => null,
		},
		pipelines: { explain: () => [] },
		traces: createTraceService(null),
		console: {
			file: async (request) => FILES.find(request.path, request.codings),
			follow: () => ({ want: () => {}, seen: () => {}, end: () => {} }),
		},
		streams: createStreamService(
			new StreamSet({
				clock: systemClock,
				catalogue: createCatalogue(
					[createScalarPipeline()],
					createModelRunner(inference, {
						model: (name) => {
							throw notFound(name);
						},
					}),
				),
			}),
		),
	};
}
