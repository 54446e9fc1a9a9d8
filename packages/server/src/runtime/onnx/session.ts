// A loaded model: signature, names as the C API takes them, and the bindings that hang on it.
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type { Binding, BindRequest, Session } from "../runtime.ts";
import { type BindingOwner, OnnxBinding } from "./binding.ts";
import type { OrtEnvironment } from "./environment.ts";
import { addressOf, type Pointer } from "./native.ts";
import type { OffloadGate } from "./offload.ts";
import type { RunThreads } from "./run-thread.ts";
import { readSignature } from "./signature.ts";

/** `const char*` arrays; the bytes they point to are kept beside them. */
interface NameTables {
	readonly inputs: BigUint64Array;
	readonly outputs: BigUint64Array;
	readonly bytes: readonly Uint8Array[];
}

export class OnnxSession implements Session, BindingOwner {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	readonly handle: Pointer;
	readonly names: NameTables;
	readonly threads: RunThreads | null;
	readonly #env: OrtEnvironment;
	readonly #gate: OffloadGate;
	readonly #closed: (session: OnnxSession) => void;
	readonly #released: () => void;
	readonly #bindings = new Set<Binding>();
	#running = 0;
	#open = true;

	/** Takes ownership of `handle`, also when the signature cannot be served and LOAD_FAILED is thrown. */
	constructor(
		env: OrtEnvironment,
		gate: OffloadGate,
		handle: Pointer,
		threads: RunThreads | null,
		events: {
			readonly closed: (session: OnnxSession) => void;
			/** Its memory is given back: some time after `closed`. */
			readonly released: () => void;
		},
	) {
		this.#env = env;
		this.#gate = gate;
		this.handle = handle;
		this.threads = threads;
		this.#closed = events.closed;
		this.#released = events.released;
		try {
			const signature = readSignature(env, handle);
			this.inputs = signature.inputs;
			this.outputs = signature.outputs;
		} catch (error) {
			env.api.ReleaseSession(handle);
			throw error;
		}
		this.names = nameTables(this.inputs, this.outputs);
	}

	bind(request: BindRequest): Binding {
		this.#assertOpen("bind");
		for (const [index, spec] of this.inputs.entries()) {
			const shape = request.inputShapes[index];
			if (shape !== null && shape !== undefined) assertFits(spec, shape);
		}
		const binding = new OnnxBinding(this, this.#env, this.#gate, request);
		this.#bindings.add(binding);
		return binding;
	}

	close(): void {
		if (!this.#open) return;
		if (this.#running > 0)
			throw new SaccadeError(
				"INTERNAL",
				`cannot close a session while ${this.#running} runs are under way`,
			);
		this.#open = false;
		for (const binding of [...this.#bindings]) binding.close();
		this.#closed(this);
		this.#release();
	}

	/** Off the event loop: unmapping the weights of a large model takes milliseconds. */
	#release(): void {
		this.#gate.enter(() =>
			this.#env.api.ReleaseSession.async(this.handle, () => {
				this.#gate.leave();
				this.#released();
			}),
		);
	}

	/** Called by bindings. */
	runStarted(): void {
		this.#assertOpen("run");
		this.#running++;
	}

	runEnded(): void {
		this.#running--;
	}

	forget(binding: Binding): void {
		this.#bindings.delete(binding);
	}

	#assertOpen(doing: string): void {
		if (!this.#open)
			throw new SaccadeError(
				"INTERNAL",
				`cannot ${doing}: the session is closed`,
			);
	}
}

function assertFits(spec: TensorSpec, shape: readonly number[]): void {
	const fits =
		shape.length === spec.shape.length &&
		shape.every((size, axis) => {
			const expected = spec.shape[axis];
			return (
				Number.isSafeInteger(size) &&
				size >= 0 &&
				(expected === -1 || expected === size)
			);
		});
	if (!fits)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`input '${spec.name}' takes shape [${spec.shape}] (-1: any), got [${shape}]`,
		);
}

function nameTables(
	inputs: readonly TensorSpec[],
	outputs: readonly TensorSpec[],
): NameTables {
	const bytes: Uint8Array[] = [];
	const pointers = (specs: readonly TensorSpec[]) =>
		BigUint64Array.from(specs, (spec) => {
			const name = Buffer.from(`${spec.name}\0`);
			// A copy of its own: small Buffers share a pool whose memory moves on.
			const own = new Uint8Array(name);
			bytes.push(own);
			return addressOf(own);
		});
	return { inputs: pointers(inputs), outputs: pointers(outputs), bytes };
}
