// A declared pipeline as it was when it was recorded: the same graph, with inline steps that run again, and models and
// threads that answer what they answered then.
import { pathToFileURL } from "node:url";
import { SaccadeError } from "../errors/saccade-error.ts";
import { checkGraph } from "./graph/check-graph.ts";
import { Graph } from "./graph/graph.ts";
import { type PipelineFacts, threadOfStep } from "./graph/pipeline-facts.ts";
import { placeOf, unitsOf } from "./graph/place.ts";
import type { PlannedNode } from "./graph/plan.ts";
import type { StreamThreads } from "./graph/stream-threads.ts";
import { loadSteps } from "./hosts/load-steps.ts";
import type { ModelRunner } from "./model-runner.ts";
import type { Pipeline } from "./pipeline.ts";
import { BUILTIN_STEPS } from "./steps/builtin-steps.ts";
import type { AnyStep } from "./steps/step.ts";

/** Throws NOT_FOUND when a step that ran inline is not there, and MALFORMED when the facts are no pipeline. */
export async function loadReplayedPipeline(
	facts: PipelineFacts,
	parts: { readonly runner: ModelRunner; readonly threads: StreamThreads },
): Promise<Pipeline> {
	const { definition, stepFiles } = facts;
	const checked = checkGraph(definition, {
		steps: (node) => facts.steps[node] ?? "was not recorded",
		models: (model, version) => {
			const node = definition.nodes.find(
				(one) =>
					one.kind === "model" &&
					one.model === model &&
					one.version === version,
			);
			return facts.models[node?.name ?? ""] ?? null;
		},
	});
	if (!checked.ok)
		throw new SaccadeError("MALFORMED", checked.problems.join("; "));
	const { plan } = checked;
	const isSlow = ({ node }: PlannedNode) => facts.slow.includes(node.name);
	const isOfServer = (step: string) => !Object.hasOwn(stepFiles, step);
	const steps = new Map<number, AnyStep>();
	for (const planned of plan.nodes)
		if (placeOf(planned, isSlow(planned)) === "inline")
			steps.set(planned.index, await stepOf(planned, stepFiles));
	const units = unitsOf(plan, {
		isSlow,
		threadOf: ({ node }) =>
			node.kind === "step" ? threadOfStep(node, isOfServer) : "",
	});
	return {
		name: definition.name,
		requests: definition.requests,
		join: definition.join,
		open: (opening, clock) =>
			new Graph({
				...{ plan, units, opening, clock, ...parts },
				stepOf: ({ index }) => steps.get(index)!,
				isOfServer: ({ node }) => node.kind === "step" && isOfServer(node.step),
				observeInline: () => {},
				observe: () => {},
			}),
	};
}

async function stepOf(
	{ node }: PlannedNode,
	stepFiles: PipelineFacts["stepFiles"],
): Promise<AnyStep> {
	const name = node.kind === "step" ? node.step : "";
	const file = Object.hasOwn(stepFiles, name) ? stepFiles[name] : undefined;
	const step =
		file === undefined
			? BUILTIN_STEPS.get(name)
			: await loadSteps(pathToFileURL(file).href).then(
					(steps) => steps.get(name),
					() => undefined,
				);
	if (step !== undefined) return step;
	throw new SaccadeError(
		"NOT_FOUND",
		`step '${name}' ran on the event loop when this was recorded, and is not there${file === undefined ? "" : `: ${file}`}`,
	);
}
