// Fixed-shape buffers of one lane and the call that runs them. Everything the call passes is built once:
// a run allocates nothing.
//
//   idle ──run──▶ running ──done──▶ idle ──close──▶ closed
//                    └ terminate: the run ends early, done gets CANCELLED
import { DTYPE_BYTES } from "@saccade/protocol";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type {
	Binding,
	BindRequest,
	BoundOutput,
	RunDone,
	RunMode,
} from "../runtime.ts";
import { BoundInput } from "./bound-input.ts";
import type { OrtEnvironment } from "./environment.ts";
import { addressOf, type Pointer, type Status } from "./native.ts";
import type { OffloadGate } from "./offload.ts";
import type { RunArguments, RunThreads } from "./run-thread.ts";
import { toError } from "./status.ts";
import { createTensor, readTensor } from "./values.ts";

/** What a binding needs of the session that it hangs on. */
export interface BindingOwner {
	readonly handle: Pointer;
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	/** Where its runs are made that are kept off the event loop; null: in libuv's pool. */
	readonly threads: RunThreads | null;
	/** `const char*` tables. */
	readonly names: {
		readonly inputs: BigUint64Array;
		readonly outputs: BigUint64Array;
	};
	runStarted(): void;
	runEnded(): void;
	forget(binding: Binding): void;
}

interface BoundOutputSlot {
	/** Position among the outputs of this binding's run, −1 when not wanted. */
	readonly position: number;
	readonly preallocated: boolean;
	output: BoundOutput | null;
}

export class OnnxBinding implements Binding {
	readonly inputs: readonly (Uint8Array | null)[];
	readonly #session: BindingOwner;
	readonly #env: OrtEnvironment;
	readonly #gate: OffloadGate;
	readonly #runOptions: Pointer;
	readonly #boundInputs: readonly (BoundInput | null)[];
	readonly #presentInputs: readonly BoundInput[];
	readonly #outputs: readonly BoundOutputSlot[];
	readonly #inputNames: BigUint64Array;
	readonly #inputValues: BigUint64Array;
	readonly #outputNames: BigUint64Array;
	readonly #outputValues: BigUint64Array;
	readonly #ownedOutputs: Pointer[] = [];
	/** When the run began that is off the event loop. */
	#sinceMs = 0;
	#sentArguments: RunArguments | null = null;
	#state: "idle" | "running" | "closed" = "idle";
	#terminated = false;
	/** The outputs are those of a run that succeeded. */
	#hasAnswer = false;
	#done: RunDone | null = null;

