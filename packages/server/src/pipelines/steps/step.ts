// A step of a pipeline: a function of its inputs that fills its outputs, with what it needs made once and used again.
//
//   define ─▶ create (once a stream, and once more for each frame that runs beside another) ─▶ run … run ─▶ close
//
// It owns what it puts in its outputs, and may use it again for the next frame.
import { createPoints, type Points } from "@saccade/perception";
import { DTYPE_BYTES, type DType } from "@saccade/protocol";
import { SaccadeError, withoutStack } from "../../errors/saccade-error.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type {
	FrameTransform,
	SensorDescription,
	StreamOpening,
} from "../pipeline.ts";
import type { InputsOf, OutputsOf, Ports } from "./port.ts";
import type { SettingsOf, SettingsSpec } from "./settings.ts";

/** The frame that a pipeline runs for: the first sensor's. */
export interface StepFrame {
	readonly deviceId: string;
	readonly sequence: number;
	readonly frameId: string;
	/** When it was measured, on the server's clock. */
	readonly measuredUs: number;
	readonly deadlineUs: number;
	/** When this run of the step begins. */
	readonly nowUs: number;
}

export interface StepContext<Settings> {
	readonly settings: Settings;
	/** Sensors, calibration and transforms of the stream. */
	readonly opening: StreamOpening;
	/** Memory for an output that goes to a model: other threads see it without a copy. */
	tensor(dtype: DType, shape: readonly number[]): Tensor;
	/** The same for points. */
	points(capacity: number, options?: { readonly withTimes?: boolean }): Points;
}

/** @param isShared other threads are to see it */
export function stepMemory(
	isShared: boolean,
): Pick<StepContext<never>, "tensor" | "points"> {
	return {
		tensor: (dtype, shape) => createTensor(dtype, shape, isShared),
		points: (capacity, options) =>
			createPoints(capacity, { ...options, isShared }),
	};
}

export interface StepRunner<Inputs, Outputs> {
	/**
	 * Fills every output. What it throws ends the frame: as INVALID where it is `badInput(…)`, else as FAILED.
	 */
	run(inputs: Inputs, outputs: Outputs, frame: StepFrame): void | Promise<void>;
	close?(): void;
}

export interface StepDefinition<
	Spec extends SettingsSpec = SettingsSpec,
	In extends Ports = Ports,
	Out extends Ports = Ports,
> {
	/** Letters, digits and dashes. */
	readonly name: string;
	/** One line for people. */
	readonly summary: string;
	readonly settings: Spec;
	inputs(settings: SettingsOf<Spec>): In;
	outputs(settings: SettingsOf<Spec>): Out;
	/** It knows earlier frames: one instance a stream, one frame at a time. @default false */
	readonly remembers?: boolean;
	/**
	 * It misses nothing: it runs for each frame of each sensor that it reads of, as they come, with its other inputs null,
	 * and whoever reads of it gets what it gave last. It remembers, then, and is to be quick. @default false
	 */
	readonly listens?: boolean;
	create(
		context: StepContext<SettingsOf<Spec>>,
	): StepRunner<InputsOf<In>, OutputsOf<Out>>;
	/** Inputs of usual size. At load the step is timed with them, which decides where it runs. */
	sample(settings: SettingsOf<Spec>): InputsOf<In>;
	/** What the stream of the sample was opened with; its frames are of frame `sample`. @default nothing */
	sampleTransforms?(settings: SettingsOf<Spec>): readonly FrameTransform[];
	/** Its sensors, of which the sample's frames are; theirs is device `sample`. @default nothing is said of them */
	sampleSensors?(settings: SettingsOf<Spec>): readonly SensorDescription[];
}

/** A step that somebody else calls: types are checked when the pipeline is. */
// biome-ignore lint/suspicious/noExplicitAny: settings and ports of any step; `check` compares them
export type AnyStep = StepDefinition<any, any, any>;

/** Says what a step is, with its types. */
export function defineStep<
	const Spec extends SettingsSpec,
	const In extends Ports,
	const Out extends Ports,
>(step: StepDefinition<Spec, In, Out>): StepDefinition<Spec, In, Out> {
	return step;
}

/** What a step throws about an input that it cannot take: the frame ends as INVALID, with this reason. */
export function badInput(message: string): SaccadeError {
	return withoutStack(() => new SaccadeError("INVALID_ARGUMENT", message));
}

/** @param isShared other threads are to see its bytes */
export function createTensor(
	dtype: DType,
	shape: readonly number[],
	isShared: boolean,
): Tensor {
	const count = elementCount(shape);
	if (count === null)
		throw new RangeError(`a tensor of shape [${shape.join(", ")}]`);
	const bytes = count * DTYPE_BYTES[dtype];
	const data = isShared
		? new Uint8Array(new SharedArrayBuffer(bytes))
		: new Uint8Array(bytes);
	return { name: "", dtype, shape, data };
}

/** The tensor's elements; the bytes begin where float32 may. */
export function float32Of({ dtype, data }: Tensor): Float32Array {
	if (dtype !== "FP32")
		throw new RangeError(`a tensor of ${dtype}, FP32 is needed`);
	if (data.byteOffset % 4 === 0)
		return new Float32Array(data.buffer, data.byteOffset, data.length / 4);
	return new Float32Array(new Uint8Array(data).buffer);
}
