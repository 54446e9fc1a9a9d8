// A definition that makes sense, with where each value comes from. Made by `check-graph.ts`.
import type { StepDescription } from "../hosts/messages.ts";
import type { Ports } from "../steps/port.ts";
import type { GraphNode, PipelineDefinition } from "./definition.ts";
import type { ValueSource } from "./value-source.ts";

/** A branch is known by its place: that of its first sensor among those that lead one. */
export interface Branch {
	/** Places of the sensors whose frames run it. */
	readonly sensors: readonly number[];
	/** Sensors and nodes whose values its frames give, by index. */
	readonly sources: ReadonlySet<number>;
	/** Some node of it knows earlier frames: one frame at a time. */
	readonly remembers: boolean;
}

export interface Branches {
	readonly branches: readonly Branch[];
	/** By place of the sensor. */
	readonly ofSensor: readonly number[];
}

export interface PlannedInput {
	readonly name: string;
	readonly source: ValueSource | null;
	readonly optional: boolean;
}

export interface PlannedNode {
	readonly node: GraphNode;
	/** Among the sources. */
	readonly index: number;
	/** Null for models and joins. */
	readonly step: StepDescription | null;
	readonly inputs: readonly PlannedInput[];
	readonly inputPorts: Ports;
	readonly outputPorts: Ports;
}

export interface Plan extends Branches {
	readonly definition: PipelineDefinition;
	/** In an order in which each node comes after what it reads. */
	readonly nodes: readonly PlannedNode[];
	readonly decision: ValueSource | null;
	readonly outputs: readonly {
		readonly name: string;
		readonly source: ValueSource;
		readonly kind: string;
	}[];
}
