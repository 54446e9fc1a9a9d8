// A pipeline told to people and programs: its stages in the order in which they run, what flows between them, where each
// runs and how long it takes.
import type { JoinRule } from "../pipeline.ts";
import type { RequestedQos } from "../qos-profile.ts";
import { portText } from "../steps/port.ts";
import type { Checked } from "./check-graph.ts";
import {
	type GraphNode,
	type PipelineDefinition,
	refText,
} from "./definition.ts";
import type { Place } from "./place.ts";
import type { PlannedNode } from "./plan.ts";
import type { StageTime, StageTimes } from "./stage-times.ts";

interface StageExplanation {
	readonly name: string;
	/** `step cloud-points`, `model bev_detector`, `join latest`. */
	readonly does: string;
	readonly summary: string;
	/** Name, type, and where it comes from ("" when nowhere). */
	readonly inputs: readonly {
		readonly name: string;
		readonly type: string;
		readonly from: string;
	}[];
	readonly outputs: readonly { readonly name: string; readonly type: string }[];
	readonly runs: Place;
	/** With its sample, when it was loaded; null for models. */
	readonly sampleUs: number | null;
	/** Of frames; null before the first. */
	readonly lately: StageTime | null;
	readonly remembers: boolean;
	/** Sensors whose frames run it. */
	readonly sensors: readonly string[];
}

export interface PipelineExplanation {
	readonly name: string;
	readonly summary: string;
	readonly source: string;
	readonly problems: readonly string[];
	readonly sensors: readonly {
		readonly name: string;
		readonly payload: string;
	}[];
	readonly join: JoinRule | null;
	readonly qos: RequestedQos;
	readonly stages: readonly StageExplanation[];
	readonly decision: string | null;
	readonly outputs: Readonly<Record<string, string>>;
}

export function explainPipeline(
	definition: PipelineDefinition,
	checked: Checked,
	facts: {
		readonly placeOf: (node: PlannedNode) => Place;
		readonly times: StageTimes;
	},
): PipelineExplanation {
	const { name, summary, source, sensors, join, requests, decision } =
		definition;
	const nodes = checked.ok ? checked.plan.nodes : [];
	const branches = checked.ok ? checked.plan.branches : [];
	const sensorsOf = ({ index }: PlannedNode) =>
		branches.flatMap((branch) =>
			branch.sources.has(index)
				? branch.sensors.map((at) => sensors[at]!.name)
				: [],
		);
	return {
		...{ name, summary, source, join, qos: requests },
		problems: checked.ok ? [] : checked.problems,
		sensors: sensors.map((one) => ({ name: one.name, payload: one.payload })),
		stages: nodes.map((planned) => stageOf(planned, { ...facts, sensorsOf })),
		decision: decision === null ? null : refText(decision),
		outputs: Object.fromEntries(
			Object.entries(definition.outputs).map(([key, ref]) => [
				key,
				refText(ref),
			]),
		),
	};
}

function stageOf(
	planned: PlannedNode,
	facts: Parameters<typeof explainPipeline>[2] & {
		readonly sensorsOf: (node: PlannedNode) => readonly string[];
	},
): StageExplanation {
	const { node, step, inputPorts, outputPorts } = planned;
	return {
		name: node.name,
		does: doesText(node),
		summary: step?.summary ?? "",
		inputs: Object.entries(inputPorts).map(([name, port]) => {
			const ref = node.inputs[name];
			const from = ref === undefined ? "" : refText(ref);
			return { name, type: portText(port), from };
		}),
		outputs: Object.entries(outputPorts).map(([name, port]) => ({
			...{ name, type: portText(port) },
		})),
		runs: facts.placeOf(planned),
		sampleUs: step === null ? null : Math.round(10 * step.costUs) / 10,
		lately: facts.times.of(node.name),
		remembers: step?.remembers === true || step?.listens === true,
		sensors: facts.sensorsOf(planned),
	};
}

function doesText(node: GraphNode): string {
	switch (node.kind) {
		case "step":
			return `step ${node.step}`;
		case "model":
			return `model ${node.model}${node.version === "" ? "" : ` version ${node.version}`}`;
		case "join":
			return `join ${node.rule.kind}`;
	}
}
