// A whole server in this process, without ports: the same checks, batching and answers as over the network.
import type { ModelConfig } from "@saccade/protocol/gen/inference/model_config_pb.js";
import { createServer, type Server } from "../../app/server.ts";
import { systemClock } from "../../common/clock.ts";
import { resolveOptions } from "../../config/resolve.ts";
import type { InferResponse } from "../../service/inference.ts";
import { createLogger } from "../../telemetry/logger.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { UsageError } from "../usage-error.ts";
import type { Answer, IndexRow, ModelFacts, Target } from "./target.ts";

/** Throws UsageError for options, LOAD_FAILED for a model. */
export async function openLocalTarget(
	repositories: readonly string[],
	models: readonly string[],
): Promise<Target> {
	const resolved = resolveOptions({
		args: [
			...repositories.map((path) => `--model-repository=${path}`),
			...models.map((name) => `--load-model=${name}`),
			"--model-control-mode=explicit",
			"--allow-http=false",
			"--allow-grpc=false",
			"--allow-metrics=false",
			"--audit=false",
			"--prepared-models=off",
		],
		env: {},
		fileText: null,
	});
	if (!resolved.ok) throw new UsageError(resolved.problems.join("; "));
	const server = createServer(resolved.options, {
		// A failed load is thrown, and told by the command.
		log: createLogger("silent"),
		poolThreads: process.env["UV_THREADPOOL_SIZE"],
	});
	try {
		await server.listen();
	} catch (error) {
		const known = server.services.repository.index(false);
		await server.close();
		throw unknownModel(repositories, models, known) ?? error;
	}
	return new LocalTarget(server);
}

/** Null when every model is there, and something else went wrong. */
function unknownModel(
	repositories: readonly string[],
	models: readonly string[],
	known: readonly { readonly name: string }[],
): Error | null {
	const names = [...new Set(known.map(({ name }) => name))];
	const absent = models.find((model) => !names.includes(model));
	if (absent === undefined || names.length === 0) return null;
	return new Error(
		`no model '${absent}' in ${repositories.join(", ")}; there are ${names.join(", ")}`,
	);
}

class LocalTarget implements Target {
	readonly #server: Server;

	constructor(server: Server) {
		this.#server = server;
	}

	async describe(model: string, version: string): Promise<ModelFacts> {
		const { metadata } = this.#server.services;
		return {
			...metadata.model(model, version),
			config: metadata.config(model, version) as ModelConfig,
		};
	}

	infer(
		model: string,
		version: string,
		inputs: readonly Tensor[],
	): Promise<Answer> {
		const nowUs = systemClock.nowUs();
		return new Promise((resolve, reject) => {
			this.#server.services.inference.infer(
				{
					modelName: model,
					modelVersion: version,
					id: "",
					inputs: inputs.map((input) => ({ ...input, parameters: null })),
					outputs: null,
					parameters: null,
					priority: 0,
					timeoutUs: 0,
					sequence: null,
					deadlineUs: Number.POSITIVE_INFINITY,
					receivedUs: nowUs,
					lease: null,
				},
				{
					response: (response) => resolve(toAnswer(response)),
					error: reject,
				},
			);
		});
	}

	async index(): Promise<readonly IndexRow[]> {
		return this.#server.services.repository.index(false).map((entry) => ({
			name: entry.name,
			version: entry.version ?? "",
			state: entry.state ?? "",
			reason: entry.reason ?? "",
		}));
	}

	load(model: string): Promise<void> {
		return this.#server.services.repository.load({
			modelName: model,
			config: null,
			files: new Map(),
		});
	}

	unload(model: string): Promise<void> {
		return this.#server.services.repository.unload(model, false);
	}

	close(): Promise<void> {
		return this.#server.close();
	}
}

/** Copies: the views end with the call. */
function toAnswer(response: InferResponse): Answer {
	return {
		model: response.modelName,
		version: response.modelVersion,
		outputs: response.outputs.map((output) => ({
			...output,
			name: output.name,
			dtype: output.dtype,
			shape: [...output.shape],
			data: output.data.slice(),
		})),
	};
}
