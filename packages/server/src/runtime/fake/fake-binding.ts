// One lane's buffers of a fake model. The answer is computed when the run ends, as a device would write it.
import { DTYPE_BYTES } from "@saccade/protocol";
import type { Clock, Timer } from "../../common/clock.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type {
	Binding,
	BindRequest,
	BoundOutput,
	RunDone,
	RunMode,
} from "../runtime.ts";
import type { FakeModel } from "./model-file.ts";

export class FakeBinding implements Binding {
	readonly inputs: readonly Uint8Array[];
	readonly #model: FakeModel;
	readonly #clock: Clock;
	readonly #closed: () => void;
	readonly #shapes: readonly (readonly number[])[];
	readonly #used: Uint8Array[];
	readonly #outputs: (BoundOutput | null)[];
	readonly #rows: number;
	#state: "idle" | "running" | "closed" = "idle";
	#done: RunDone | null = null;
	#timer: Timer | null = null;

	/** Throws INVALID_ARGUMENT for shapes that the model does not take. */
	constructor(
		model: FakeModel,
		request: BindRequest,
		clock: Clock,
		closed: () => void,
	) {
		this.#model = model;
		this.#clock = clock;
		this.#closed = closed;
		this.#shapes = model.inputs.map((spec, index) =>
			fitted(spec, request.inputShapes[index] ?? null),
		);
		this.inputs = this.#shapes.map((shape, index) => {
			const { dtype } = model.inputs[index]!;
			const byteLength = (elementCount(shape) ?? 0) * DTYPE_BYTES[dtype];
			const memory = request.inputMemory?.[index] ?? null;
			return memory?.subarray(0, byteLength) ?? new Uint8Array(byteLength);
		});
		this.#used = [...this.inputs];
		this.#outputs = model.outputs.map(() => null);
		this.#rows = this.#shapes[0]?.[0] ?? 1;
	}

	get isRunning(): boolean {
		return this.#state === "running";
	}

	setInput(index: number, data: Uint8Array): void {
		this.#assertIdle("set an input");
		const own = this.#own(index);
		if (data.byteLength !== own.byteLength)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`input '${this.#model.inputs[index]?.name}' takes ${own.byteLength} bytes, got ${data.byteLength}`,
			);
		this.#used[index] = data;
	}

	resetInput(index: number): void {
		this.#assertIdle("reset an input");
		this.#used[index] = this.#own(index);
	}

	run(mode: RunMode, done: RunDone): void {
		this.#assertIdle("run");
		this.#state = "running";
		this.#done = done;
		if (mode === "inline") {
			this.#finish();
			return;
		}
		const serviceUs = this.#model.curve?.serviceUs(this.#rows) ?? 0;
		this.#timer = this.#clock.at(this.#clock.nowUs() + serviceUs, () =>
			this.#finish(),
		);
	}

	terminate(): void {
		if (this.#state !== "running") return;
		this.#timer?.cancel();
		this.#timer = this.#clock.at(this.#clock.nowUs(), () =>
			this.#settle(new SaccadeError("CANCELLED", "the run was terminated")),
		);
	}

	output(index: number): BoundOutput {
		const output = this.#outputs[index];
		if (this.#state === "closed" || output === null || output === undefined)
			throw new SaccadeError(
				"INTERNAL",
				`output ${index} of a binding was read before a successful run or after close`,
			);
		return output;
	}

	close(): void {
		if (this.#state === "closed") return;
		this.#assertIdle("close");
		this.#state = "closed";
		this.#closed();
	}

	#finish(): void {
		const { failsFromRows } = this.#model;
		if (this.#rows >= failsFromRows) {
			this.#settle(
				new SaccadeError(
					"EXECUTION_FAILED",
					`this model fails from ${failsFromRows} rows on, the batch has ${this.#rows}`,
				),
			);
			return;
		}
		for (let i = 0; i < this.#used.length; i++)
			this.#outputs[i] = { shape: this.#shapes[i]!, data: this.#compute(i) };
		this.#settle(null);
	}

	#compute(index: number): Uint8Array {
		const data = this.#used[index]!.slice();
		if (this.#model.compute === "double") {
			const values = new Float32Array(data.buffer);
			for (let i = 0; i < values.length; i++) values[i]! *= 2;
		}
		return data;
	}

	#settle(error: SaccadeError | null): void {
		this.#state = "idle";
		this.#timer = null;
		const done = this.#done;
		this.#done = null;
		done?.(error);
	}

	#own(index: number): Uint8Array {
		const own = this.inputs[index];
		if (own === undefined)
			throw new SaccadeError("INTERNAL", `the model has no input ${index}`);
		return own;
	}

	#assertIdle(doing: string): void {
		if (this.#state === "idle") return;
		throw new SaccadeError(
			"INTERNAL",
			`cannot ${doing}: the binding is ${this.#state}`,
		);
	}
}

function fitted(
	spec: TensorSpec,
	shape: readonly number[] | null,
): readonly number[] {
	const fits =
		shape !== null &&
		shape.length === spec.shape.length &&
		shape.every(
			(size, axis) =>
				Number.isSafeInteger(size) &&
				size >= 0 &&
				(spec.shape[axis] === -1 || spec.shape[axis] === size),
		);
	if (fits) return shape;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`input '${spec.name}' takes shape [${spec.shape}] (-1: any), got [${shape ?? "none"}]`,
	);
}
