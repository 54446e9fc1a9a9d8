// onnxruntime-node's own `run()` as a backend of the server: its promise settles later, but the inference itself is
// done on the calling thread (dist/backend.js: `run` inside setImmediate), so that the event loop stands meanwhile.
// All else (transport, scheduling, batching, gathering) is the server's own, which makes the call the only difference.
import * as ort from "onnxruntime-node";
import type {
	Binding,
	BindRequest,
	BoundOutput,
	ModelSource,
	RunDone,
	Runtime,
	Session,
} from "../../../packages/server/src/runtime/runtime.ts";
import type { TensorSpec } from "../../../packages/server/src/tensor/tensor.ts";

/** FP32 models alone: enough for the models of the benches. */
export class BlockingRuntime implements Runtime {
	readonly name = "onnxruntime";
	readonly version = "onnxruntime-node";
	readonly #threadCount: number;

	/** @param threadCount of one run */
	constructor(threadCount: number) {
		this.#threadCount = threadCount;
	}

	async load(source: ModelSource): Promise<Session> {
		if (source.kind !== "file") throw new Error("models are files here");
		return new BlockingSession(
			await ort.InferenceSession.create(source.path, {
				intraOpNumThreads: this.#threadCount,
			}),
		);
	}

	close(): void {}
}

class BlockingSession implements Session {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	readonly #session: ort.InferenceSession;

	constructor(session: ort.InferenceSession) {
		this.#session = session;
		this.inputs = session.inputMetadata.map(toSpec);
		this.outputs = session.outputMetadata.map(toSpec);
	}

	bind(request: BindRequest): Binding {
		return new BlockingBinding(this.#session, this, request);
	}

	close(): void {
		void this.#session.release();
	}
}

function toSpec(meta: ort.InferenceSession.ValueMetadata): TensorSpec {
	if (!meta.isTensor || meta.type !== "float32")
		throw new Error(`${meta.name} is no FP32 tensor`);
	return {
		name: meta.name,
		dtype: "FP32",
		shape: meta.shape.map((size) => (typeof size === "number" ? size : -1)),
	};
}

class BlockingBinding implements Binding {
	readonly inputs: readonly Uint8Array[];
	readonly #own: readonly Float32Array[];
	readonly #session: ort.InferenceSession;
	readonly #specs: Pick<Session, "inputs" | "outputs">;
	readonly #shapes: readonly (readonly number[])[];
	readonly #used: Float32Array[];
	#outputs: readonly BoundOutput[] = [];

	constructor(
		session: ort.InferenceSession,
		specs: Pick<Session, "inputs" | "outputs">,
		request: BindRequest,
	) {
		this.#session = session;
		this.#specs = specs;
		this.#shapes = request.inputShapes.map((shape) => shape ?? []);
		this.#own = this.#shapes.map(
			(shape) => new Float32Array(shape.reduce((a, b) => a * b, 1)),
		);
		this.inputs = this.#own.map(bytesOf);
		this.#used = [...this.#own];
	}

	/** As for the server's own backend, no copy at batch size 1. */
	setInput(index: number, data: Uint8Array): void {
		this.#used[index] = new Float32Array(
			data.buffer as ArrayBuffer,
			data.byteOffset,
			data.byteLength / 4,
		);
	}

	resetInput(index: number): void {
		this.#used[index] = this.#own[index]!;
	}

	run(_mode: unknown, done: RunDone): void {
		const feeds = Object.fromEntries(
			this.#specs.inputs.map(({ name }, i) => [
				name,
				new ort.Tensor("float32", this.#used[i]!, this.#shapes[i]!),
			]),
		);
		this.#session.run(feeds).then(
			(results) => {
				this.#outputs = this.#specs.outputs.map(({ name }) => {
					const { dims, data } = results[name]!;
					return { shape: dims, data: bytesOf(data as Float32Array) };
				});
				done(null);
			},
			(error: Error) => done(error),
		);
	}

	/** The library offers no way to stop a run. */
	terminate(): void {}

	output(index: number): BoundOutput {
		return this.#outputs[index]!;
	}

	close(): void {}
}

function bytesOf(values: Float32Array): Uint8Array {
	return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
