// Inference: find the model, check the request, schedule it, answer.
import type { Clock } from "../common/clock.ts";
import {
	SaccadeError,
	toSaccadeError,
	withoutStack,
} from "../errors/saccade-error.ts";
import type { ModelDemand } from "../models/budget/model-demand.ts";
import {
	type EntryReply,
	ModelEntry,
	type SplitOutputs,
} from "../models/entry.ts";
import { tokenCounter } from "../models/generated-tokens.ts";
import type { ModelRegistry } from "../models/model-registry.ts";
import type { ModelVersion } from "../models/model-version.ts";
import type { RequestTrace } from "../telemetry/tracing/request-trace.ts";
import { copiedBytes } from "../tensor/copied-bytes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { classify } from "./classification.ts";
import type {
	Arrival,
	InferenceService,
	InferReply,
	InferRequest,
	InferTicket,
	RequestedOutput,
} from "./inference.ts";
import { type CheckedRequest, RequestContract } from "./request-contract.ts";

/** Where an answer's outputs come from: the model's order, and what to make of each. */
interface OutputChoice {
	readonly index: number;
	readonly name: string;
	readonly requested: RequestedOutput | null;
}

/** A model version with what requests to it are checked against; one a version. */
class ServedModel implements EntryReply {
	readonly model: ModelVersion;
	readonly contract: RequestContract;
	readonly allOutputs: readonly OutputChoice[];
	readonly #batched: boolean;
	readonly #clock: Clock;
	/** Null: the model does not generate. */
	readonly #tokensOf: ReturnType<typeof tokenCounter>;

	constructor(model: ModelVersion, clock: Clock) {
		this.model = model;
		this.#clock = clock;
		this.#tokensOf = tokenCounter(model);
		this.contract = new RequestContract(model);
		this.#batched = model.config.maxBatchSize > 0;
		this.allOutputs = model.config.outputs.map(({ name }) => ({
			index: model.session.outputs.findIndex((spec) => spec.name === name),
			name,
			requested: null,
		}));
	}

	/** In the order asked for. Throws INVALID_ARGUMENT. */
	chooseOutputs(
		requested: readonly RequestedOutput[] | null,
	): readonly OutputChoice[] {
		if (requested === null || requested.length === 0) return this.allOutputs;
		return requested.map((output, position) => {
			const known = this.allOutputs.find(({ name }) => name === output.name);
			if (known === undefined)
				throw new SaccadeError(
					"INVALID_ARGUMENT",
					`unexpected inference output '${output.name}' for model '${this.model.config.name}'`,
				);
			for (let before = 0; before < position; before++)
				if (requested[before]!.name === output.name)
					throw new SaccadeError(
						"INVALID_ARGUMENT",
						`output '${output.name}' already exists in request`,
					);
			return { index: known.index, name: known.name, requested: output };
		});
	}

	completed(entry: ModelEntry, split: SplitOutputs): void {
		const call = entry as InferEntry;
		if (call.isAnswered) return;
		let outputs: Tensor[];
		try {
			outputs = this.#outputsOf(call, split);
		} catch (error) {
			call.answerError(withRequestId(toSaccadeError(error), call.request.id));
			return;
		}
		call.isAnswered = true;
		copiedBytes.served += byteLengthOf(call.data) + outputBytes(outputs);
		const { trace } = call;
		if (this.#tokensOf !== null) this.#countTokens(this.#tokensOf, call, split);
		if (trace !== null) trace.encodeStartUs = this.#clock.nowUs();
		call.answer.response({
			modelName: call.request.modelName,
			modelVersion: this.model.versionText,
			id: call.request.id,
			parameters: null,
			outputs,
		});
		if (trace !== null) trace.encodeEndUs = this.#clock.nowUs();
	}

	#countTokens(
		tokensOf: NonNullable<ReturnType<typeof tokenCounter>>,
		call: InferEntry,
		split: SplitOutputs,
	): void {
		const tokens = tokensOf(call, split);
		this.model.observers.tokens?.answered(tokens.prompt, tokens.output);
		if (call.trace !== null) call.trace.tokens = tokens;
	}

	failed(entry: ModelEntry, error: SaccadeError): void {
		(entry as InferEntry).answerError(error);
	}

	#outputsOf(call: InferEntry, split: SplitOutputs): Tensor[] {
		const outputs: Tensor[] = [];
		for (const { index, name, requested } of call.choices) {
			const tensor: Tensor = {
				name,
				dtype: this.model.session.outputs[index]!.dtype,
				shape: split.shape(index),
				data: split.data(index),
			};
			outputs.push(
				requested !== null && requested.classification > 0
					? classify(
							tensor,
							requested.classification,
							this.#batched,
							this.model.labels.get(name) ?? [],
						)
					: tensor,
			);
		}
		return outputs;
	}
}

