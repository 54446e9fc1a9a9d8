// A pipeline as it is written: names of sensors and nodes, and which output goes into which input. Plain data; whether it
// makes sense is asked in `check-graph.ts`.
import type { JoinRule } from "../pipeline.ts";
import type { RequestedQos } from "../qos-profile.ts";

/** What a sensor sends, which is the kind of its port too. */
type SensorPayload = "image" | "cloud" | "imu" | "reading" | "tensors";

export interface SensorNode {
	readonly name: string;
	readonly payload: SensorPayload;
	/** A stream whose sensor is slower is refused. Infinity: any. */
	readonly maxPeriodUs: number;
	/** A stream without this sensor's calibration is refused. */
	readonly needsCalibration: boolean;
}

/** An output: `node.port`, or of what has only one, `node`. */
export interface PortRef {
	readonly node: string;
	/** Null: the only one. */
	readonly port: string | null;
}

interface NodeBase {
	readonly name: string;
	/** By the name of the input. */
	readonly inputs: Readonly<Record<string, PortRef>>;
}

/** Trackers and decisions are steps that remember. */
export interface StepNode extends NodeBase {
	readonly kind: "step";
	readonly step: string;
	readonly settings: Readonly<Record<string, unknown>>;
	/** `auto`: inline when it was measured to be quick enough. */
	readonly runs: "auto" | "worker";
	/** The worker is replaced when the step takes longer. */
	readonly timeoutUs: number;
}

interface ModelNode extends NodeBase {
	readonly kind: "model";
	readonly model: string;
	/** Empty: the highest ready version. */
	readonly version: string;
}

/**
 * Brings values of several sensors together by when their frames were measured. The first input leads: its frames go on
 * from here, with the values of the others as outputs of the same names.
 */
interface JoinNode extends NodeBase {
	readonly kind: "join";
	readonly rule: JoinRule;
}

export type GraphNode = StepNode | ModelNode | JoinNode;

export interface PipelineDefinition {
	readonly name: string;
	readonly summary: string;
	/** The file, for people. */
	readonly source: string;
	/** With a join the first leads: a result is made for each of its frames. */
	readonly sensors: readonly SensorNode[];
	/** Of all sensors, before anything runs; null: each frame goes its own way, as far as a join node. */
	readonly join: JoinRule | null;
	readonly requests: RequestedQos;
	readonly nodes: readonly GraphNode[];
	/** Null: it makes none. */
	readonly decision: PortRef | null;
	/** What the client gets besides, by name. */
	readonly outputs: Readonly<Record<string, PortRef>>;
}

export function refText({ node, port }: PortRef): string {
	return port === null ? node : `${node}.${port}`;
}
