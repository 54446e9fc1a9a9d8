// Tokens of a generative model: the elements of one output, and of one input where the configuration names it
// (`saccade.generative`). A request's own rows are counted, padding is not.
import type { ModelEntry, SplitOutputs } from "./entry.ts";
import type { ModelVersion } from "./model-version.ts";

export interface TokenCounts {
	readonly prompt: number;
	readonly output: number;
}

/** Null: the model does not generate. */
export function tokenCounter(
	model: Pick<ModelVersion, "config" | "session">,
): ((entry: ModelEntry, split: SplitOutputs) => TokenCounts) | null {
	const { generative } = model.config.saccade;
	if (generative === null) return null;
	const { inputs, outputs } = model.session;
	const outputAt = outputs.findIndex(({ name }) => name === generative.output);
	const promptAt = inputs.findIndex(({ name }) => name === generative.prompt);
	return (entry, split) => ({
		prompt: elementsOf(
			entry.padding?.givenShapes[promptAt] ?? entry.shapes[promptAt] ?? null,
		),
		output: elementsOf(split.shape(outputAt)),
	});
}

function elementsOf(shape: readonly number[] | null): number {
	return shape === null ? 0 : shape.reduce((a, b) => a * b, 1);
}
