// What a declared pipeline was when a stream of its was opened, as plain data: enough to make the same graph again, with
// each node in the same place, without loading or timing anything.
import type { StepDescription } from "../hosts/messages.ts";
import type { Pipeline } from "../pipeline.ts";
import type { PipelineDefinition, StepNode } from "./definition.ts";
import type { ModelPorts } from "./node-ports.ts";
import { SERVER_THREAD } from "./place.ts";

export interface PipelineFacts {
	readonly definition: PipelineDefinition;
	/** By node. */
	readonly steps: Readonly<Record<string, StepDescription>>;
	/** By node; null: not known then. */
	readonly models: Readonly<Record<string, ModelPorts | null>>;
	/** Steps that were quick with their sample and slow with frames, by node. */
	readonly slow: readonly string[];
	/** File of each step that does not come with the server, by the step's name. */
	readonly stepFiles: Readonly<Record<string, string>>;
}

/** One that recordings carry; what is made in code is the same everywhere. */
export interface RecordedPipeline extends Pipeline {
	facts(): PipelineFacts;
}

/** Null: a pipeline that is made in code. */
export function factsOf(pipeline: Pipeline): PipelineFacts | null {
	return "facts" in pipeline ? (pipeline as RecordedPipeline).facts() : null;
}

/** Steps of others have a thread each, so that none harms another. */
export function threadOfStep(
	node: StepNode,
	isOfServer: (step: string) => boolean,
): string {
	return isOfServer(node.step) ? SERVER_THREAD : node.name;
}
