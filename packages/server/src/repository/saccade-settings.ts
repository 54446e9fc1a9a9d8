// `parameters` of a model whose keys begin with `saccade.`: ours, typed, and strict, so that a misspelt one is
// found at load and not in production.
import { z } from "zod";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { SaccadeSettings } from "./model-config.ts";

const PREFIX = "saccade.";

/** Parameters are text; an empty one is a mistake, and no zero. */
const number = z
	.string()
	.regex(/\S/, "a number is needed")
	.transform(Number)
	.pipe(z.number());

/** "0.485,0.456,0.406" */
function perChannel(each: z.ZodType<number, string>) {
	return z
		.string()
		.transform((text) => text.split(","))
		.pipe(z.tuple([each, each, each]));
}

const positive = number.pipe(z.number().positive());

const schema = z.strictObject({
	run_mode: z.enum(["auto", "inline", "offload"]).default("auto"),
	lanes: number.pipe(z.int().min(0).max(64)).default(0),
	"input.channels": z.enum(["rgb", "bgr"]).default("rgb"),
	"input.scale": positive.default(1 / 255),
	"input.mean": perChannel(number).default([0, 0, 0]),
	"input.std": perChannel(positive).default([1, 1, 1]),
});

export function isSaccadeParameter(key: string): boolean {
	return key.startsWith(PREFIX);
}

/** Throws LOAD_FAILED naming every key that is unknown or wrong. */
export function parseSaccadeSettings(
	parameters: ReadonlyMap<string, string>,
): SaccadeSettings {
	const ours = Object.fromEntries(
		[...parameters]
			.filter(([key]) => isSaccadeParameter(key))
			.map(([key, value]) => [key.slice(PREFIX.length), value]),
	);
	const parsed = schema.safeParse(ours);
	if (!parsed.success) {
		const problems = parsed.error.issues.map((issue) =>
			issue.code === "unrecognized_keys"
				? `unknown parameter ${issue.keys.map((key) => `'${PREFIX}${key}'`).join(", ")} (known: ${Object.keys(
						schema.shape,
					)
						.map((key) => PREFIX + key)
						.join(", ")})`
				: `'${PREFIX}${issue.path.join(".")}': ${issue.message}`,
		);
		throw new SaccadeError("LOAD_FAILED", problems.join("; "));
	}
	const { data } = parsed;
	return {
		runMode: data.run_mode,
		lanes: data.lanes,
		picture: {
			channels: data["input.channels"],
			scale: data["input.scale"],
			mean: data["input.mean"],
			std: data["input.std"],
		},
	};
}
