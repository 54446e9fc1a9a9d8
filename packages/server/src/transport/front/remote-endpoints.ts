// The endpoints as a front has them: phase `open` runs here, everything else is asked of the core.
import type {
	CallContext,
	InferEndpoint,
	OpenPhase,
	Operation,
	UnaryEndpoint,
} from "../../endpoint/endpoint.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { fromPlainError } from "../../errors/plain-error.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type { Outcome, QuestionMessage, ToFront } from "./messages.ts";
import type { FrontLink } from "./remote-infer.ts";

/** The small endpoints, by their name in `Endpoints`. */
const UNARY = {
	live: "health",
	ready: "health",
	modelReady: "health",
	serverMetadata: "server.metadata",
	modelMetadata: "model.metadata",
	modelConfig: "model.config",
	statistics: "statistics",
	repositoryIndex: "repository.index",
	repositoryLoad: "repository.load",
	repositoryUnload: "repository.unload",
	traceGet: "trace.get",
	traceSet: "trace.set",
	loggingGet: "logging.get",
	loggingSet: "logging.set",
	sharedMemoryStatus: "shared-memory.status",
	sharedMemoryRegister: "shared-memory.register",
	sharedMemoryUnregister: "shared-memory.unregister",
	telemetryPost: "telemetry",
	sensorRegister: "sensor.register",
	sensorUnregister: "sensor.unregister",
	sensorList: "sensor.list",
	recordingStart: "recording.start",
	recordingStop: "recording.stop",
	recordingStatus: "recording.status",
	pipelineList: "pipeline.list",
	swapList: "repository.swaps",
	alarms: "health",
	explain: "explain",
	traceList: "explain",
	consoleFile: "console",
} as const satisfies Record<UnaryName, Operation>;

export type UnaryName = Exclude<
	keyof Endpoints,
	"infer" | "inputs" | "rawInput" | "telemetry" | "streamList" | "console"
>;

interface Waiting {
	readonly resolve: (value: unknown) => void;
	readonly reject: (error: Error) => void;
}

/** Answers that are kept until models change. */
const MAX_KNOWN = 256;

export class RemoteCalls {
	readonly #link: FrontLink;
	readonly #waiting = new Map<number, Waiting>();
	/** What was told of models, until they change. */
	readonly #known = new Map<string, Outcome>();
	#told: Outcome | null = null;
	#lastCallId = 0;

	constructor(link: FrontLink) {
		this.#link = link;
	}

	/** @throws what the endpoint throws, at the core */
	call(
		endpoint: UnaryName,
		context: CallContext,
		request: unknown,
	): Promise<unknown> {
		const callId = ++this.#lastCallId;
		return new Promise((resolve, reject) => {
			this.#waiting.set(callId, { resolve, reject });
			this.#link.post({ kind: "call", callId, endpoint, context, request });
		});
	}

	/** The thread waits for the answer, once for each question until models change. */
	ask(name: QuestionMessage["name"], args: readonly unknown[]): unknown {
		const key = JSON.stringify([name, ...args]);
		let outcome = this.#known.get(key);
		if (outcome === undefined) {
			outcome = this.#waitFor({ kind: "question", name, args });
			if (this.#known.size >= MAX_KNOWN) this.#known.clear();
			this.#known.set(key, outcome);
		}
		if (outcome.ok) return outcome.value;
		throw fromPlainError(outcome.error);
	}

	message(message: ToFront): void {
		if (message.kind === "told") this.#told = message.outcome;
		else if (message.kind === "models-changed") this.#known.clear();
		else if (message.kind === "answer") this.#answered(message);
	}

	#answered({ callId, outcome }: Extract<ToFront, { kind: "answer" }>): void {
		const waiting = this.#waiting.get(callId)!;
		this.#waiting.delete(callId);
		if (outcome.ok) waiting.resolve(outcome.value);
		else waiting.reject(fromPlainError(outcome.error));
	}

	#waitFor(question: QuestionMessage): Outcome {
		this.#told = null;
		this.#link.post(question);
		for (;;) {
			const outcome = this.#told as Outcome | null;
			if (outcome !== null) return outcome;
			this.#link.waitForMessage();
		}
	}
}

/** @param open phase `open` of all endpoints */
export function remoteEndpoints(
	open: OpenPhase,
	infer: InferEndpoint,
	calls: RemoteCalls,
): Endpoints {
	const unary = Object.fromEntries(
		Object.entries(UNARY).map(([name, operation]) => {
			const endpoint: UnaryEndpoint<unknown, unknown> = {
				operation,
				open,
				run: (context, request) =>
					calls.call(name as UnaryName, context, request),
			};
			return [name, endpoint];
		}),
		// Each value is the endpoint of its key: `Object.fromEntries` cannot say so.
	) as unknown as Pick<Endpoints, UnaryName>;
	return {
		...unary,
		telemetry: {
			open,
			run: () => ({ ok: false, error: noStreams(), incompatible: [] }),
		},
		console: {
			open,
			run: () => {
				throw noStreams();
			},
		},
		streamList: {
			operation: "stream.list",
			open,
			run: () => Promise.reject(noStreams()),
		},
		infer,
		inputs: (name, version) =>
			calls.ask("inputs", [name, version]) as readonly TensorSpec[],
		rawInput: (name, version, byteLength) =>
			calls.ask("rawInput", [name, version, byteLength]) as TensorSpec,
	};
}

/** A stream hands frames over by reference, many times a second; nothing carries that between threads yet. */
function noStreams(): SaccadeError {
	return new SaccadeError(
		"UNSUPPORTED",
		"sensor streams and consoles are not served through network threads; start the server without --fronts",
	);
}
