// Models for pipelines, through the same door as every other request: validated, scheduled, batched with them.
import type { SaccadeError } from "../errors/saccade-error.ts";
import type {
	ModelRun,
	ModelRunner,
	OutputMemory,
} from "../pipelines/model-runner.ts";
import type { Lease, Tensor } from "../tensor/tensor.ts";
import type {
	Arrival,
	InferenceService,
	InferReply,
	InferRequest,
	InferResponse,
} from "./inference.ts";
import type { MetadataService } from "./services.ts";

const ownMemory: OutputMemory = (_output, byteLength) =>
	new Uint8Array(byteLength);

const ANY_TIME: Arrival = { deadlineUs: Number.POSITIVE_INFINITY, trace: null };

export function createModelRunner(
	inference: InferenceService,
	metadata: Pick<MetadataService, "model">,
): ModelRunner {
	return {
		describe: (modelName, modelVersion) =>
			metadata.model(modelName, modelVersion),
		assertReady: (modelName, modelVersion) => {
			const refusal = inference.admit(modelName, modelVersion, ANY_TIME);
			if (refusal !== null) throw refusal;
		},
		run: async (run) => {
			const { memory = ownMemory, signal } = run;
			const { promise, resolve, reject } =
				Promise.withResolvers<readonly Tensor[]>();
			const reply = new RunReply(memory, resolve, reject);
			const trace = run.trace?.request() ?? null;
			const ticket = inference.infer(requestOf(run, reply), reply, trace);
			const cancel = () => ticket.cancel();
			if (signal.aborted) cancel();
			else signal.addEventListener("abort", cancel, { once: true });
			try {
				return await promise;
			} finally {
				// A signal that outlives the run would keep it, its tensors and its answer.
				signal.removeEventListener("abort", cancel);
			}
		},
	};
}

/**
 * Answers its pipeline only when the run has let go of the inputs, too: a request that is cancelled or late is told so
 * while the run still reads them.
 */
class RunReply implements InferReply, Lease {
	readonly #memory: OutputMemory;
	readonly #resolve: (outputs: readonly Tensor[]) => void;
	readonly #reject: (error: SaccadeError) => void;
	#answer: (() => void) | null = null;
	#isReleased = false;

	constructor(
		memory: OutputMemory,
		resolve: (outputs: readonly Tensor[]) => void,
		reject: (error: SaccadeError) => void,
	) {
		this.#memory = memory;
		this.#resolve = resolve;
		this.#reject = reject;
	}

	response({ outputs }: InferResponse): void {
		// The model's own memory is used again at once.
		const own = outputs.map(({ name, dtype, shape, data }) => {
			const bytes = this.#memory(name, data.length);
			bytes.set(data);
			return { name, dtype, shape: [...shape], data: bytes };
		});
		this.#answered(() => this.#resolve(own));
	}

	error(error: SaccadeError): void {
		this.#answered(() => this.#reject(error));
	}

	release(): void {
		this.#isReleased = true;
		this.#answer?.();
	}

	#answered(answer: () => void): void {
		if (this.#isReleased) answer();
		else this.#answer = answer;
	}
}

function requestOf(run: ModelRun, lease: Lease): InferRequest {
	return {
		modelName: run.modelName,
		modelVersion: run.modelVersion,
		id: "",
		inputs: run.inputs.map((tensor) => ({ ...tensor, parameters: null })),
		outputs: null,
		parameters: null,
		priority: 0,
		timeoutUs: 0,
		sequence: null,
		deadlineUs: run.deadlineUs,
		receivedUs: run.receivedUs,
		lease,
	};
}
