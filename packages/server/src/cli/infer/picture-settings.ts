// Flags over the model's own `saccade.input.*` parameters: one parser for both, so that they mean the same.
import type { PictureSettings } from "../../repository/model-config.ts";
import { parseSaccadeSettings } from "../../repository/saccade-settings.ts";
import type { ModelFacts } from "./target.ts";

export interface PictureFlags {
	readonly channelOrder?: string;
	readonly scale?: string;
	readonly mean?: string;
	readonly std?: string;
}

/** Throws LOAD_FAILED naming the parameter that is wrong. */
export function resolvePictureSettings(
	facts: ModelFacts,
	flags: PictureFlags,
): PictureSettings {
	const parameters = new Map(
		Object.entries(facts.config.parameters).map(
			([key, { stringValue }]) => [key, stringValue] as const,
		),
	);
	const given = [
		["channels", flags.channelOrder],
		["scale", flags.scale],
		["mean", flags.mean],
		["std", flags.std],
	] as const;
	for (const [key, value] of given)
		if (value !== undefined) parameters.set(`saccade.input.${key}`, value);
	return parseSaccadeSettings(parameters).picture;
}
