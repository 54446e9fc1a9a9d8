// Definition + what its steps and models take and give → a plan that can run. Every problem is told at once.
import { fits, type Port, type Ports, portText } from "../steps/port.ts";
import { branchesOf } from "./branches.ts";
import {
	type GraphNode,
	type PipelineDefinition,
	type PortRef,
	refText,
	type SensorNode,
} from "./definition.ts";
import {
	joinPorts,
	type Lookups,
	type NodePorts,
	portsOf,
	sensorPort,
	UNKNOWN,
} from "./node-ports.ts";
import { findCycle, topologicalOrder } from "./order.ts";
import type { Plan, PlannedInput, PlannedNode } from "./plan.ts";
import type { ValueSource } from "./value-source.ts";

export type Checked =
	| { readonly ok: true; readonly plan: Plan }
	| { readonly ok: false; readonly problems: readonly string[] };

/** Kinds that a client can be sent. */
const TELLABLE = ["tensor", "boxes", "ground-boxes", "tracks"];

export function checkGraph(
	definition: PipelineDefinition,
	lookups: Lookups,
): Checked {
	const check = new GraphCheck(definition, lookups);
	const nodes = check.nodes();
	const decision = check.decision();
	const outputs = check.outputs();
	const branches = branchesOf(definition, nodes, check.tell);
	const { problems } = check;
	return problems.length > 0
		? { ok: false, problems }
		: { ok: true, plan: { definition, nodes, decision, outputs, ...branches } };
}

/** The output that is meant, and what it gives; null where that is not known. */
interface Resolved {
	readonly source: ValueSource;
	readonly port: Port | null;
}

class GraphCheck {
	readonly problems: string[] = [];
	readonly #definition: PipelineDefinition;
	readonly #named = new Map<string, SensorNode | GraphNode>();
	readonly #order: readonly GraphNode[];
	/** Of sensors and nodes, in the order of the plan. */
	readonly #indexes = new Map<string, number>();
	readonly #ports = new Map<string, NodePorts>();

