// Asks a step what it takes and gives, and times it with its own sample.
import { isSaccadeError } from "../../errors/saccade-error.ts";
import type { StreamOpening } from "../pipeline.ts";
import { readSettings } from "../steps/settings.ts";
import { type AnyStep, type StepFrame, stepMemory } from "../steps/step.ts";
import type { StepDescription } from "./messages.ts";

/** Enough to be compiled, and to see the usual time among the slow ones. */
const RUN_COUNT = 300;
const LEAST_RUN_COUNT = 5;
const LONGEST_MS = 40;

export const NO_STREAM: StreamOpening = {
	qos: {
		...{ dropPolicy: "keep-last", depth: 1, reliability: "reliable" },
		...{ liveliness: "automatic", maxInFlightCount: 1 },
		deadlineUs: Number.POSITIVE_INFINITY,
		lifespanUs: Number.POSITIVE_INFINITY,
		livelinessLeaseUs: Number.POSITIVE_INFINITY,
		latencyBudgetUs: Number.POSITIVE_INFINITY,
	},
	sensors: [],
	transforms: [],
};

export async function describeStep(
	step: AnyStep,
	given: Readonly<Record<string, unknown>>,
): Promise<StepDescription> {
	const read = readSettings(step.settings, given);
	if (!read.ok) return nothing(step, read.problems);
	const { settings } = read;
	try {
		const inputs = step.inputs(settings);
		const outputs = step.outputs(settings);
		const timed = await timeStep(step, settings, Object.keys(outputs));
		return {
			name: step.name,
			summary: step.summary,
			remembers: step.remembers ?? false,
			listens: step.listens ?? false,
			inputs,
			outputs,
			...timed,
			problems: [],
		};
	} catch (error) {
		return nothing(step, [
			`does not do for step '${step.name}': ${textOf(error)}`,
		]);
	}
}

async function timeStep(
	step: AnyStep,
	settings: Readonly<Record<string, unknown>>,
	outputNames: readonly string[],
): Promise<{ readonly isAsync: boolean; readonly costUs: number }> {
	const runner = step.create({
		settings,
		opening: {
			...NO_STREAM,
			sensors: step.sampleSensors?.(settings) ?? [],
			transforms: step.sampleTransforms?.(settings) ?? [],
		},
		...stepMemory(false),
	});
	const inputs = step.sample(settings);
	const durationsUs: number[] = [];
	let isAsync = false;
	try {
		const beganMs = performance.now();
		while (
			durationsUs.length < LEAST_RUN_COUNT ||
			(durationsUs.length < RUN_COUNT &&
				performance.now() - beganMs < LONGEST_MS)
		) {
			const outputs: Record<string, unknown> = {};
			const beginMs = performance.now();
			const answer = runner.run(inputs, outputs, SAMPLE_FRAME);
			if (answer instanceof Promise) {
				isAsync = true;
				await answer;
			}
			durationsUs.push(1000 * (performance.now() - beginMs));
			for (const name of outputNames)
				if (outputs[name] === undefined)
					throw new TypeError(`it left its output '${name}' empty`);
		}
	} finally {
		runner.close?.();
	}
	// The first runs are not compiled yet.
	const later = durationsUs
		.slice(durationsUs.length >> 1)
		.sort((a, b) => a - b);
	return { isAsync, costUs: later[later.length >> 1] ?? 0 };
}

const SAMPLE_FRAME: StepFrame = {
	deviceId: "sample",
	sequence: 0,
	frameId: "sample",
	measuredUs: 0,
	deadlineUs: Number.POSITIVE_INFINITY,
	nowUs: 0,
};

function nothing(step: AnyStep, problems: readonly string[]): StepDescription {
	return {
		...{ name: step.name, summary: step.summary },
		...{ remembers: false, listens: false },
		...{ inputs: {}, outputs: {}, isAsync: false, costUs: 0, problems },
	};
}

export function textOf(error: unknown): string {
	if (isSaccadeError(error)) return error.message;
	return error instanceof Error
		? `${error.name}: ${error.message}`
		: String(error);
}
