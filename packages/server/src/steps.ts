// For steps of pipelines in TypeScript: `import { defineStep, port } from "saccade/steps"` (docs/pipelines.md).
export {
	boolean,
	filledText,
	listOf,
	number,
	oneOf,
	type Read,
	type Reader,
	text,
	wholeNumber,
} from "./common/readers.ts";
export type { CloudPayload, Frame, ImagePayload } from "./pipelines/frame.ts";
export type { Decision, StreamOpening } from "./pipelines/pipeline.ts";
export {
	type InputsOf,
	type OutputsOf,
	optionalPort,
	type Port,
	type Ports,
	type PortValues,
	port,
	type TrackedObjects,
	tensorPort,
} from "./pipelines/steps/port.ts";
export { type Setting, setting } from "./pipelines/steps/settings.ts";
export {
	badInput,
	defineStep,
	float32Of,
	type StepContext,
	type StepDefinition,
	type StepFrame,
	type StepRunner,
} from "./pipelines/steps/step.ts";
export type { Tensor } from "./tensor/tensor.ts";