	constructor(definition: PipelineDefinition, lookups: Lookups) {
		this.#definition = definition;
		const { sensors, nodes } = definition;
		for (const one of [...sensors, ...nodes]) {
			if (this.#named.has(one.name))
				this.tell(
					`nodes.${one.name}`,
					"has the name of a sensor; take another",
				);
			this.#named.set(one.name, one);
		}
		for (const node of nodes)
			this.#ports.set(node.name, portsOf(node, lookups, this.tell));
		const cycle = findCycle(nodes);
		if (cycle !== null)
			this.tell(
				`nodes.${cycle[0]}`,
				`waits for itself: ${[...cycle, cycle[0]].join(" → ")}; break the circle`,
			);
		this.#order = cycle === null ? topologicalOrder(nodes) : nodes;
		for (const [at, { name }] of [...sensors, ...this.#order].entries())
			this.#indexes.set(name, at);
	}

	readonly tell = (at: string, problem: string): void => {
		const { source, name } = this.#definition;
		this.problems.push(`${source}: pipelines.${name}.${at} ${problem}`);
	};

	nodes(): readonly PlannedNode[] {
		return this.#order.map((node) => this.#planned(node));
	}

	decision(): ValueSource | null {
		const { decision } = this.#definition;
		if (decision === null) return null;
		const from = this.#resolve(decision, "result.decision");
		if (from?.port != null && from.port.kind !== "decision")
			this.tell(
				"result.decision",
				`takes a decision, but ${refText(decision)} gives ${portText(from.port)}`,
			);
		return from?.source ?? null;
	}

	outputs(): Plan["outputs"] {
		return Object.entries(this.#definition.outputs).flatMap(([name, ref]) => {
			const at = `result.outputs.${name}`;
			const from = this.#resolve(ref, at);
			if (from === null) return [];
			const kind = from.port?.kind ?? "tensor";
			if (!TELLABLE.includes(kind))
				this.tell(
					at,
					`is ${kind}, which cannot be sent; there are ${TELLABLE.join(", ")}`,
				);
			return [{ name, source: from.source, kind }];
		});
	}

	#planned(node: GraphNode): PlannedNode {
		const given = Object.entries(node.inputs).map(([name, ref]) => {
			const from = this.#resolve(ref, `nodes.${node.name}.in.${name}`);
			return { name, ref, from };
		});
		if (node.kind === "join")
			this.#ports.set(
				node.name,
				joinPorts(given.map(({ name, from }) => [name, from?.port ?? null])),
			);
		const { inputs, outputs, step } = this.#ports.get(node.name) ?? UNKNOWN;
		const planned: PlannedInput[] = [];
		for (const { name, ref, from } of given) {
			this.#assertFits(node, name, ref, from);
			if (from === null) continue;
			const optional = ownPort(inputs, name)?.optional ?? false;
			planned.push({ name, source: from.source, optional });
		}
		for (const [name, wanted] of Object.entries(inputs)) {
			if (Object.hasOwn(node.inputs, name)) continue;
			if (wanted.optional) planned.push({ name, source: null, optional: true });
			else
				this.tell(
					`nodes.${node.name}.in.${name}`,
					`is missing; ${nodeText(node)} needs ${portText(wanted)}`,
				);
		}
		return {
			...{ node, index: this.#indexes.get(node.name) ?? -1, step },
			...{ inputs: planned, inputPorts: inputs, outputPorts: outputs },
		};
	}

	#assertFits(
		node: GraphNode,
		name: string,
		ref: PortRef,
		from: Resolved | null,
	): void {
		const at = `nodes.${node.name}.in.${name}`;
		const { inputs, isOpen } = this.#ports.get(node.name) ?? UNKNOWN;
		const wanted = ownPort(inputs, name);
		if (isOpen) return;
		if (wanted === undefined)
			this.tell(
				at,
				`is no input of ${nodeText(node)}; there are ${Object.keys(inputs).join(", ")}`,
			);
		else if (from?.port != null && !fits(from.port, wanted))
			this.tell(
				at,
				`takes ${portText(wanted)}, but ${refText(ref)} gives ${portText(from.port)}`,
			);
	}

	#resolve(ref: PortRef, at: string): Resolved | null {
		const index = this.#indexes.get(ref.node);
		const one = this.#named.get(ref.node);
		if (index === undefined || one === undefined) {
			const names = [...this.#named.keys()].join(", ");
			this.tell(
				at,
				`'${refText(ref)}': there is no '${ref.node}'; there are ${names}`,
			);
			return null;
		}
		if ("payload" in one)
			return sensorPort(one, ref, index, (problem) => this.tell(at, problem));
		const { outputs, isOpen } = this.#ports.get(one.name) ?? UNKNOWN;
		const known = Object.keys(outputs);
		const port = ref.port ?? (known.length === 1 ? known[0] : undefined);
		const found = port === undefined ? undefined : ownPort(outputs, port);
		if (port !== undefined && found !== undefined)
			return { source: { index, port }, port: found };
		if (isOpen) return { source: { index, port: ref.port ?? "" }, port: null };
		this.tell(
			at,
			ref.port === null
				? `'${ref.node}' gives ${known.join(", ")}; say which, e.g. ${ref.node}.${known[0] ?? "output"}`
				: `'${refText(ref)}': '${ref.node}' gives ${known.join(", ")}`,
		);
		return null;
	}
}

function ownPort(ports: Ports, name: string): Port | undefined {
	return Object.hasOwn(ports, name) ? ports[name] : undefined;
}

function nodeText(node: GraphNode): string {
	switch (node.kind) {
		case "step":
			return `step '${node.step}'`;
		case "model":
			return `model '${node.model}'`;
		case "join":
			return "the join";
	}
}
