// What the nodes of a definition take and give.
import type { TensorSpec } from "../../tensor/tensor.ts";
import type { StepDescription } from "../hosts/messages.ts";
import type { Port, Ports } from "../steps/port.ts";
import type { GraphNode, PortRef, SensorNode } from "./definition.ts";
import { refText } from "./definition.ts";
import { FRAME_PORT, type ValueSource } from "./value-source.ts";

/** What a model takes and gives; null: not known before it is loaded. */
export interface ModelPorts {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
}

/** A text says why there is none. */
export type ModelLookup = (
	model: string,
	version: string,
) => ModelPorts | string | null;

/** Of each step node, by the node's name. A text says why there is none. */
export type StepLookup = (node: string) => StepDescription | string;

export interface NodePorts {
	readonly inputs: Ports;
	readonly outputs: Ports;
	/** Nothing is known about its ports. */
	readonly isOpen: boolean;
	readonly step: StepDescription | null;
}

export const UNKNOWN: NodePorts = {
	inputs: {},
	outputs: {},
	isOpen: true,
	step: null,
};

export interface Lookups {
	readonly steps: StepLookup;
	readonly models: ModelLookup;
}

/** Of a join nothing is known before what it reads is. */
export function portsOf(
	node: GraphNode,
	{ steps, models }: Lookups,
	tell: (at: string, problem: string) => void,
): NodePorts {
	const at = `nodes.${node.name}`;
	switch (node.kind) {
		case "join":
			return UNKNOWN;
		case "model": {
			const ports = models(node.model, node.version);
			if (typeof ports === "string") tell(at, ports);
			if (ports === null || typeof ports === "string") return UNKNOWN;
			return {
				inputs: tensorPorts(ports.inputs),
				outputs: tensorPorts(ports.outputs),
				isOpen: false,
				step: null,
			};
		}
		case "step": {
			const step = steps(node.name);
			if (typeof step === "string") {
				tell(at, step);
				return UNKNOWN;
			}
			for (const problem of step.problems) tell(`${at}.with`, problem);
			if (step.problems.length > 0) return UNKNOWN;
			const { inputs, outputs } = step;
			return { inputs, outputs, isOpen: false, step };
		}
	}
}

/** A join gives what it is given, under the names of its inputs; null: not known. */
export function joinPorts(
	ports: readonly (readonly [name: string, port: Port | null])[],
): NodePorts {
	const known = ports.flatMap(([name, port]) =>
		port === null ? [] : [[name, { ...port, optional: false }] as const],
	);
	const given = Object.fromEntries(known);
	const isOpen = known.length < ports.length;
	return { inputs: given, outputs: given, isOpen, step: null };
}

function tensorPorts(specs: readonly TensorSpec[]): Ports {
	return Object.fromEntries(
		specs.map(({ name, dtype, shape }) => [
			name,
			{ kind: "tensor", dtype, shape, optional: false },
		]),
	);
}

/** What a sensor gives by a name; null when there is a problem with it. */
export function sensorPort(
	sensor: SensorNode,
	ref: PortRef,
	index: number,
	tell: (problem: string) => void,
): { readonly source: ValueSource; readonly port: Port } | null {
	const isTensors = sensor.payload === "tensors";
	if (isTensors === (ref.port === null)) {
		tell(
			isTensors
				? `'${sensor.name}' sends tensors; say which, e.g. ${sensor.name}.points`
				: `'${refText(ref)}': a sensor has one output, '${sensor.name}'`,
		);
		return null;
	}
	const kind = isTensors ? "tensor" : sensor.payload;
	return {
		source: { index, port: ref.port ?? FRAME_PORT },
		port: { kind, dtype: null, shape: null, optional: false },
	};
}