/** A request under way: entry, reply and ticket in one object. */
class InferEntry extends ModelEntry implements InferTicket {
	readonly request: InferRequest;
	readonly answer: InferReply;
	readonly choices: readonly OutputChoice[];
	readonly #served: ServedModel;
	isAnswered = false;

	constructor(
		request: InferRequest,
		checked: CheckedRequest,
		choices: readonly OutputChoice[],
		served: ServedModel,
		answer: InferReply,
	) {
		super(
			checked.rows,
			request,
			checked.shapeKey,
			checked.shapes,
			checked.data,
			served,
			checked.padding,
		);
		this.request = request;
		this.answer = answer;
		this.choices = choices;
		this.#served = served;
	}

	override get requestId(): string {
		return this.request.id;
	}

	cancel(): void {
		if (!this.isAnswered) this.#served.model.cancel(this);
	}

	answerError(error: SaccadeError): void {
		if (this.isAnswered) return;
		this.isAnswered = true;
		this.answer.error(error);
	}
}

const NOTHING_TO_CANCEL: InferTicket = { cancel: () => {} };

export class SchedulingInferenceService implements InferenceService {
	readonly #registry: ModelRegistry;
	readonly #clock: Clock;
	readonly #demand: Pick<ModelDemand, "refusal"> | null;
	readonly #served = new WeakMap<ModelVersion, ServedModel>();

	/** @param demand what to do about models that do not serve; null: nothing */
	constructor(
		registry: ModelRegistry,
		clock: Clock,
		demand: Pick<ModelDemand, "refusal"> | null = null,
	) {
		this.#registry = registry;
		this.#clock = clock;
		this.#demand = demand;
	}

	admit(
		modelName: string,
		modelVersion: string,
		{ deadlineUs, trace }: Arrival,
	): SaccadeError | null {
		const nowUs = this.#clock.nowUs();
		if (trace !== null) trace.admittedUs = nowUs;
		try {
			const model = this.#registry.resolve(modelName, modelVersion);
			const refusal =
				deadlineUs > nowUs ? model.foresee(deadlineUs) : alreadyLate();
			if (refusal !== null) model.turnedAway(refusal, nowUs, trace);
			return refusal;
		} catch (error) {
			return this.#absent(modelName, toSaccadeError(error));
		}
	}

	infer(
		request: InferRequest,
		reply: InferReply,
		trace: RequestTrace | null = null,
	): InferTicket {
		let model: ModelVersion | null = null;
		if (trace !== null) trace.landedUs = this.#clock.nowUs();
		try {
			const served = this.#servedModel(request);
			model = served.model;
			this.#assertTimely(request.deadlineUs);
			const entry = new InferEntry(
				request,
				served.contract.check(request),
				served.chooseOutputs(request.outputs),
				served,
				reply,
			);
			entry.trace = trace;
			served.model.submit(entry);
			return entry;
		} catch (error) {
			const failure =
				model === null
					? this.#absent(request.modelName, toSaccadeError(error))
					: toSaccadeError(error);
			request.lease?.release();
			model?.turnedAway(failure, request.receivedUs, trace);
			reply.error(withRequestId(failure, request.id));
			return NOTHING_TO_CANCEL;
		}
	}

	#servedModel(request: InferRequest): ServedModel {
		const model = this.#registry.route(
			request.modelName,
			request.modelVersion,
			request.sequence,
		);
		let served = this.#served.get(model);
		if (served === undefined) {
			served = new ServedModel(model, this.#clock);
			this.#served.set(model, served);
		}
		return served;
	}

	#absent(name: string, error: SaccadeError): SaccadeError {
		return this.#demand?.refusal(name, error) ?? error;
	}

	#assertTimely(deadlineUs: number): void {
		if (
			deadlineUs !== Number.POSITIVE_INFINITY &&
			deadlineUs <= this.#clock.nowUs()
		)
			throw alreadyLate();
	}
}

function alreadyLate(): SaccadeError {
	return withoutStack(
		() =>
			new SaccadeError(
				"DEADLINE_EXCEEDED",
				"the deadline passed before the request could be scheduled; the work was not started",
				{ refusedBecause: "expired" },
			),
	);
}

function byteLengthOf(inputs: readonly (Uint8Array | null)[]): number {
	let sum = 0;
	for (const bytes of inputs) sum += bytes?.byteLength ?? 0;
	return sum;
}

function outputBytes(outputs: readonly Tensor[]): number {
	let sum = 0;
	for (const { data } of outputs) sum += data.byteLength;
	return sum;
}

/** Triton's prefix of validation errors: clients and logs find the request by it. */
function withRequestId(error: SaccadeError, id: string): SaccadeError {
	if (error.code !== "INVALID_ARGUMENT") return error;
	return new SaccadeError(
		error.code,
		`[request id: ${id === "" ? "<id_unknown>" : id}] ${error.message}`,
		{ cause: error },
	);
}
