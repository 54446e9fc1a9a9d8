// A session that answers as the real one does and takes the time of a simulated device: a run is done when both are.
// What fails on the device fails here; a device that hangs keeps the run until it is well again.
import type {
	SimulatedDevice,
	SimulatedEnd,
	SimulatedRun,
} from "../../devices/simulated-device.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type {
	Binding,
	BindRequest,
	BoundOutput,
	RunDone,
	RunMode,
	Session,
} from "../runtime.ts";

export class SimulatedSession implements Session {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	readonly #inner: Session;
	readonly #device: SimulatedDevice;
	readonly #modelBytes: number;
	#runningCount = 0;
	#isOpen = true;

	/** Throws LOAD_FAILED when the device has no room for the model. */
	constructor(inner: Session, device: SimulatedDevice, modelBytes: number) {
		this.inputs = inner.inputs;
		this.outputs = inner.outputs;
		this.#inner = inner;
		this.#device = device;
		this.#modelBytes = modelBytes;
		if (device.claim(modelBytes)) return;
		const { totalBytes, usedBytes } = device.memory();
		throw new SaccadeError(
			"LOAD_FAILED",
			`device '${device.name}' has ${totalBytes - usedBytes} of ${totalBytes} bytes left, the model takes ${modelBytes}`,
		);
	}

	bind(request: BindRequest): Binding {
		return new SimulatedBinding(
			this.#inner.bind(request),
			this.#device,
			request.inputShapes[0]?.[0] ?? 1,
			(change) => {
				this.#runningCount += change;
			},
		);
	}

	close(): void {
		if (!this.#isOpen) return;
		if (this.#runningCount > 0)
			throw new SaccadeError(
				"INTERNAL",
				`cannot close a session while ${this.#runningCount} runs are under way`,
			);
		this.#inner.close();
		this.#isOpen = false;
		this.#device.release(this.#modelBytes);
	}
}

class SimulatedBinding implements Binding {
	readonly inputs: readonly (Uint8Array | null)[];
	readonly #inner: Binding;
	readonly #device: SimulatedDevice;
	readonly #rows: number;
	readonly #counted: (change: 1 | -1) => void;
	#run: SimulatedRun | null = null;
	#done: RunDone | null = null;
	/** How the real run and the device's ended; undefined while they go on. */
	#answer: Error | null | undefined;
	#end: SimulatedEnd | undefined;

	constructor(
		inner: Binding,
		device: SimulatedDevice,
		rows: number,
		counted: (change: 1 | -1) => void,
	) {
		this.inputs = inner.inputs;
		this.#inner = inner;
		this.#device = device;
		this.#rows = rows;
		this.#counted = counted;
	}

	setInput(index: number, data: Uint8Array): void {
		this.#assertIdle("set an input");
		this.#inner.setInput(index, data);
	}

	resetInput(index: number): void {
		this.#assertIdle("reset an input");
		this.#inner.resetInput(index);
	}

	/** In mode `inline` the device's time is not taken: nothing can be waited for. */
	run(mode: RunMode, done: RunDone): void {
		this.#assertIdle("run");
		if (mode === "inline") {
			this.#inner.run(mode, done);
			return;
		}
		this.#answer = undefined;
		this.#end = undefined;
		this.#inner.run(mode, (error) => {
			this.#answer = error;
			this.#settle();
		});
		this.#done = done;
		this.#counted(1);
		this.#run = this.#device.run(this.#rows, (end) => {
			this.#end = end;
			this.#settle();
		});
	}

	terminate(): void {
		if (this.#run === null) return;
		this.#inner.terminate();
		this.#device.stop(this.#run);
	}

	output(index: number): BoundOutput {
		return this.#inner.output(index);
	}

	close(): void {
		this.#assertIdle("close");
		this.#inner.close();
	}

	#settle(): void {
		if (this.#answer === undefined || this.#end === undefined) return;
		const done = this.#done;
		this.#done = null;
		this.#run = null;
		this.#counted(-1);
		done?.(this.#answer ?? this.#failure(this.#end));
	}

	#failure(end: SimulatedEnd): SaccadeError | null {
		switch (end) {
			case "done":
				return null;
			case "failed":
				return new SaccadeError(
					"EXECUTION_FAILED",
					`device '${this.#device.name}' failed`,
				);
			case "stopped":
				return new SaccadeError("CANCELLED", "the run was terminated");
		}
	}

	#assertIdle(doing: string): void {
		if (this.#run === null) return;
		throw new SaccadeError(
			"INTERNAL",
			`cannot ${doing}: the binding is running`,
		);
	}
}
