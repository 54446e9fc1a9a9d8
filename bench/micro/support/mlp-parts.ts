// Stand-ins around one layer of the server at a time, in the shapes of the bundled model `mlp`.
import { ModelEntry } from "../../../packages/server/src/models/entry.ts";
import type {
	Binding,
	BoundOutput,
	RunDone,
	RunMode,
	Session,
} from "../../../packages/server/src/runtime/runtime.ts";
import type { TensorSpec } from "../../../packages/server/src/tensor/tensor.ts";

export const INPUT_FLOATS = 64;
export const OUTPUT_FLOATS = 10;
const FP32_BYTES = 4;
const INPUT: TensorSpec = {
	name: "input",
	dtype: "FP32",
	shape: [-1, INPUT_FLOATS],
};
const OUTPUT: TensorSpec = {
	name: "output",
	dtype: "FP32",
	shape: [-1, OUTPUT_FLOATS],
};

/** A request that may be submitted again when it is done. Its answer's views are made, as encoding would. */
export function idleEntry(deadlineUs: number): ModelEntry {
	return new ModelEntry(
		1,
		{
			deadlineUs,
			priority: 0,
			timeoutUs: 0,
			receivedUs: 0,
			lease: null,
		},
		"",
		[[1, INPUT_FLOATS]],
		[new Uint8Array(INPUT_FLOATS * FP32_BYTES)],
		{
			completed: (_entry, outputs) => {
				outputs.shape(0);
				outputs.data(0);
			},
			failed: (_entry, error) => {
				throw error;
			},
		},
	);
}

/** A session whose runs take no time. */
export const instantSession: Session = {
	inputs: [INPUT],
	outputs: [OUTPUT],
	bind: ({ inputShapes }) => new InstantBinding(inputShapes[0]?.[0] ?? 1),
	close: () => {},
};

class InstantBinding implements Binding {
	readonly inputs: readonly Uint8Array[];
	readonly #output: BoundOutput;

	constructor(rows: number) {
		this.inputs = [new Uint8Array(rows * INPUT_FLOATS * FP32_BYTES)];
		this.#output = {
			shape: [rows, OUTPUT_FLOATS],
			data: new Uint8Array(rows * OUTPUT_FLOATS * FP32_BYTES),
		};
	}

	setInput(): void {}
	resetInput(): void {}
	terminate(): void {}
	close(): void {}

	run(_mode: RunMode, done: RunDone): void {
		done(null);
	}

	output(): BoundOutput {
		return this.#output;
	}
}