	constructor(
		session: BindingOwner,
		env: OrtEnvironment,
		gate: OffloadGate,
		request: BindRequest,
	) {
		this.#session = session;
		this.#env = env;
		this.#gate = gate;
		const { inputShapes, inputMemory = [] } = request;
		this.#boundInputs = session.inputs.map((spec, index) => {
			const shape = inputShapes[index];
			return shape === null || shape === undefined
				? null
				: new BoundInput(env, spec, shape, inputMemory[index] ?? null);
		});
		this.#presentInputs = this.#boundInputs.filter((input) => input !== null);
		this.inputs = this.#boundInputs.map((input) => input?.own ?? null);
		this.#inputNames = session.names.inputs.filter(
			(_, index) => this.#boundInputs[index] !== null,
		);
		this.#inputValues = new BigUint64Array(this.#presentInputs.length);
		const wanted = session.outputs.map(
			(_, index) => request.wantedOutputs?.[index] ?? true,
		);
		this.#outputNames = session.names.outputs.filter(
			(_, index) => wanted[index] === true,
		);
		this.#outputValues = new BigUint64Array(this.#outputNames.length);
		let position = 0;
		this.#outputs = session.outputs.map((_, index) =>
			wanted[index] === true
				? this.#bindOutput(
						index,
						position++,
						request.outputShapes[index] ?? null,
					)
				: { position: -1, preallocated: false, output: null },
		);
		this.#runOptions = env.pointer("create run options", (out) =>
			env.api.CreateRunOptions(out),
		);
	}

	setInput(index: number, data: Uint8Array): void {
		this.#assertIdle("set an input");
		this.#input(index).set(data);
	}

	resetInput(index: number): void {
		this.#assertIdle("reset an input");
		this.#input(index).reset();
	}

	run(mode: RunMode, done: RunDone): void {
		this.#assertIdle("run");
		for (let i = 0; i < this.#presentInputs.length; i++)
			this.#inputValues[i] = this.#presentInputs[i]!.value;
		this.#session.runStarted();
		this.#state = "running";
		this.#hasAnswer = false;
		this.#done = done;
		const { threads } = this.#session;
		if (mode === "inline") {
			this.#finish(this.#runInline());
			return;
		}
		this.#sinceMs = performance.now();
		if (threads?.offers() === true)
			threads.run(this.#addresses(), this.#returned);
		else this.#gate.enter(this.#startOffload);
	}

	terminate(): void {
		if (this.#state !== "running") return;
		this.#terminated = true;
		this.#env.api.RunOptionsSetTerminate(this.#runOptions);
	}

	output(index: number): BoundOutput {
		const output = this.#outputs[index]?.output;
		if (!this.#hasAnswer || output === null || output === undefined)
			throw new SaccadeError(
				"INTERNAL",
				`output ${index} of a binding was read before a successful run, after close, or was not wanted`,
			);
		return output;
	}

	close(): void {
		if (this.#state === "closed") return;
		this.#assertIdle("close");
		this.#state = "closed";
		this.#hasAnswer = false;
		for (const input of this.#presentInputs) input.close();
		for (const value of this.#ownedOutputs) this.#env.api.ReleaseValue(value);
		this.#env.api.ReleaseRunOptions(this.#runOptions);
		this.#session.forget(this);
	}

	#bindOutput(
		index: number,
		position: number,
		shape: readonly number[] | null,
	): BoundOutputSlot {
		const spec = this.#session.outputs[index]!;
		if (shape === null || spec.dtype === "BYTES")
			return { position, preallocated: false, output: null };
		const count = shape.reduce((product, size) => product * size, 1);
		const data = new Uint8Array(count * DTYPE_BYTES[spec.dtype]);
		const value = createTensor(this.#env, spec.dtype, shape, data);
		this.#ownedOutputs.push(value);
		this.#outputValues[position] = value;
		return { position, preallocated: true, output: { shape, data } };
	}

	#input(index: number): BoundInput {
		const input = this.#boundInputs[index];
		if (input === null || input === undefined)
			throw new SaccadeError(
				"INTERNAL",
				`input ${index} was left out of this binding`,
			);
		return input;
	}

	#runInline(): Status {
		return this.#env.api.Run(
			this.#session.handle,
			this.#runOptions,
			this.#inputNames,
			this.#inputValues,
			this.#inputValues.length,
			this.#outputNames,
			this.#outputNames.length,
			this.#outputValues,
		);
	}

	readonly #startOffload = (): void => {
		this.#env.api.Run.async(
			this.#session.handle,
			this.#runOptions,
			this.#inputNames,
			this.#inputValues,
			this.#inputValues.length,
			this.#outputNames,
			this.#outputNames.length,
			this.#outputValues,
			this.#offloadDone,
		);
	};

	/** The arguments of `Run` as another thread takes them: all of it stays where it is. */
	#addresses(): RunArguments {
		this.#sentArguments ??= [
			this.#session.handle,
			this.#runOptions,
			addressOf(this.#inputNames),
			addressOf(this.#inputValues),
			this.#inputValues.length,
			addressOf(this.#outputNames),
			this.#outputNames.length,
			addressOf(this.#outputValues),
		];
		return this.#sentArguments;
	}

	readonly #offloadDone = (error: Error | null, status: Status): void => {
		this.#gate.leave();
		this.#returned(error, status);
	};

	readonly #returned = (error: Error | null, status: Status): void => {
		this.#session.threads?.took((performance.now() - this.#sinceMs) * 1000);
		if (error === null) this.#finish(status);
		else this.#settle(error);
	};

	#finish(status: Status): void {
		if (status !== null) {
			const code = this.#terminated ? "CANCELLED" : "EXECUTION_FAILED";
			this.#settle(toError(this.#env.api, status, code, "the run failed"));
			return;
		}
		try {
			this.#collectOutputs();
		} catch (error) {
			this.#settle(error as Error);
			return;
		}
		this.#settle(null);
	}

	/** Copies and releases what the run allocated itself. */
	#collectOutputs(): void {
		for (const slot of this.#outputs) {
			if (slot.position < 0 || slot.preallocated) continue;
			const value = this.#outputValues[slot.position] ?? 0n;
			this.#outputValues[slot.position] = 0n;
			try {
				slot.output = readTensor(this.#env, value);
			} finally {
				this.#env.api.ReleaseValue(value);
			}
		}
	}

	#settle(error: Error | null): void {
		if (this.#terminated) {
			this.#terminated = false;
			this.#env.api.RunOptionsUnsetTerminate(this.#runOptions);
		}
		this.#state = "idle";
		this.#hasAnswer = error === null;
		this.#session.runEnded();
		const done = this.#done;
		this.#done = null;
		done?.(error);
	}

	#assertIdle(doing: string): void {
		if (this.#state === "idle") return;
		throw new SaccadeError(
			"INTERNAL",
			`cannot ${doing}: the binding is ${this.#state}`,
		);
	}
}
