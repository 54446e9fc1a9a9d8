// Definition + what its steps and models take and give → a plan that can run. Every problem is told at once.
import type { TensorSpec } from "../../tensor/tensor.ts";
import type { StepDescription } from "../hosts/messages.ts";
import { fits, type Port, type Ports, portText } from "../steps/port.ts";
import {
	type GraphNode,
	type PipelineDefinition,
	type PortRef,
	refText,
	type SensorNode,
} from "./definition.ts";
import { findCycle, topologicalOrder } from "./order.ts";
import { FRAME_PORT, type ValueSource } from "./value-source.ts";

/** What a model takes and gives; null: not known before it is loaded. */
interface ModelPorts {
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

export interface PlannedNode {
	readonly node: GraphNode;
	/** Among the sources. */
	readonly index: number;
	/** Null for models. */
	readonly step: StepDescription | null;
	readonly inputs: readonly {
		readonly name: string;
		readonly source: ValueSource | null;
		readonly optional: boolean;
	}[];
	readonly inputPorts: Ports;
	readonly outputPorts: Ports;
}

export interface Plan {
	readonly definition: PipelineDefinition;
	/** In an order in which each node comes after what it reads. */
	readonly nodes: readonly PlannedNode[];
	readonly decision: ValueSource | null;
	readonly outputs: readonly {
		readonly name: string;
		readonly source: ValueSource;
		readonly kind: string;
	}[];
	/** Some step knows earlier frames. */
	readonly remembers: boolean;
}

export type Checked =
	| { readonly ok: true; readonly plan: Plan }
	| { readonly ok: false; readonly problems: readonly string[] };

/** Kinds that a client can be sent. */
const TELLABLE = ["tensor", "boxes", "ground-boxes", "tracks"];

interface Facts {
	readonly inputs: Ports;
	readonly outputs: Ports;
	/** Nothing is known about its ports. */
	readonly isOpen: boolean;
	readonly step: StepDescription | null;
}

const UNKNOWN: Facts = { inputs: {}, outputs: {}, isOpen: true, step: null };

export function checkGraph(
	definition: PipelineDefinition,
	steps: StepLookup,
	models: ModelLookup,
): Checked {
	const problems: string[] = [];
	const path = `${definition.source}: pipelines.${definition.name}`;
	const tell = (at: string, problem: string) =>
		problems.push(`${path}.${at} ${problem}`);
	const { sensors, nodes } = definition;
	const names = new Map<string, SensorNode | GraphNode>();
	for (const one of [...sensors, ...nodes]) {
		if (names.has(one.name))
			tell(`nodes.${one.name}`, "has the name of a sensor; take another");
		names.set(one.name, one);
	}
	const facts = new Map<string, Facts>();
	for (const node of nodes)
		facts.set(node.name, factsOf(node, steps, models, tell));
	const cycle = findCycle(nodes);
	if (cycle !== null)
		tell(
			`nodes.${cycle[0]}`,
			`waits for itself: ${[...cycle, cycle[0]].join(" → ")}; break the circle`,
		);
	const order = cycle === null ? topologicalOrder(nodes) : nodes;
	const indexes = new Map<string, number>();
	for (const [at, { name }] of [...sensors, ...order].entries())
		indexes.set(name, at);

	/** The output that is meant, and what it gives; null when there is a problem with it. */
	const resolve = (
		ref: PortRef,
		at: string,
	): { readonly source: ValueSource; readonly port: Port | null } | null => {
		const index = indexes.get(ref.node);
		const one = names.get(ref.node);
		if (index === undefined || one === undefined) {
			tell(
				at,
				`'${refText(ref)}': there is no '${ref.node}'; there are ${[...names.keys()].join(", ")}`,
			);
			return null;
		}
		if ("payload" in one) return resolveSensor(one, ref, index, at, tell);
		const { outputs, isOpen } = facts.get(one.name) ?? UNKNOWN;
		const known = Object.keys(outputs);
		const port = ref.port ?? (known.length === 1 ? known[0] : undefined);
		if (isOpen) return { source: { index, port: ref.port ?? "" }, port: null };
		if (port === undefined || !Object.hasOwn(outputs, port)) {
			tell(
				at,
				ref.port === null
					? `'${ref.node}' gives ${known.join(", ")}; say which, e.g. ${ref.node}.${known[0] ?? "output"}`
					: `'${refText(ref)}': '${ref.node}' gives ${known.join(", ")}`,
			);
			return null;
		}
		return { source: { index, port }, port: outputs[port] ?? null };
	};

	const planned = order.map((node): PlannedNode => {
		const { inputs, outputs, isOpen, step } = facts.get(node.name) ?? UNKNOWN;
		const given: {
			name: string;
			source: ValueSource | null;
			optional: boolean;
		}[] = [];
		for (const [name, ref] of Object.entries(node.inputs)) {
			const at = `nodes.${node.name}.in.${name}`;
			const from = resolve(ref, at);
			const wanted = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
			if (!isOpen && wanted === undefined)
				tell(
					at,
					`is no input of ${nodeText(node)}; there are ${Object.keys(inputs).join(", ")}`,
				);
			else if (
				from?.port != null &&
				wanted !== undefined &&
				!fits(from.port, wanted)
			)
				tell(
					at,
					`takes ${portText(wanted)}, but ${refText(ref)} gives ${portText(from.port)}`,
				);
			if (from !== null)
				given.push({
					name,
					source: from.source,
					optional: wanted?.optional ?? false,
				});
		}
		for (const [name, wanted] of Object.entries(inputs)) {
			if (Object.hasOwn(node.inputs, name)) continue;
			if (wanted.optional) given.push({ name, source: null, optional: true });
			else
				tell(
					`nodes.${node.name}.in.${name}`,
					`is missing; ${nodeText(node)} needs ${portText(wanted)}`,
				);
		}
		return {
			...{ node, index: indexes.get(node.name) ?? -1, step, inputs: given },
			...{ inputPorts: inputs, outputPorts: outputs },
		};
	});

	let decision: ValueSource | null = null;
	if (definition.decision !== null) {
		const from = resolve(definition.decision, "result.decision");
		if (from?.port != null && from.port.kind !== "decision")
			tell(
				"result.decision",
				`takes a decision, but ${refText(definition.decision)} gives ${portText(from.port)}`,
			);
		decision = from?.source ?? null;
	}
	const outputs: { name: string; source: ValueSource; kind: string }[] = [];
	for (const [name, ref] of Object.entries(definition.outputs)) {
		const from = resolve(ref, `result.outputs.${name}`);
		if (from === null) continue;
		const kind = from.port?.kind ?? "tensor";
		if (!TELLABLE.includes(kind))
			tell(
				`result.outputs.${name}`,
				`is ${kind}, which cannot be sent; there are ${TELLABLE.join(", ")}`,
			);
		outputs.push({ name, source: from.source, kind });
	}
	if (problems.length > 0) return { ok: false, problems };
	const remembers = planned.some(({ step }) => step?.remembers === true);
	return {
		ok: true,
		plan: { definition, nodes: planned, decision, outputs, remembers },
	};
}

function factsOf(
	node: GraphNode,
	steps: StepLookup,
	models: ModelLookup,
	tell: (at: string, problem: string) => void,
): Facts {
	const at = `nodes.${node.name}`;
	if (node.kind === "model") {
		const ports = models(node.model, node.version);
		if (typeof ports === "string") tell(at, ports);
		if (ports === null || typeof ports === "string") return UNKNOWN;
		const toPorts = (specs: readonly TensorSpec[]): Ports =>
			Object.fromEntries(
				specs.map(({ name, dtype, shape }) => [
					name,
					{ kind: "tensor", dtype, shape, optional: false },
				]),
			);
		const inputs = toPorts(ports.inputs);
		return {
			inputs,
			outputs: toPorts(ports.outputs),
			isOpen: false,
			step: null,
		};
	}
	const step = steps(node.name);
	if (typeof step === "string") {
		tell(at, step);
		return UNKNOWN;
	}
	for (const problem of step.problems) tell(`${at}.with`, problem);
	if (step.problems.length > 0) return UNKNOWN;
	return { inputs: step.inputs, outputs: step.outputs, isOpen: false, step };
}

function resolveSensor(
	sensor: SensorNode,
	ref: PortRef,
	index: number,
	at: string,
	tell: (at: string, problem: string) => void,
): { readonly source: ValueSource; readonly port: Port } | null {
	const isTensors = sensor.payload === "tensors";
	if (isTensors === (ref.port === null)) {
		tell(
			at,
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

function nodeText(node: GraphNode): string {
	return node.kind === "step" ? `step '${node.step}'` : `model '${node.model}'`;
}
