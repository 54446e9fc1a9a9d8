// Steps of a module: every export that is one.
import { isMapping } from "../../common/mapping.ts";
import type { AnyStep } from "../steps/step.ts";

/** @param source URL of a module; null: the steps that come with the server */
export async function loadSteps(
	source: string | null,
): Promise<ReadonlyMap<string, AnyStep>> {
	if (source === null)
		return (await import("../steps/builtin-steps.ts")).BUILTIN_STEPS;
	const module: unknown = await import(source);
	const steps = Object.values(module as object).filter(isStep);
	return new Map(steps.map((step) => [step.name, step]));
}

function isStep(value: unknown): value is AnyStep {
	return (
		isMapping(value) &&
		typeof value["name"] === "string" &&
		typeof value["create"] === "function" &&
		typeof value["inputs"] === "function" &&
		typeof value["outputs"] === "function" &&
		typeof value["sample"] === "function" &&
		isMapping(value["settings"])
	);
}
