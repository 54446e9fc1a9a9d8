// What one frame needs while it runs: the values that nodes gave, and steps with their memory. Frames that run beside
// each other have one each; it is used again by later ones when nobody holds it any more.
import type { Frame } from "../frame.ts";
import type { OutputMemory } from "../model-runner.ts";
import type { StepRunner } from "../steps/step.ts";
import { SharedFrame } from "./shared-frame.ts";

export type Values = Record<string, unknown>;
export type AnyRunner = StepRunner<Values, Values>;

export class Workspace {
	readonly number: number;
	/** By index of the source: sensors, then nodes. */
	readonly values: Values[];
	/** Inline steps, by index of the source. */
	readonly runners: ReadonlyMap<number, AnyRunner>;
	readonly #shared: SharedFrame[] = [];
	/** Of models, by index of the source. */
	readonly #memories: OutputMemory[] = [];
	readonly #onFree: (free: Workspace) => void;
	/** Its frame, and joins that keep values of it. */
	#holdCount = 0;

	constructor(options: {
		readonly number: number;
		readonly sourceCount: number;
		readonly runners: ReadonlyMap<number, AnyRunner>;
		/** Another frame may use it. */
		readonly onFree: (free: Workspace) => void;
	}) {
		this.number = options.number;
		this.values = Array.from({ length: options.sourceCount }, () => ({}));
		this.runners = options.runners;
		this.#onFree = options.onFree;
	}

	hold(): void {
		this.#holdCount++;
	}

	letGo(): void {
		this.#holdCount--;
		if (this.#holdCount === 0) this.#onFree(this);
	}

	/** Of a model's outputs: allocated once, so that no frame leaves work for the collector. */
	memoryOf(index: number): OutputMemory {
		this.#memories[index] ??= createOutputMemory();
		return this.#memories[index];
	}

	/** As another thread can see it. */
	shared(index: number, frame: Frame): Frame {
		this.#shared[index] ??= new SharedFrame();
		return this.#shared[index].copyOf(frame);
	}
}

/** Other threads see it without a copy. */
function createOutputMemory(): OutputMemory {
	const memories = new Map<string, SharedArrayBuffer>();
	return (output, byteLength) => {
		let memory = memories.get(output);
		if (memory === undefined || memory.byteLength < byteLength) {
			memory = new SharedArrayBuffer(byteLength);
			memories.set(output, memory);
		}
		return new Uint8Array(memory, 0, byteLength);
	};
}
